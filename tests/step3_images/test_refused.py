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
    "This is about the Pillow in the workbook's environment, not about your code: "
    'it lacks a format.',
    '`tox -r -e check` rebuilds the environment.',
)
def test_there_is_enough_to_try():
    """Pillow here writes the usual formats, so that the tests below mean something."""
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
    'The names are those of formats and modes. 500 means an error that no handler '
    'caught; 415 or 422 instead of 201, that a good picture was refused; 201 instead '
    "of 415, that a format is read that isn't on the list.",
    '`normalise` has to deal with every mode: `I;16` first, then what is transparent, '
    'and all others by `lay_on_white`. `formats=list(FORMATS)` keeps the list.',
    section='step2-clean',
)
def test_every_format_and_mode(post_all):
    """A file in a format on the list is stored, whatever its mode; others are not."""
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
    'Each format has its own errors for what is damaged, so a list of them is '
    'never complete.',
    'In `decode`: `except PIL.UnidentifiedImageError` first, and last `except '
    'Exception as error: raise DamagedImageError(DAMAGED) from error`. The app needs '
    'a handler for both errors.',
    section='step2-formats',
)
@pytest.mark.parametrize('make', [cut_short, flipped])
def test_damaged(post_all, make):
    """A file that was cut or changed is stored if it can be read, and else refused."""
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
    'What is left of the file says what it was: a format that is read. So the answer '
    'is not 415.',
    'In `unrecognised`, the patterns of `FORMATS` are compared with the beginning of '
    'the data: 422 if one fits.',
    section='step2-formats',
)
@pytest.mark.parametrize('percent', [25, 50, 75])
def test_cut_short_is_damaged(post_all, percent):
    """A file of a format that is read answers 422 if its end is missing."""
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
    "The store raises its own error. Falcon doesn't know that one until you tell it "
    'what to answer.',
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
    """A body that is no picture answers 415, and says what to send."""
    [answer] = post_all([('it', data)]).values()
    assert answer.status_code == 415
    assert answer.json['title'] == '415 Unsupported Media Type'
    assert 'JPEG, PNG, WebP, AVIF, GIF, TIFF' in answer.json['description']


@pytest.mark.hint(
    'The first bytes are those of a format that we read, and then the file ends. Is '
    'that an unknown format?',
    'In `unrecognised`, compare the patterns of `FORMATS` with the beginning of the '
    'data before you call the format unknown: 422 if one fits.',
    section='step2-formats',
)
@pytest.mark.parametrize(
    'data', [b'\xff\xd8\xff', b'GIF89a', b'\x89PNG\r\n\x1a\n', b'II*\0\x08\0\0\0']
)
def test_only_the_beginning(post_all, data):
    """A body that has no more than a picture's first bytes is cut short: 422."""
    [answer] = post_all([('it', data)]).values()
    assert answer.status_code == 422
    assert 'cut short' in answer.json['description']


@pytest.mark.hint(
    '`PIL.Image.open` reads the header only, so the size is known before the '
    'pixels take up memory. When do you look at it?',
    'Between `PIL.Image.open` and `image.load()`: raise if a side is above '
    '`JPEG_MAX_SIDE` or the product above `MAX_PIXELS`. It is answered 422, as a '
    'damaged picture is.',
    section='step2-convert',
)
@pytest.mark.parametrize('side', [20_000, 60_000, MAX_PNG_SIDE])
def test_bomb(post_all, side):
    """A small file that claims to be huge answers 422, before memory is spent on it."""
    [answer] = post_all([('it', png_claiming(side, side))]).values()
    assert answer.status_code == 422
    assert '89 megapixels' in answer.json['description']


@pytest.mark.hint(
    'The client said how long the body would be. How much of it came?',
    'In `on_post`, after reading: `if len(data) < (req.content_length or 0): '
    'raise falcon.HTTPBadRequest(...)`.',
    section='step3-upload',
)
def test_broken_off(app, run, left_behind):
    """An upload that breaks off is not stored, even if what came of it can be read."""
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
    'A client that sends its body in chunks does not say how long it will be. What is '
    '`req.content_length` then?',
    'It is `None`, which is no number to compare with: `(req.content_length or 0)`.',
    section='step3-upload',
)
def test_without_a_length(app, run, left_behind):
    """An upload that doesn't say how long it is is stored."""

    async def visit():
        scope = falcon.testing.create_scope(method='POST', path='/images')
        sent = falcon.testing.ASGIResponseEventCollector()
        body = falcon.testing.ASGIRequestEventEmitter(body=upload())
        await app(scope, body, sent)
        return sent.status

    assert run(visit()) == 201
    assert len(left_behind()) == 1


@pytest.mark.hint(
    "A form wraps the picture in lines of its own, so the body isn't a picture. How "
    'does the request say that it is a form?',
    'In `unknown_format`: if `req.content_type` begins with `multipart/`, the '
    'description says to send the file itself, by `curl --data-binary`.',
)
@pytest.mark.parametrize('kind', ['multipart/form-data', 'Multipart/Form-Data'])
def test_form(client, kind):
    """A form with a picture in it is no picture; the answer says what to send."""
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
    'Something of the refused upload is still there: a file, an entry in the list, or '
    'a value on `self`.',
    'In `Store.save`, convert first. Only when that has worked, write the file, '
    'and only after that put the picture into the dictionary.',
    section='step2-the-store',
)
def test_good_after_bad(client):
    """After a bad upload, a good one is stored as if nothing had happened."""
    client.simulate_post('/images', body=upload()[:1000])
    assert client.simulate_post('/images', body=upload()).status_code == 201
    assert len(client.simulate_get('/images').json) == 1


@pytest.mark.hint(
    'A picture may be whole, and still too large to keep. Where do you check its size?',
    'In `decode`, raise if a side is longer than `JPEG_MAX_SIDE` or the product is '
    'above `MAX_PIXELS`: Pillow itself refuses only what is twice as large.',
    section='step2-convert',
)
@pytest.mark.parametrize(
    'size', [(9_500, 9_500), (65_501, 1)], ids='{0[0]}x{0[1]}'.format
)
def test_too_large(post_all, size):
    """A picture that is whole but too large answers 422, and says so."""
    data = file_of(PIL.Image.new('1', size))
    [answer] = post_all([('it', data)]).values()
    assert answer.status_code == 422
    assert 'large' in answer.json['description']
