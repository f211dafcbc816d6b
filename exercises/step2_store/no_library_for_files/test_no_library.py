"""Pictures are written without aiofiles, and outside the event loop."""

import importlib.util

import pytest

from workbook.pictures import upload


@pytest.fixture
def without_aiofiles(monkeypatch):
    """Keep aiofiles, if it's installed, from opening anything."""
    if importlib.util.find_spec('aiofiles'):
        import aiofiles

        def refuse(*arguments, **options):
            pytest.fail('The file was opened by aiofiles.')

        monkeypatch.setattr(aiofiles, 'open', refuse)


@pytest.mark.usefixtures('without_aiofiles')
def test_saved(store, run, left_behind):
    """A picture is on the disk once it is saved, and found by its id."""
    image = run(store.save('a', upload()))
    assert left_behind() == ['a.jpeg']
    assert image.path.read_bytes().startswith(b'\xff\xd8')
    assert store.get('a') is image


@pytest.mark.usefixtures('without_aiofiles')
def test_event_loop_is_free(store, run, blocking_calls):
    """The file is written outside the event loop."""
    run(store.save('a', upload()))
    assert blocking_calls == []


def test_not_imported(module):
    """The store's module doesn't use aiofiles."""
    assert not hasattr(module('store'), 'aiofiles')
