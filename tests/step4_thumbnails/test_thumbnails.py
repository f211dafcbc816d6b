"""Step 4: thumbnails of the sizes on offer are scaled on the fly."""

import io
import math

import falcon.testing
import PIL.Image
import PIL.ImageChops
import PIL.ImageStat
import pytest

from workbook.pictures import draw, file_of, upload

pytestmark = pytest.mark.hint(section='step4-resource')

UNKNOWN = '36562622-48e5-4a61-be67-e426b11821ed'
OFFERS = {
    (640, 360): ['320x180', '160x90'],
    (1600, 1200): ['800x600', '400x300', '200x150', '100x75'],
    (4000, 129): ['2000x64'],
    (129, 4000): ['64x2000'],
    (1023, 767): ['511x383', '255x191', '127x95'],
    (128, 128): ['64x64'],
    (127, 5000): [],
    (1, 1): [],
}
BY = '{0[0]} by {0[1]}'.format
LIKE = 6.8
"""By how much the colours of two alike pictures differ, on average."""


def size_of(result):
    """Return the size of the JPEG in an answer."""
    with PIL.Image.open(io.BytesIO(result.content)) as image:
        assert image.format == 'JPEG'
        return image.size


def names(record):
    """Return the sizes on offer, as their names in the URIs say."""
    start = f'/thumbnails/{record["id"]}/'
    assert all(uri.startswith(start) for uri in record['thumbnails'])
    return [
        uri.removeprefix(start).removesuffix('.jpeg') for uri in record['thumbnails']
    ]


@pytest.mark.hint(
    'Halve both sides, round down, and stop when one of them gets too '
    'small. Do you halve the last size, or the first size over and over?',
    '`while min(width, height) >= least:` yield both, and then halve '
    'both. `serialize` lists the URIs under `thumbnails`.',
    section='step4-sizes',
)
@pytest.mark.parametrize('size', OFFERS, ids=BY)
def test_sizes_on_offer(client, size):
    """Each size is half of the one before, rounded down, to 64 pixels at least."""
    record = client.simulate_post('/images', body=upload(size)).json
    assert names(record) == OFFERS[size]
    assert client.simulate_get('/images').json == [record]


@pytest.mark.hint(
    'The minimum size is a setting. Do you read it from the '
    'configuration each time, or only once?',
    'Set `self.min_thumb_size = 64` in `Config.__init__`, and read '
    '`self.config.min_thumb_size` each time you calculate the sizes.',
    section='step4-sizes',
)
def test_least_size_is_a_setting(config, client):
    """The minimum size is a setting."""
    config.min_thumb_size = 100
    record = client.simulate_post('/images', body=upload((640, 480))).json
    assert names(record) == ['320x240', '160x120']


@pytest.mark.hint(
    'The store scales, and the resource decides what clients may ask for. What does '
    '`make_thumbnail` return?',
    '`async def make_thumbnail(self, image, size)` returns the bytes of a JPEG: '
    '`await loop.run_in_executor(self._pool, shrink, image.path, size)`.',
    section='step4-scaling',
)
def test_make_thumbnail(store, run):
    """The store scales a picture to any size you ask for."""
    image = run(store.save('a', upload((640, 360))))
    data = run(store.make_thumbnail(image, (320, 180)))
    with PIL.Image.open(io.BytesIO(data)) as thumbnail:
        assert (thumbnail.format, thumbnail.mode) == ('JPEG', 'RGB')
        assert thumbnail.size == (320, 180)
    assert image.thumbnails() == [
        '/thumbnails/a/320x180.jpeg',
        '/thumbnails/a/160x90.jpeg',
    ]


@pytest.mark.hint(
    'The record itself contains this URI. Which sizes does the responder '
    'compare it with, and which type are they? `[320, 180]` is not '
    '`(320, 180)`.',
    "`app.add_route('/thumbnails/{image_id:uuid}/{width:int}x{height:int}.jpeg', "
    'Thumbnails(store))`, and in `Thumbnails` a coroutine `on_get`.',
)
def test_each_is_answered(client):
    """Each thumbnail on offer can be downloaded, as a JPEG."""
    record = client.simulate_post('/images', body=upload()).json
    assert record['thumbnails']
    for uri in record['thumbnails']:
        result = client.simulate_get(uri)
        assert result.status_code == 200
        assert result.headers['Content-Type'] == 'image/jpeg'
        assert result.headers['Content-Length'] == str(len(result.content))


@pytest.mark.hint(
    "The path promises a size. Pillow's `Image.thumbnail` keeps the "
    'proportions, so it sometimes misses that size.',
    '`image.resize(size, box=box, reducing_gap=2.0)` returns exactly the size you ask '
    'for.',
    section='step4-scaling',
)
@pytest.mark.parametrize(
    'size',
    [(640, 360), (4000, 129), (129, 4000), (1023, 767), (131, 257)],
    ids=BY,
)
def test_exact_size(client, size):
    """A thumbnail has exactly the size in its path."""
    record = client.simulate_post('/images', body=upload(size)).json
    for uri, name in zip(record['thumbnails'], names(record), strict=True):
        result = client.simulate_get(uri)
        assert '{}x{}'.format(*size_of(result)) == name


@pytest.mark.hint(
    'The thumbnail shows a part of the picture, or other colours. Did you crop '
    'it, or swap width and height?',
    'Scale the whole picture with `resize((width, height))`, and save it as `RGB`.',
    section='step4-scaling',
)
def test_same_picture(client):
    """A thumbnail shows the whole picture, in its colours, not a part of it."""
    record = client.simulate_post('/images', body=upload((640, 360))).json
    thumbnail = PIL.Image.open(
        io.BytesIO(client.simulate_get(record['thumbnails'][0]).content)
    )
    expected = draw((640, 360)).resize((320, 180))
    for place in [(2, 2), (317, 2), (2, 177), (317, 177), (160, 90)]:
        pairs = zip(thumbnail.getpixel(place), expected.getpixel(place), strict=True)
        assert all(abs(one - two) < 12 for one, two in pairs)


@pytest.mark.hint(
    'Your scaling leaves out pixels that it should average. Which filter does it use?',
    '`resize` without a `resample` argument uses a good filter, and '
    "`image.draft('RGB', size)` averages as well.",
    section='step4-scaling',
)
def test_sharp(client):
    """Fine stripes become an even grey: pixels are averaged, not left out."""
    stripes = PIL.Image.new('L', (512, 512))
    for column in range(0, 512, 2):
        stripes.paste(255, (column, 0, column + 1, 512))
    record = client.simulate_post('/images', body=file_of(stripes)).json
    result = client.simulate_get(record['thumbnails'][1])
    low, high = PIL.Image.open(io.BytesIO(result.content)).convert('L').getextrema()
    assert 100 < low <= high < 155


@pytest.mark.hint(
    'A thumbnail is less sharp than it could be, or slightly out of '
    "place. If the size doesn't come out even, the decoder can only get "
    'close to it.',
    'In `shrink`, use `draft` with the size itself if both sides come '
    'out even, and with twice the size otherwise. Then `resize` with the '
    '`box` that `draft` returns.',
    section='step4-scaling',
)
@pytest.mark.parametrize('size', [(1200, 900), (1023, 767)], ids=BY)
def test_likeness(client, size):
    """Each thumbnail is as good as one made from all pixels with the best filter."""
    waves = [128 + 100 * math.sin(distance / 2) for distance in range(256)]
    rings = PIL.Image.radial_gradient('L').resize(size).point(waves)
    picture = rings.convert('RGB')
    record = client.simulate_post('/images', body=file_of(picture)).json
    for uri in record['thumbnails']:
        scaled = PIL.Image.open(io.BytesIO(client.simulate_get(uri).content))
        best = picture.resize(scaled.size, PIL.Image.Resampling.LANCZOS)
        difference = PIL.ImageChops.difference(scaled, best)
        assert max(PIL.ImageStat.Stat(difference).mean) < LIKE, uri


@pytest.mark.hint(
    'Half of one pixel, rounded down, is 0, and half of 0 is 0 again, so '
    'the loop never ends. What if the setting is zero or less?',
    '`least = max(self.config.min_thumb_size, 1)`.',
    section='step4-sizes',
)
@pytest.mark.parametrize('least', [1, 0, -5])
@pytest.mark.timeout(60)
def test_no_least_size(config, client, least):
    """However small the minimum size is, no thumbnail is smaller than a pixel."""
    config.min_thumb_size = least
    record = client.simulate_post('/images', body=upload((9, 5))).json
    assert names(record) == ['4x2', '2x1']
    assert size_of(client.simulate_get(record['thumbnails'][1])) == (2, 1)


@pytest.mark.hint(
    "The route's converters accept any whole number. Where do you "
    'compare it with the sizes on offer?',
    'In the responder: `if (width, height) not in image.thumbnail_sizes(): raise '
    'falcon.HTTPNotFound(description=...)`. The route is '
    '`.../{width:int}x{height:int}.jpeg`.',
    section='step4-check',
)
def test_not_on_offer(client):
    """A size that isn't on offer, or isn't a size at all, gets a 404 with advice."""
    record = client.simulate_post('/images', body=upload((640, 360))).json
    near_misses = ['640x360', '321x180', '320x181', '180x320', '80x45', '64x64', '1x1']
    zero_or_less = ['0x0', '-320x-180', '0x180', '320x-0']
    no_sizes = ['320.0x180', '320x', 'x180', '320', 'x', '320x180x1', 'axb', '320 x180']
    huge = [f'{10**30}x{10**30}', f'{"9" * 5000}x1']
    for name in [*near_misses, *zero_or_less, *no_sizes, *huge, '\u0663x\u0664']:
        result = client.simulate_get(f'/thumbnails/{record["id"]}/{name}.jpeg')
        assert result.status_code == 404, name
        assert result.headers['Content-Type'] == 'application/json', name
        assert result.json['description'], name
    assert client.simulate_get(record['thumbnails'][0]).status_code == 200


@pytest.mark.hint(
    'Which do you look up first, the picture or the size?',
    '`image = find(self._store, image_id)` comes first in the responder; '
    'it raises `falcon.HTTPNotFound`. The route contains '
    '`{image_id:uuid}`.',
)
@pytest.mark.parametrize('picture', [UNKNOWN, 'x', '', UNKNOWN[:-1], '..%2f..'])
def test_unknown_picture(client, picture):
    """A thumbnail of an unknown picture is a 404, whatever its size."""
    assert client.simulate_post('/images', body=upload()).json['thumbnails']
    for name in ['320x180', '1x1']:
        result = client.simulate_get(f'/thumbnails/{picture}/{name}.jpeg')
        assert result.status_code == 404
        assert result.json['description']


@pytest.mark.hint(
    'The store knows the picture, but its file has disappeared. Which '
    'call raises an exception, and what should the client get?',
    'Put the call to `make_thumbnail` into a `try`. On '
    '`FileNotFoundError`, `raise falcon.HTTPNotFound from None`.',
)
def test_file_gone(client, folder):
    """A thumbnail is a 404 if the picture's file has disappeared from the disk."""
    record = client.simulate_post('/images', body=upload()).json
    for stored in folder.iterdir():
        stored.unlink()
    for uri in record['thumbnails']:
        result = client.simulate_get(uri)
        assert result.status_code == 404
        assert result.json['description']


@pytest.mark.hint(
    'Falcon answers 405 by itself, as long as the resource only has a '
    'responder for `GET`.',
    'Write a separate class `Thumbnails` with only `on_get` in it, and a '
    'route to it for `/thumbnails/...`.',
    section='step4-404-or-405',
)
@pytest.mark.parametrize('method', ['POST', 'PUT', 'DELETE'])
def test_no_such_method(client, method):
    """A thumbnail supports `GET`; any other method gets a 405."""
    uri = client.simulate_post('/images', body=upload()).json['thumbnails'][0]
    result = client.simulate_request(method, uri)
    assert result.status_code == 405
    assert 'GET' in result.headers['Allow']
    assert method not in result.headers['Allow']


@pytest.mark.hint(
    "There's a thumbnail in the store's folder. The service can make it "
    'again whenever a client asks for it.',
    'Write the JPEG to a temporary file or to memory, and return its '
    'bytes. Only read `image.path`.',
    section='step4-scaling',
)
def test_nothing_is_stored(client, left_behind):
    """Thumbnails are made on request, and not kept on the disk."""
    record = client.simulate_post('/images', body=upload()).json
    for uri in record['thumbnails']:
        assert client.simulate_get(uri).status_code == 200
    assert len(left_behind()) == 1


@pytest.mark.hint(
    "The list shows what was done in the event loop's thread. Scaling "
    'takes longer than anything else here.',
    'Open, scale and save in one plain function, `shrink`, and run it in the executor.',
    section='step4-scaling',
)
def test_event_loop_is_free(app, run, blocking_calls):
    """A picture is opened and scaled outside the event loop."""
    data = upload()

    async def visit():
        async with falcon.testing.ASGIConductor(app) as conductor:
            posted = await conductor.simulate_post('/images', body=data)
            blocking_calls.clear()
            return await conductor.simulate_get(posted.json['thumbnails'][0])

    assert run(visit()).status_code == 200
    assert blocking_calls == []
