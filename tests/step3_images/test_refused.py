"""Step 3: whatever is uploaded, the service does not break, and keeps no rubbish."""

import asyncio

import falcon.testing
import PIL.Image
import pytest

from workbook.pictures import (
    MAX_PNG_SIDE,
    READ,
    cut_short,
    every_file,
    file_of,
    flipped,
    one_of_each_format,
    png_claiming,
    upload,
    verdicts,
)

AT_ONCE = 8
pytestmark = [
    pytest.mark.hint(section='step3-error-handlers'),
    pytest.mark.filterwarnings('ignore'),  # Pillow's, on what is damaged
]


@pytest.fixture
def post_all(app, run, left_behind):
    """Return a function that uploads many bodies, and returns how each was answered."""

    async def post(bodies):
        names, files = zip(*bodies, strict=True)
        answers = []
        async with falcon.testing.ASGIConductor(app) as conductor:
            for start in range(0, len(files), AT_ONCE):
                batch = files[start : start + AT_ONCE]
                posts = (
                    conductor.simulate_post('/images', body=data) for data in batch
                )
                answers += await asyncio.gather(*posts)
            listed = await conductor.simulate_get('/images')
        results = dict(zip(names, answers, strict=True))
        stored = [result for result in results.values() if result.status_code == 201]
        assert len(listed.json) == len(left_behind()) == len(stored)
        return results

    return lambda bodies: run(post(bodies))


@pytest.mark.hint(
    "This is about the Pillow in the workbook's environment, not about "
    "your code: it doesn't support one of the formats.",
    '`tox -r -e check` rebuilds the environment.',
)
def test_there_is_enough_to_try():
    """Pillow can write the usual formats here; without them, the tests mean little."""
    usual = {
        'AVIF',
        'BMP',
        'GIF',
        'ICO',
        'JPEG',
        'JPEG2000',
        'PNG',
        'PPM',
        'TIFF',
        'WEBP',
    }
    assert usual <= set(one_of_each_format())
    assert len(every_file()) > 80


@pytest.mark.hint(
    'The names are formats and modes. A 500 means an error that no '
    'handler caught. A 415 or 422 instead of a 201 means that a good '
    'picture was refused. A 201 instead of a 415 means that you read a '
    "format that isn't on the list.",
    '`normalise` has to deal with every mode: first `I;16`, then '
    'everything transparent, and all other modes with `lay_on_white`. '
    'With `formats=list(FORMATS)`, Pillow only reads the formats on the '
    'list.',
    section='step2-clean',
)
def test_every_format_and_mode(post_all):
    """A file in a supported format is stored, whatever its mode; others aren't."""
    answers = post_all(every_file().items())
    expected = {name: verdicts(data) for name, data in every_file().items()}
    wrong = {
        name: answer.status_code
        for name, answer in answers.items()
        if answer.status_code not in expected[name]
    }
    assert wrong == {}
    assert list(expected.values()).count({201}) > 25
    assert list(expected.values()).count({415}) > 25


@pytest.mark.hint(
    'Each format has its own errors for damaged files, so a list of them '
    'is never complete.',
    'In `decode`: `except PIL.UnidentifiedImageError` first, and last `except '
    'Exception as error: raise DamagedImageError(DAMAGED) from error`. The app needs '
    'a handler for both errors.',
    section='step2-formats',
)
@pytest.mark.parametrize('make', [cut_short, flipped])
def test_damaged(post_all, make):
    """A damaged file is stored if it can be read, and refused if it can't."""
    bodies = dict(make())
    for name, answer in post_all(bodies.items()).items():
        expected = verdicts(bodies[name])
        if 201 in expected:
            # What Pillow decodes may still have damage around it, as in its EXIF.
            assert answer.status_code in (201, 422), name
        else:
            assert answer.status_code in expected, name
            assert answer.json['description'], name


@pytest.mark.hint(
    "The rest of the file still shows which format it was, and it's one "
    'we read. So a 415 would be wrong.',
    'In `unrecognised`, compare the patterns in `FORMATS` with the '
    "beginning of the data. If one matches, it's a 422.",
    section='step2-formats',
)
@pytest.mark.parametrize('percent', [25, 50, 75])
def test_cut_short_is_damaged(post_all, percent):
    """If the end of a file is missing, it's a 422, provided we read its format."""
    bodies = {
        name: data[: len(data) * percent // 100]
        for name, data in one_of_each_format().items()
        if name in READ
    }
    answers = post_all(bodies.items())
    assert {name: answer.status_code for name, answer in answers.items()} == (
        dict.fromkeys(bodies, 422)
    )


@pytest.mark.hint(
    "The store raises its own error. Falcon doesn't know what to do with "
    'that until you tell it.',
    '`app.add_error_handler(UnknownFormatError, errors.unknown_format)`; the '
    'handler is a coroutine that raises `falcon.HTTPUnsupportedMediaType` with a '
    'description.',
)
@pytest.mark.parametrize(
    'data',
    [
        b'',
        b'\0',
        b'A text.',
        b'BMW',
        b'%PDF-1.7',
        b'<svg/>',
        b'P6 1 1 255 abc',
        bytes(10**6),
    ],
    ids=lambda data: repr(data[:12]),
)
def test_no_picture(post_all, data):
    """A body that isn't a picture gets a 415, and the message says what to send."""
    [answer] = post_all([('it', data)]).values()
    assert answer.status_code == 415
    assert answer.json['title'] == '415 Unsupported Media Type'
    assert 'JPEG, PNG, WebP, AVIF, GIF, TIFF' in answer.json['description']


@pytest.mark.hint(
    'The first bytes belong to a format that we read, and then the file '
    'ends. Is that an unknown format?',
    'In `unrecognised`, compare the patterns in `FORMATS` with the '
    'beginning of the data before you call the format unknown. If one '
    "matches, it's a 422.",
    section='step2-formats',
)
@pytest.mark.parametrize(
    'data', [b'\xff\xd8\xff', b'GIF89a', b'\x89PNG\r\n\x1a\n', b'II*\0\x08\0\0\0']
)
def test_only_the_beginning(post_all, data):
    """If a body contains only the first bytes of a picture, it gets a 422."""
    [answer] = post_all([('it', data)]).values()
    assert answer.status_code == 422
    assert 'cut short' in answer.json['description']


@pytest.mark.hint(
    '`PIL.Image.open` only reads the header, so you know the size before '
    'the pixels take up memory. When do you check it?',
    'Between `PIL.Image.open` and `image.load()`, raise an error if a '
    'side is above `JPEG_MAX_SIDE` or the product above `MAX_PIXELS`. '
    'The client gets a 422, as for a damaged picture.',
    section='step2-convert',
)
@pytest.mark.parametrize('side', [20_000, 60_000, MAX_PNG_SIDE])
def test_bomb(post_all, side):
    """A small file that claims to be huge gets a 422 before it takes up memory."""
    [answer] = post_all([('it', png_claiming(side, side))]).values()
    assert answer.status_code == 422
    assert '89 megapixels' in answer.json['description']


@pytest.mark.hint(
    'The client said how long the body would be. How much of it arrived?',
    'In `on_post`, after reading: `if len(data) < (req.content_length or 0): '
    'raise falcon.HTTPBadRequest(...)`.',
    section='step3-upload',
)
def test_broken_off(app, run, left_behind):
    """An upload that breaks off isn't stored, even if Pillow could read the rest."""
    data = upload() + bytes(1000)

    async def visit():
        headers = {'Content-Length': str(len(data))}
        scope = falcon.testing.create_scope(
            method='POST', path='/images', headers=headers
        )
        sent = falcon.testing.ASGIResponseEventCollector()
        body = falcon.testing.ASGIRequestEventEmitter(body=data[:-500])
        await app(scope, body, sent)
        return sent.status

    assert run(visit()) in (400, 422)
    assert left_behind() == []


@pytest.mark.hint(
    "A client that sends its body in chunks doesn't say how long it will "
    'be. What is `req.content_length` then?',
    "It's `None`, which you can't compare with a number: use "
    '`(req.content_length or 0)`.',
    section='step3-upload',
)
def test_without_a_length(app, run, left_behind):
    """An upload is stored even if the client doesn't say how long it is."""

    async def visit():
        scope = falcon.testing.create_scope(method='POST', path='/images')
        sent = falcon.testing.ASGIResponseEventCollector()
        body = falcon.testing.ASGIRequestEventEmitter(body=upload())
        await app(scope, body, sent)
        return sent.status

    assert run(visit()) == 201
    assert len(left_behind()) == 1


@pytest.mark.hint(
    "A form wraps the picture in lines of its own, so the body isn't a "
    "picture. How can you tell from the request that it's a form?",
    'In `unknown_format`, if `req.content_type` begins with '
    '`multipart/`, the description tells the client to send the file '
    'itself, with `curl --data-binary`.',
)
@pytest.mark.parametrize('kind', ['multipart/form-data', 'Multipart/Form-Data'])
def test_form(client, kind):
    """A form isn't a picture, even with one inside; the message says what to send."""
    body = (
        b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n'
        + upload()
        + b'\r\n--x--'
    )
    headers = {'Content-Type': f'{kind}; boundary=x'}
    result = client.simulate_post('/images', body=body, headers=headers)
    assert result.status_code == 415
    assert 'form' in result.json['description']
    assert 'curl --data-binary @' in result.json['description']
    assert result.json['description'].endswith('/images')


@pytest.mark.hint(
    'The refused upload has left something behind: a file, an entry in '
    'the list, or a value on `self`.',
    'In `Store.save`, convert first. If that has worked, write the file, '
    'and only then put the picture into the dictionary.',
    section='step2-the-store',
)
def test_good_after_bad(client):
    """After a bad upload, a good one is stored as if nothing had happened."""
    client.simulate_post('/images', body=upload()[:1000])
    assert client.simulate_post('/images', body=upload()).status_code == 201
    assert len(client.simulate_get('/images').json) == 1


@pytest.mark.hint(
    'A picture may be complete, and still too large to keep. Where do '
    'you check its size?',
    'In `decode`, raise an error if a side is longer than '
    '`JPEG_MAX_SIDE` or the product is above `MAX_PIXELS`: Pillow itself '
    'only refuses pictures twice as large.',
    section='step2-convert',
)
@pytest.mark.parametrize(
    'size', [(9_500, 9_500), (65_501, 1)], ids='{0[0]}x{0[1]}'.format
)
def test_too_large(post_all, size):
    """A picture that's complete but too large gets a 422 that says so."""
    data = file_of(PIL.Image.new('1', size))
    [answer] = post_all([('it', data)]).values()
    assert answer.status_code == 422
    assert 'large' in answer.json['description']
