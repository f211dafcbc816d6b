"""A quick suite for the last step: it runs every line of the service, and every branch.

Its fixtures are those of the snapshot's own suite.
"""

import pathlib

import falcon
import falcon.testing
import pytest
from fakeredis import FakeRedis

from asgilook.app import create_app

IMAGE = '/images/00000000-0000-0000-0000-000000000001.jpeg'
THUMBNAIL = '/thumbnails/00000000-0000-0000-0000-000000000001/320x180.jpeg'


def test_upload(client, make_picture):
    """A picture can be uploaded, listed and downloaded."""
    assert client.simulate_get('/images').json == []
    record = client.simulate_post('/images', body=make_picture()).json

    assert client.simulate_get('/images').json == [record]
    assert client.simulate_get('/images').json == [record]
    result = client.simulate_get(record['image'])
    assert result.status == falcon.HTTP_200
    assert result.content.startswith(b'\xff\xd8')


def test_thumbnail(client, make_picture):
    """A thumbnail is a JPEG too."""
    client.simulate_post('/images', body=make_picture())

    assert client.simulate_get(THUMBNAIL).content.startswith(b'\xff\xd8')


MODES = {
    'colour': ('RGB', {}),
    'transparent': ('RGBA', {}),
    'plain grey': ('I;16', {}),
    'grey, one colour transparent': ('I;16', {'transparency': 0}),
}


@pytest.mark.parametrize(('mode', 'options'), MODES.values(), ids=MODES)
def test_modes(client, make_picture, mode, options):
    """Pictures of all modes are taken."""
    data = make_picture(mode=mode, **options)

    assert client.simulate_post('/images', body=data).status == falcon.HTTP_201


def test_refused(client, make_picture):
    """A text, half a picture, and a picture that is too large are refused."""
    half, large = make_picture()[:500], make_picture((70_000, 1))

    for body, status in [(b'text', 415), (half, 422), (large, 422)]:
        assert client.simulate_post('/images', body=body).status_code == status


def test_broken_off(config):
    """A body of which less came than was announced is refused."""
    scope = falcon.testing.create_scope(
        method='POST', path='/images', headers={'Content-Length': '1000'}
    )
    came = falcon.testing.ASGIRequestEventEmitter(body=b'1')
    answer = falcon.testing.ASGIResponseEventCollector()

    falcon.async_to_sync(create_app(config), scope, came, answer)

    assert answer.status == 400


def test_not_found(client, config, make_picture):
    """Pictures that never were, and those whose files are gone, are not found."""
    paths = [IMAGE, THUMBNAIL, THUMBNAIL.replace('320', '321')]
    assert client.simulate_get(IMAGE).status == falcon.HTTP_404
    client.simulate_post('/images', body=make_picture())
    for file in pathlib.Path(config.storage_path).iterdir():
        file.unlink()

    for path in paths:
        assert client.simulate_get(path).status == falcon.HTTP_404


def test_redis_away(client, redis_server, make_picture):
    """Without Redis the service goes on."""
    redis_server.connected = False

    assert client.simulate_post('/images', body=make_picture()).status_code == 201
    assert client.simulate_get('/images').status == falcon.HTTP_200


@pytest.mark.parametrize('entry', [b'text', b'\x92\xc0\xc0'])
def test_strange_entry(client, redis_server, entry):
    """An entry that another program wrote is no answer."""
    client.simulate_get('/images')
    redis = FakeRedis(server=redis_server)
    redis.set(redis.keys()[0], entry)

    assert client.simulate_get('/images').json == []
