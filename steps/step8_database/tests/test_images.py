"""Uploading images, listing them, and getting them back."""

import datetime
import io
import pathlib

import falcon
import falcon.testing
import PIL.Image
import PIL.ImageDraw
import pytest

from asgilook.app import create_app

FIRST = '/images/00000000-0000-0000-0000-000000000001.jpeg'
ORIENTATION = 0x0112  # the EXIF tag


def upload_and_open(client, data):
    """Upload an image; return it as the service hands it out."""
    uploaded = client.simulate_post('/images', body=data)
    assert uploaded.status == falcon.HTTP_201
    downloaded = client.simulate_get(uploaded.headers['Location'])
    return PIL.Image.open(io.BytesIO(downloaded.content))


def file_of(image, file_format='PNG', **options):
    """Return the image as a file of that format."""
    output = io.BytesIO()
    image.save(output, file_format, **options)
    return output.getvalue()


def test_no_images(client):
    """A new store has nothing to list."""
    assert client.simulate_get('/images').json == []


def test_upload(client, make_image):
    """An upload is answered with the image's place and its record."""
    result = client.simulate_post('/images', body=make_image((640, 360)))

    assert result.status == falcon.HTTP_201
    assert result.headers['Location'] == FIRST
    assert result.json['id'] == '00000000-0000-0000-0000-000000000001'
    assert result.json['image'] == FIRST
    assert result.json['size'] == [640, 360]
    modified = falcon.http_date_to_dt(result.json['modified'])
    age = datetime.datetime.now(datetime.UTC) - modified
    assert abs(age) < datetime.timedelta(minutes=1)


def test_list(client, make_image):
    """The list has every record, the oldest first."""
    uploads = [client.simulate_post('/images', body=make_image()) for _ in range(3)]
    records = [upload.json for upload in uploads]

    assert client.simulate_get('/images').json == records


def test_download(client, config, make_image):
    """An image comes back whole, however often it is asked for."""
    client.simulate_post('/images', body=make_image())
    [stored] = pathlib.Path(config.storage_path).iterdir()

    for _ in range(3):
        result = client.simulate_get(FIRST)
        assert result.status == falcon.HTTP_200
        assert result.headers['Content-Type'] == 'image/jpeg'
        assert result.headers['Content-Length'] == str(len(result.content))
        assert result.content == stored.read_bytes()


@pytest.mark.parametrize('path', [FIRST, '/images/1.jpeg', '/pictures'])
def test_not_found(client, path):
    """An unknown path answers 404, and says where to look."""
    result = client.simulate_get(path)

    assert result.status == falcon.HTTP_404
    assert 'GET /images' in result.json['description']


def test_no_such_method(client):
    """A method that is not there answers 405, and names those that are."""
    result = client.simulate_delete('/images')

    assert result.status == falcon.HTTP_405
    assert result.headers['Allow'] == 'GET, POST, OPTIONS'
    assert 'Allow' in result.json['description']


def test_file_gone(client, config, make_image):
    """An image whose file was removed is not found."""
    client.simulate_post('/images', body=make_image())
    for stored in pathlib.Path(config.storage_path).iterdir():
        stored.unlink()

    assert client.simulate_get(FIRST).status == falcon.HTTP_404


@pytest.mark.parametrize(
    ('orientation', 'corner'), [(1, (0, 0)), (3, (39, 19)), (6, (19, 0)), (8, (0, 39))]
)
def test_upright(client, orientation, corner):
    """A photo is turned the way the camera was held."""
    photo = PIL.Image.new('RGB', (40, 20), 'black')
    PIL.ImageDraw.Draw(photo).rectangle((0, 0, 8, 8), fill='white')
    exif = PIL.Image.Exif()
    exif[ORIENTATION] = orientation

    image = upload_and_open(client, file_of(photo, 'JPEG', exif=exif, quality=95))

    assert image.convert('L').getpixel(corner) > 200
    assert not image.getexif()


@pytest.mark.parametrize('mode', ['RGBA', 'LA', 'P'])
def test_transparent(client, mode):
    """Transparent pixels turn white."""
    clear = PIL.Image.new('RGBA', (20, 20), (255, 0, 0, 0)).convert(mode)

    image = upload_and_open(client, file_of(clear))

    assert image.mode == 'RGB'
    assert min(image.getpixel((10, 10))) > 250


@pytest.mark.parametrize(
    ('clear', 'expected'), [(None, 128), (0, 128), (128 * 256, 255)]
)
def test_sixteen_bits(client, clear, expected):
    """A grey of sixteen bits is the same grey in eight, unless it is see-through."""
    grey = PIL.Image.new('I;16', (20, 20), 128 * 256)

    image = upload_and_open(client, file_of(grey, transparency=clear))

    assert abs(image.convert('L').getpixel((10, 10)) - expected) <= 2


def test_no_metadata(client, make_image):
    """A comment in the uploaded file is not handed on."""
    data = make_image(file_format='JPEG', comment=b'our address')

    image = upload_and_open(client, data)

    assert 'comment' not in image.info


def refused(client, config, data):
    """Upload what should be refused; return the status."""
    result = client.simulate_post('/images', body=data)
    assert result.json['description']
    assert not list(pathlib.Path(config.storage_path).iterdir())
    assert client.simulate_get('/images').json == []
    return result.status


@pytest.mark.parametrize('data', [b'', b'A letter, not an image.'])
def test_no_image(client, config, data):
    """A body that is no image is refused, and nothing stays of it."""
    assert refused(client, config, data) == falcon.HTTP_415


def test_a_program(client, config, make_image):
    """An image in EPS, which is a program, is refused: nobody runs it."""
    data = make_image(file_format='EPS')

    assert refused(client, config, data) == falcon.HTTP_415


def test_broken_off(config, make_image):
    """A body of which less came than was announced is refused."""
    data = make_image()
    scope = falcon.testing.create_scope(
        method='POST', path='/images', headers={'Content-Length': str(len(data) + 1)}
    )
    came = falcon.testing.ASGIRequestEventEmitter(body=data)
    answer = falcon.testing.ASGIResponseEventCollector()

    falcon.async_to_sync(create_app(config), scope, came, answer)

    assert answer.status == 400
    assert not list(pathlib.Path(config.storage_path).iterdir())


@pytest.mark.parametrize('file_format', ['PNG', 'JPEG', 'GIF', 'WEBP'])
def test_cut_short(client, config, make_image, file_format):
    """An image that was cut short is refused, and nothing stays of it."""
    data = make_image(file_format=file_format)

    assert refused(client, config, data[: len(data) // 2]) == falcon.HTTP_422


def test_too_many_pixels(client, config, make_image, monkeypatch):
    """An image with too many pixels is refused, and nothing stays of it."""
    data = make_image((300, 300))
    monkeypatch.setattr('asgilook.convert.MAX_PIXELS', 1000)

    assert refused(client, config, data) == falcon.HTTP_422


def test_too_long(client, config):
    """An image too long for a JPEG is refused, and nothing stays of it."""
    data = file_of(PIL.Image.new('L', (65_501, 1)))

    assert refused(client, config, data) == falcon.HTTP_422
