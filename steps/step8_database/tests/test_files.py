"""Files: whole or not there at all, whatever happens to the disk or the service."""

import errno
import io
import os
import pathlib

import falcon
import falcon.testing
import PIL.Image
import pytest

from asgilook.app import create_app
from asgilook.store import Store


def fail(number):
    """Return a function that fails with an error of the disk."""

    def fail_always(*args, **options):
        raise OSError(number, os.strerror(number))

    return fail_always


def files_of(config):
    """Return the files in the store's folder."""
    return list(pathlib.Path(config.storage_path).iterdir())


def test_leftovers(client, config):
    """What a killed process left is removed at the next start, unless others work."""
    path = pathlib.Path(config.storage_path, '1.jpeg.part')
    path.touch()
    create_app(config)
    assert path.exists()  # The first application still holds its lock.

    config.storage_path = path.parent.parent / 'another'
    config.storage_path.mkdir()
    leftover = config.storage_path / path.name
    leftover.touch()
    create_app(config)
    assert not leftover.exists()


def test_whole(client, config, make_image, monkeypatch):
    """While an image is written, nothing is there under its final name."""
    save, seen = PIL.Image.Image.save, []

    def look_and_save(image, *args, **options):
        seen.extend(path.suffix for path in files_of(config))
        save(image, *args, **options)

    data = make_image()
    monkeypatch.setattr(PIL.Image.Image, 'save', look_and_save)
    client.simulate_post('/images', body=data)

    assert seen == ['.part', '.part']
    assert [path.suffix for path in files_of(config)] == ['.jpeg']


@pytest.mark.parametrize(
    ('owner', 'name'), [(PIL.Image.Image, 'save'), (os, 'replace')]
)
def test_disk_full(client, config, make_image, monkeypatch, owner, name):
    """An upload to a full disk is refused, and nothing stays of it."""
    data = make_image()
    monkeypatch.setattr(owner, name, fail(errno.ENOSPC))

    result = client.simulate_post('/images', body=data)

    assert result.status == falcon.HTTP_507
    assert not files_of(config)


def test_broken_disk(config, make_image, monkeypatch):
    """Any other error of the disk is not for clients to see."""
    monkeypatch.setattr(os, 'replace', fail(errno.EIO))

    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        falcon.async_to_sync(Store(config).save, '1', make_image())
    assert not files_of(config)


def test_save_a_file(config, make_image):
    """A store takes an image as a file, too."""
    image = falcon.async_to_sync(Store(config).save, '1', io.BytesIO(make_image()))

    assert files_of(config) == [image.path]


def test_folder_gone(client, config, make_image):
    """A folder that was removed is made again."""
    pathlib.Path(config.storage_path).rmdir()

    result = client.simulate_post('/images', body=make_image())

    assert result.status == falcon.HTTP_201
    assert files_of(config)


@pytest.mark.parametrize('what', ['image', 'thumbnail'])
@pytest.mark.parametrize('content', [None, b'', bytes(9), b'\xff\xd8 no! \xff\xd9'])
def test_damaged_on_disk(client, config, make_image, caplog, what, content):
    """An image that was damaged on the disk is not found, and the log says so."""
    record = client.simulate_post('/images', body=make_image()).json
    [path] = files_of(config)
    path.unlink()
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)

    place = record['image'] if what == 'image' else record['thumbnails'][0]
    result = client.simulate_get(place)

    if what == 'image' and content and content.startswith(b'\xff'):
        assert result.content == content  # Only its ends are looked at.
    else:
        assert result.status == falcon.HTTP_404
        assert path.name in caplog.text


def test_no_memory_for_a_thumbnail(config, make_image, monkeypatch):
    """A lack of memory is not taken for damage."""
    store = Store(config)
    image = falcon.async_to_sync(store.save, '1', make_image())

    def no_memory(*args, **options):
        raise MemoryError

    monkeypatch.setattr(PIL.Image.Image, 'resize', no_memory)
    with pytest.raises(MemoryError):
        falcon.async_to_sync(store.make_thumbnail, image, (320, 180))
