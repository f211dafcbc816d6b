"""Step 2: the settings come from one object, which reads the environment."""

import os
import pathlib
import tempfile
import uuid


def test_default_folder(module, monkeypatch):
    """Without a word from the environment, pictures go to the temporary folder."""
    monkeypatch.delenv('ASGI_LOOK_STORAGE_PATH', raising=False)
    expected = pathlib.Path(tempfile.gettempdir(), 'asgilook')
    assert pathlib.Path(module('config').Config().storage_path) == expected


def test_folder_from_environment(module, monkeypatch, tmp_path):
    """`ASGI_LOOK_STORAGE_PATH` names another folder, as a path."""
    monkeypatch.setenv('ASGI_LOOK_STORAGE_PATH', str(tmp_path / 'elsewhere'))
    storage_path = module('config').Config().storage_path
    assert isinstance(storage_path, os.PathLike)
    assert pathlib.Path(storage_path) == tmp_path / 'elsewhere'


def test_ids(module):
    """Ids are random UUIDs unless another generator is put in."""
    first, second = (module('config').Config().uuid_generator() for _ in range(2))
    assert isinstance(first, uuid.UUID)
    assert first != second


def test_no_global(module, tmp_path):
    """Two configurations do not know of each other."""
    one, other = module('config').Config(), module('config').Config()
    one.storage_path = tmp_path
    one.uuid_generator = None
    assert other.storage_path != tmp_path
    assert other.uuid_generator is not None
