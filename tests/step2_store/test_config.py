"""Step 2: the settings come from one object, which reads the environment."""

import os
import pathlib
import tempfile
import uuid

import pytest

pytestmark = pytest.mark.hint(section='step2-settings')


@pytest.mark.hint(
    'Which folder does your system have for temporary files? The module `tempfile` '
    'knows.',
    "The default is `pathlib.Path(tempfile.gettempdir(), 'asgilook')`.",
)
def test_default_folder(module, monkeypatch):
    """If the environment doesn't say otherwise, pictures go to the temporary folder."""
    monkeypatch.delenv('ASGI_LOOK_STORAGE_PATH', raising=False)
    expected = pathlib.Path(tempfile.gettempdir(), 'asgilook')
    assert pathlib.Path(module('config').Config().storage_path) == expected


@pytest.mark.hint(
    'When do you read the variable: once, when the module is imported, '
    'or each time `Config()` is called? And do you turn the string into '
    'a path?',
    'In `__init__`: `self.storage_path = '
    "pathlib.Path(os.environ.get('ASGI_LOOK_STORAGE_PATH') or "
    'DEFAULT_STORAGE_PATH)`.',
)
def test_folder_from_environment(module, monkeypatch, tmp_path):
    """`ASGI_LOOK_STORAGE_PATH` sets another folder, as a path."""
    monkeypatch.setenv('ASGI_LOOK_STORAGE_PATH', str(tmp_path / 'elsewhere'))
    storage_path = module('config').Config().storage_path
    assert isinstance(storage_path, os.PathLike)
    assert pathlib.Path(storage_path) == tmp_path / 'elsewhere'


@pytest.mark.hint(
    "`uuid_generator` is called for each new id. So it isn't an id, but a function.",
    '`self.uuid_generator = uuid.uuid4`, without parentheses after it.',
)
def test_ids(module):
    """Ids are random UUIDs unless you set another generator."""
    first, second = (module('config').Config().uuid_generator() for _ in range(2))
    assert isinstance(first, uuid.UUID)
    assert first != second


@pytest.mark.hint(
    'If you change one configuration, the other changes too, so they '
    'share something. Where do the settings live?',
    "Set each attribute on `self`, in `__init__`. Don't keep a global "
    '`Config` in a module.',
)
def test_no_global(module, tmp_path):
    """Two configurations don't share anything."""
    one, other = module('config').Config(), module('config').Config()
    one.storage_path = tmp_path
    one.uuid_generator = None
    assert other.storage_path != tmp_path
    assert other.uuid_generator is not None
