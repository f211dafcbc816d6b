"""Clients can get thumbnails: those on offer, and no others."""

import io

import PIL.Image
import pytest

from workbook.pictures import upload

UNKNOWN = '36562622-48e5-4a61-be67-e426b11821ed'


@pytest.fixture
def record(client):
    """Upload a picture; return its record."""
    return client.simulate_post('/images', body=upload((640, 360))).json


def test_each_on_offer(client, record):
    """Each path in the record leads to a JPEG of exactly the size it names."""
    assert record['thumbnails']
    for uri, size in zip(record['thumbnails'], [(320, 180), (160, 90)], strict=True):
        result = client.simulate_get(uri)
        assert result.status_code == 200
        assert result.headers['Content-Type'] == 'image/jpeg'
        with PIL.Image.open(io.BytesIO(result.content)) as thumbnail:
            assert (thumbnail.format, thumbnail.size) == ('JPEG', size)


@pytest.mark.parametrize('size', ['640x360', '321x180', '80x45', '0x0', '-1x1', 'axb'])
def test_no_such_size(client, record, size):
    """A size that isn't on offer, or isn't a size at all, answers 404."""
    result = client.simulate_get(f'/thumbnails/{record["id"]}/{size}.jpeg')
    assert result.status_code == 404
    assert result.json['description']


@pytest.mark.parametrize('picture', [UNKNOWN, 'x'])
def test_unknown_picture(client, record, picture):
    """Thumbnails of a picture that doesn't exist answer 404."""
    result = client.simulate_get(f'/thumbnails/{picture}/320x180.jpeg')
    assert result.status_code == 404


def test_file_gone(client, record, folder):
    """A thumbnail answers 404 if the picture's file has disappeared from the disk."""
    for stored in folder.iterdir():
        stored.unlink()
    assert client.simulate_get(record['thumbnails'][0]).status_code == 404


def test_nothing_else(client, record):
    """Any other method than `GET` on a thumbnail answers 405."""
    for method in ['POST', 'DELETE']:
        result = client.simulate_request(method, record['thumbnails'][0])
        assert result.status_code == 405
        assert 'GET' in result.headers['Allow']
