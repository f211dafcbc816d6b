"""The sizes on offer, and the thumbnails behind them."""

import io
import pathlib

import falcon
import falcon.testing
import PIL.Image
import pytest

FOLDER = '/thumbnails/00000000-0000-0000-0000-000000000001'


@pytest.mark.parametrize(
    ('size', 'offer'),
    [
        ((640, 360), ['320x180', '160x90']),
        ((4000, 129), ['2000x64']),
        ((257, 513), ['128x256', '64x128']),
        ((127, 1000), []),
    ],
)
def test_sizes(client, make_image, size, offer):
    """Each size on offer is half of the one before, and what its name says."""
    record = client.simulate_post('/images', body=make_image(size)).json
    assert record['thumbnails'] == [f'{FOLDER}/{name}.jpeg' for name in offer]

    for path, name in zip(record['thumbnails'], offer, strict=True):
        result = client.simulate_get(path)
        assert result.headers['Content-Type'] == 'image/jpeg'
        thumbnail = PIL.Image.open(io.BytesIO(result.content))
        assert f'{thumbnail.width}x{thumbnail.height}' == name


def test_least_size(client, config, make_image):
    """The least size is a setting; no thumbnail is less than a pixel."""
    config.min_thumb_size = 0

    record = client.simulate_post('/images', body=make_image((8, 5))).json

    assert record['thumbnails'] == [f'{FOLDER}/4x2.jpeg', f'{FOLDER}/2x1.jpeg']


@pytest.mark.parametrize(
    'name', ['640x360', '321x180', '180x320', '80x45', '0x0', '320']
)
def test_not_on_offer(client, make_image, name):
    """A size that is not on offer is not made."""
    client.simulate_post('/images', body=make_image((640, 360)))

    assert client.simulate_get(f'{FOLDER}/{name}.jpeg').status == falcon.HTTP_404


def test_no_image(client):
    """An unknown image has no thumbnails."""
    assert client.simulate_get(f'{FOLDER}/320x180.jpeg').status == falcon.HTTP_404


def test_file_gone(client, config, make_image):
    """There are no thumbnails of an image whose file was removed."""
    client.simulate_post('/images', body=make_image((640, 360)))
    for stored in pathlib.Path(config.storage_path).iterdir():
        stored.unlink()

    assert client.simulate_get(f'{FOLDER}/320x180.jpeg').status == falcon.HTTP_404
