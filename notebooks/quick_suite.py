"""A quick suite for the last step: it runs every line of the service, and every branch.

Its fixtures are those of the snapshot's own suite.
"""

import pathlib

import falcon
import falcon.testing
import PIL.ImageCms
import pytest
from fakeredis import FakeRedis

from asgilook.app import create_app

IMAGE = '/images/00000000-0000-0000-0000-000000000001.jpeg'
THUMBNAIL = '/thumbnails/00000000-0000-0000-0000-000000000001/320x180.jpeg'


def test_upload(client, make_image):
    """A picture can be uploaded, listed and downloaded."""
    assert client.simulate_get('/images').json == []
    record = client.simulate_post('/images', body=make_image()).json

    assert client.simulate_get('/images').json == [record]
    assert client.simulate_get('/images').json == [record]
    result = client.simulate_get(record['image'])
    assert result.status == falcon.HTTP_200
    assert result.content.startswith(b'\xff\xd8')


def test_thumbnail(client, make_image):
    """A thumbnail is a JPEG too."""
    client.simulate_post('/images', body=make_image())

    assert client.simulate_get(THUMBNAIL).content.startswith(b'\xff\xd8')


SRGB = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile('sRGB')).tobytes()
SWAPPED = SRGB.replace(b'rXYZ', b'none').replace(b'gXYZ', b'rXYZ')
OTHER = SWAPPED.replace(b'none', b'gXYZ')
TWISTED = bytes.fromhex(
    '457869660000'
    '49492a0008000000020000010200040000007477'
    '6f0012010300010000000600000000000000'
)
"""EXIF data of a photo to be turned, with a text where a number should be."""

MODES = {
    'colour': ('RGB', {}),
    'transparent': ('RGBA', {}),
    'grey, sixteen bits': ('I;16', {'transparency': 0}),
    'black and white': ('1', {'transparency': 0}),
    'one colour transparent': ('RGB', {'transparency': (0, 0, 0)}),
    'GIF': ('P', {'file_format': 'GIF'}),
    'plain colour as transparent': ('1', {'file_format': 'GIF', 'transparency': 0}),
    'sRGB': ('RGB', {'icc_profile': SRGB}),
    'red for green': ('RGB', {'icc_profile': OTHER}),
    'broken profile': ('RGB', {'icc_profile': b'broken'}),
    'damaged metadata': ('RGB', {'file_format': 'JPEG', 'exif': TWISTED}),
}


@pytest.mark.parametrize(('mode', 'options'), MODES.values(), ids=MODES)
def test_modes(client, make_image, mode, options):
    """Pictures of all modes are taken."""
    data = make_image(mode=mode, **options)

    assert client.simulate_post('/images', body=data).status == falcon.HTTP_201


DEEP_PNG = bytes.fromhex(
    '89504e470d0a1a0a0000000d4948445200000001000000011002000000c0e78f'
    '9d0000000674524e530000000000006ea607910000000b49444154789c636000'
    '030000070001b286acf40000000049454e44ae426082'
)
"""A PNG of one pixel, in sixteen bits, whose only colour is transparent."""


def test_sixteen_bits(client):
    """A PNG of sixteen bits in colour is taken."""
    assert client.simulate_post('/images', body=DEEP_PNG).status == falcon.HTTP_201


def test_refused(client, make_image):
    """A text, half a picture, and a picture that is too large are refused."""
    half, large = make_image()[:500], make_image((70_000, 1))
    start, real = half[:8], make_image(mode='F', file_format='TIFF')
    heic = bytes(4) + b'ftypheic'

    for body in [b'text', heic]:
        assert client.simulate_post('/images', body=body).status_code == 415
    for body in [half, large, start, real]:
        assert client.simulate_post('/images', body=body).status_code == 422


def test_form(client):
    """A form is refused."""
    headers = {'Content-Type': 'multipart/form-data'}
    result = client.simulate_post('/images', body=b'--x', headers=headers)
    assert result.status == falcon.HTTP_415


@pytest.mark.parametrize('name', ['PIL.Image.open', 'PIL.ImageOps.exif_transpose'])
def test_no_memory(client, make_image, monkeypatch, name):
    """Without memory, the service fails."""

    def fail(*arguments, **options):
        raise MemoryError

    data = make_image()
    monkeypatch.setattr(name, fail)
    assert client.simulate_post('/images', body=data).status == falcon.HTTP_500


def test_broken_off(config):
    """A body of which less came than was announced is refused."""
    scope = falcon.testing.create_scope(
        method='POST', path='/images', headers={'Content-Length': '1000'}
    )
    came = falcon.testing.ASGIRequestEventEmitter(body=b'1')
    answer = falcon.testing.ASGIResponseEventCollector()

    falcon.async_to_sync(create_app(config), scope, came, answer)

    assert answer.status == 400


def test_not_found(client, config, make_image):
    """Pictures that never were, and those whose files are gone, are not found."""
    paths = [IMAGE, THUMBNAIL, THUMBNAIL.replace('320', '321')]
    assert client.simulate_get(IMAGE).status == falcon.HTTP_404
    client.simulate_post('/images', body=make_image())
    for file in pathlib.Path(config.storage_path).iterdir():
        file.unlink()

    for path in paths:
        assert client.simulate_get(path).status == falcon.HTTP_404


def test_redis_away(client, redis_server, make_image):
    """Without Redis the service goes on, and with it again, too."""
    redis_server.connected = False

    assert client.simulate_post('/images', body=make_image()).status_code == 201
    assert client.simulate_get('/images').status == falcon.HTTP_200

    redis_server.connected = True
    assert client.simulate_get('/images').status == falcon.HTTP_200


@pytest.mark.parametrize('entry', [b'text', b'\x92\xc0\xc0'])
def test_strange_entry(client, redis_server, entry):
    """An entry that another program wrote is no answer."""
    client.simulate_get('/images')
    redis = FakeRedis(server=redis_server)
    redis.set(redis.keys()[0], entry)

    assert client.simulate_get('/images').json == []
