"""Step 2: the store converts each upload to a clean JPEG, and finds it again."""

import asyncio
import datetime
import os
import pathlib
import struct
import subprocess

import PIL.EpsImagePlugin
import PIL.Image
import pytest

from workbook.pictures import draw, file_of, png_claiming, upload

pytestmark = pytest.mark.hint(section='step2-the-store')

ORIENTATION, GPS = 0x0112, 0x8825


def reopen(image):
    """Return the picture as it was stored."""
    with PIL.Image.open(image.path) as stored:
        stored.load()
    return stored


def near(colour, other):
    """Return whether two colours differ by no more than JPEG makes them."""
    return all(abs(one - two) < 12 for one, two in zip(colour, other, strict=True))


@pytest.mark.hint(
    'The folder may not be there when the store begins, and neither may the '
    'folders above it.',
    'In `Store.__init__`: `pathlib.Path(config.storage_path).mkdir(parents=True, '
    'exist_ok=True)`.',
)
def test_folder_is_made(module, config, folder):
    """The store makes the folder it keeps pictures in, unless it's there already."""
    config.storage_path = folder / 'in' / 'another'
    for _ in range(2):
        module('store').Store(config)
        assert config.storage_path.is_dir()


@pytest.mark.hint(
    '`save` has three results: the object it returns, its URI, and a file. Which of '
    'them is wrong?',
    'The size is that of the converted picture, the URI is '
    "`f'/images/{self.image_id}.jpeg'`, and the file at `path` holds what "
    '`to_jpeg` made, not the data that was sent.',
)
def test_save(store, run):
    """A saved picture is a JPEG file of the same size, under the id it was given."""
    image = run(store.save('some-id', upload((640, 360))))
    assert image.image_id == 'some-id'
    assert tuple(image.size) == (640, 360)
    assert image.uri == '/images/some-id.jpeg'
    stored = reopen(image)
    assert (stored.format, stored.mode, stored.size) == ('JPEG', 'RGB', (640, 360))


@pytest.mark.hint(
    'The setting may be any object that says what path it means, not a '
    '`pathlib.Path` or a text alone. What do you do with it?',
    'Hand it to `pathlib.Path(config.storage_path, name)`. Neither `+` nor `/` '
    'works on every kind of path.',
)
def test_path_like(module, config, tmp_path, run):
    """The folder may be given as any kind of path."""

    class Place(os.PathLike):
        def __fspath__(self):
            return str(tmp_path / 'place')

    config.storage_path = Place()
    image = run(module('store').Store(config).save('a', upload()))
    assert pathlib.Path(image.path).parent == tmp_path / 'place'


@pytest.mark.hint(
    'Something on the way changes the colours: a mode, or a JPEG of poor quality.',
    'Save a picture of the mode `RGB` as JPEG, with a quality of 85.',
    section='step2-jpeg',
)
def test_colours(store, run):
    """The colours are the ones that were sent, as near as JPEG comes."""
    sent = draw((200, 100))
    stored = reopen(run(store.save('a', file_of(sent))))
    for place in [(5, 5), (195, 5), (5, 95), (195, 95), (100, 50)]:
        assert near(stored.getpixel(place), sent.getpixel(place))


@pytest.mark.hint(
    'A time without a time zone means something else on every machine. And when '
    'is it looked up: once, or for each picture?',
    '`datetime.datetime.now(datetime.UTC)`, called when the picture is made. In a '
    'dataclass, that is `default_factory=now`, not `default=now()`.',
)
def test_modified(store, run):
    """A picture knows when it was stored, in UTC."""
    before = datetime.datetime.now(datetime.UTC)
    image = run(store.save('a', upload()))
    assert before <= image.modified <= datetime.datetime.now(datetime.UTC)
    assert image.modified.utcoffset() == datetime.timedelta(0)


@pytest.mark.hint(
    'The record becomes JSON later, so it holds texts, numbers and lists. Compare '
    'it to the one in the chapter, key by key.',
    'The keys are `id`, `image`, `modified` and `size`. '
    '`falcon.dt_to_http(self.modified)` makes the date, and `list(self.size)` the '
    'size.',
)
def test_record(store, run):
    """The record has the id, the URI, an HTTP date and the size."""
    image = run(store.save('a', upload((640, 360))))
    record = image.serialize()
    assert record['id'] == 'a'
    assert record['image'] == '/images/a.jpeg'
    assert list(record['size']) == [640, 360]
    moment = datetime.datetime.strptime(record['modified'], '%a, %d %b %Y %H:%M:%S GMT')
    assert moment == image.modified.replace(microsecond=0, tzinfo=None)


@pytest.mark.hint(
    'How does the store find a picture again? It needs to remember what it saved, '
    'by id.',
    '`save` ends with `self._images[image_id] = image` and returns the image; '
    '`get` is `self._images.get(image_id)`.',
)
def test_get(store, run, result_of):
    """A picture is found by its id; an unknown id finds nothing."""
    image = run(store.save('a', upload()))
    assert result_of(store.get('a')) == image
    assert result_of(store.get('b')) is None


@pytest.mark.hint(
    'Neither the id nor the name says which picture is the oldest.',
    '`sorted(self._images.values(), key=lambda image: image.modified)`.',
)
def test_list_images(store, run, result_of):
    """Pictures are listed oldest first."""
    assert list(result_of(store.list_images())) == []
    saved = [run(store.save(name, upload())) for name in ['c', 'a', 'b']]
    assert list(result_of(store.list_images())) == saved


@pytest.mark.hint(
    'Two stores share something. Is there a dictionary in the class or in the '
    'module, instead of one for each store?',
    "`self._images = {}` belongs in `Store.__init__`, and each picture's path "
    'comes from the configuration that its store was given.',
)
def test_stores_are_apart(module, config, tmp_path, run, result_of):
    """Two stores with folders of their own do not see each other's pictures."""
    other = module('config').Config()
    other.storage_path = tmp_path / 'other'
    one, two = module('store').Store(config), module('store').Store(other)
    run(one.save('a', upload()))
    assert result_of(two.get('a')) is None
    assert not list((tmp_path / 'other').iterdir())


@pytest.mark.hint(
    'A camera that is held upright stores the picture lying, and notes in the '
    'EXIF data how to turn it. Pillow has a function that does.',
    '`PIL.ImageOps.exif_transpose(image, in_place=True)`, before anything else is '
    'done to the picture. Its size is the one after that.',
    section='step2-clean',
)
@pytest.mark.parametrize('orientation', range(1, 9))
def test_upright(store, run, orientation):
    """A photo is turned as its camera was held, whichever of the eight ways."""
    upright = PIL.Image.new('RGB', (60, 40), 'navy')
    upright.paste('white', (0, 0, 12, 12))
    upright.paste('red', (48, 0, 60, 12))
    as_taken = {
        1: [],
        2: ['FLIP_LEFT_RIGHT'],
        3: ['ROTATE_180'],
        4: ['FLIP_TOP_BOTTOM'],
        5: ['TRANSPOSE'],
        6: ['ROTATE_90'],
        7: ['TRANSVERSE'],
        8: ['ROTATE_270'],
    }[orientation]
    taken = upright
    for turn in as_taken:
        taken = taken.transpose(PIL.Image.Transpose[turn])
    exif = PIL.Image.Exif()
    exif[ORIENTATION] = orientation
    image = run(store.save('a', file_of(taken, 'JPEG', exif=exif, quality=95)))
    stored = reopen(image)
    assert tuple(image.size) == stored.size == (60, 40)
    assert near(stored.getpixel((5, 5)), (255, 255, 255))
    assert near(stored.getpixel((54, 5)), (254, 0, 0))


def transparent(kind):
    """Return a picture file that is all transparent over a hidden red."""
    if kind == 'P with an index':
        image = PIL.Image.new('P', (20, 20), 0)
        image.putpalette([255, 0, 0])
        return file_of(image, transparency=0)
    if kind == 'GIF':
        image = PIL.Image.new('P', (20, 20), 0)
        image.putpalette([255, 0, 0])
        return file_of(image, 'GIF', transparency=0)
    if kind == 'RGB with a key':
        return file_of(PIL.Image.new('RGB', (20, 20), 'red'), transparency=(255, 0, 0))
    if kind == 'L with a key':
        return file_of(PIL.Image.new('L', (20, 20), 9), transparency=9)
    if kind == 'I;16 with a key':
        return file_of(PIL.Image.new('I;16', (20, 20), 5000), transparency=5000)
    image = PIL.Image.new('RGBA', (20, 20), (255, 0, 0, 0))
    return file_of(
        image if kind in ('RGBA', 'WEBP') else image.convert(kind),
        **(
            {'file_format': 'WEBP', 'lossless': True, 'exact': True}
            if kind == 'WEBP'
            else {}
        ),
    )


@pytest.mark.hint(
    "`convert('RGB')` leaves transparency out, and what was hidden comes to "
    'light. What should lie behind the picture?',
    "Convert to `RGBA`, also where `'transparency' in image.info`. Then paste it "
    'onto a white picture of the mode `RGB`, with its alpha channel as the mask.',
    section='step2-clean',
)
@pytest.mark.parametrize(
    'kind',
    [
        'RGBA',
        'LA',
        'P',
        'P with an index',
        'GIF',
        'WEBP',
        'RGB with a key',
        'L with a key',
        'I;16 with a key',
    ],
)
def test_transparent_is_white(store, run, kind):
    """Transparent pixels become white, whatever colour hides behind them."""
    stored = reopen(run(store.save('a', transparent(kind))))
    assert stored.mode == 'RGB'
    assert near(stored.getpixel((10, 10)), (255, 255, 255))


@pytest.mark.hint(
    'Half transparent is neither see-through nor opaque: both colours count.',
    "`white.paste(image.convert('RGB'), mask=alpha)` mixes as the alpha channel says, "
    'if `white` is a white picture.',
    section='step2-clean',
)
def test_half_transparent(store, run):
    """Half-transparent pixels are mixed with white."""
    data = file_of(PIL.Image.new('RGBA', (20, 20), (0, 0, 0, 128)))
    assert near(reopen(run(store.save('a', data))).getpixel((10, 10)), (127, 127, 127))


@pytest.mark.hint(
    'A JPEG has eight bits per colour. What does `convert` do to a value beyond 255?',
    'For the mode `I;16`: see `to_eight_bits`, which looks each grey up in a table. '
    'The other modes are converted by `lay_on_white`.',
    section='step2-clean',
)
@pytest.mark.parametrize(
    ('mode', 'value'),
    [('I;16', 0x8000), ('L', 128), ('1', 1), ('CMYK', (0, 0, 0, 127))],
)
def test_other_modes(store, run, mode, value):
    """Grey of sixteen bits, black and white, and print colours keep their look."""
    image = PIL.Image.new(mode, (20, 20), value)
    data = file_of(image, 'TIFF' if mode == 'CMYK' else 'PNG')
    grey = 255 if mode == '1' else 128
    assert near(reopen(run(store.save('a', data))).getpixel((10, 10)), (grey,) * 3)


@pytest.mark.hint(
    'A picture that Pillow has opened carries EXIF data and more with it, and '
    'takes them along when it is saved.',
    '`image.info.clear()` at the end of `normalise`.',
    section='step2-clean',
)
def test_no_metadata(store, run):
    """Neither EXIF data, nor the place a photo was taken at, nor a comment stays."""
    exif = PIL.Image.Exif()
    exif[0x010F] = 'Camera maker'
    exif.get_ifd(GPS)[1] = 'N'
    secret = b'Written by Jo'
    data = file_of(draw(), 'JPEG', exif=exif, comment=secret, xmp=b'<x:xmpmeta/>')
    image = run(store.save('a', data))
    stored = reopen(image)
    assert not stored.getexif()
    assert not {'exif', 'comment', 'xmp', 'photoshop'} & set(stored.info)
    content = pathlib.Path(image.path).read_bytes()
    assert all(word not in content for word in [b'Camera maker', secret, b'xmpmeta'])


@pytest.mark.hint(
    'What a camera or a program wrote beside the picture may be damaged while the '
    'picture is fine.',
    'Turn it in a `try` of its own, so that a picture whose metadata cannot be read '
    'is stored as it lies.',
    section='step2-clean',
)
def test_damaged_metadata(store, run):
    """A photo with damaged EXIF data is stored all the same: its pixels are fine."""
    text_for_a_width = struct.pack('<HHI4s', 0x0100, 2, 4, b'two\0')
    turned = struct.pack('<HHIHH', ORIENTATION, 3, 1, 6, 0)
    tags = struct.pack('<H', 2) + text_for_a_width + turned + bytes(4)
    exif = b'Exif\0\0II*\0' + struct.pack('<I', 8) + tags
    data = file_of(draw((60, 40)), 'JPEG', exif=exif)
    assert sorted(reopen(run(store.save('a', data))).size) == [40, 60]
    data = file_of(draw((60, 40)), 'JPEG', exif=b'Exif\0\0no such thing')
    assert reopen(run(store.save('b', data))).size == (60, 40)


@pytest.mark.hint(
    'A comment of a GIF travels in `image.info`, and Pillow writes it into the JPEG.',
    '`image.info.clear()` at the end of `normalise`.',
    section='step2-clean',
)
def test_no_comment_of_a_gif(store, run):
    """A comment in a file of another format does not stay either."""
    image = run(store.save('a', file_of(draw(mode='P'), 'GIF', comment=b'Hello')))
    assert b'Hello' not in pathlib.Path(image.path).read_bytes()


@pytest.mark.hint(
    '`save` has to raise before it writes or remembers anything. What does yours '
    'do first? And what of a picture that is only too large?',
    'Convert first, then write, then remember. Check `image.size` before `load()`: '
    'Pillow itself raises only above twice its limit, and a JPEG has at most 65,500 '
    'pixels along a side.',
    section='step2-convert',
)
@pytest.mark.parametrize(
    'data',
    [
        b'',
        b'A text.',
        upload()[:1000],
        png_claiming(20_000, 20_000),
        png_claiming(9_500, 9_500),
        file_of(PIL.Image.new('L', (65_501, 1))),
    ],
    ids=['empty', 'text', 'cut short', 'a bomb', 'too large', 'too long for a JPEG'],
)
def test_bad_data(store, run, result_of, left_behind, data):
    """Data that is no whole picture is an error, and leaves nothing behind."""
    with pytest.raises(Exception):  # noqa: B017, PT011 - its class is yours to choose
        run(store.save('a', data))
    assert result_of(store.get('a')) is None
    assert list(result_of(store.list_images())) == []
    assert left_behind() == []


def in_an_envelope(data):
    """Return a file in the format IPTC that has the other one in it."""
    parts = [
        (3, 60, b'\1\0'),
        (3, 20, struct.pack('>I', 20)),
        (3, 30, struct.pack('>I', 20)),
        (3, 120, b'\5'),
        (8, 10, data),
    ]
    heads = [struct.pack('>BBBH', 0x1C, *ids, len(part)) for *ids, part in parts]
    joined = [head + part for head, (*_, part) in zip(heads, parts, strict=True)]
    return b''.join(joined) + bytes(10)


@pytest.mark.hint(
    'Pillow hands an EPS file to Ghostscript, if that is there. An EPS file is a '
    'program: it may run for ever.',
    'Say which formats may be opened: `PIL.Image.open(io.BytesIO(data), '
    'formats=list(FORMATS))`, with neither EPS among them nor IPTC, which may have an '
    'EPS file inside.',
    section='step2-formats',
)
@pytest.mark.parametrize('wrap', [bytes, in_an_envelope], ids=['EPS', 'EPS in IPTC'])
def test_no_other_program(store, run, left_behind, monkeypatch, wrap):
    """Whatever is sent, no other program is started to read it."""
    started = []
    monkeypatch.setattr(PIL.EpsImagePlugin, 'gs_binary', 'gs')
    monkeypatch.setattr(
        subprocess, 'check_call', lambda command, **options: started.append(command[0])
    )
    with pytest.raises(Exception):  # noqa: B017, PT011 - its class is yours to choose
        run(store.save('a', wrap(file_of(draw((20, 20)), 'EPS'))))
    assert started == []
    assert left_behind() == []


@pytest.mark.hint(
    "The list names what was done in the event loop's thread, where it makes "
    'everyone else wait.',
    "`await loop.run_in_executor(self._pool, to_jpeg, data)` for Pillow's work, "
    "and `async with aiofiles.open(image.path, 'wb') as file` for the file.",
    section='step2-never-waits',
)
def test_event_loop_is_free(store, run, result_of, blocking_calls):
    """Neither Pillow nor a file blocks the event loop."""
    data = upload()

    async def save():
        blocking_calls.clear()
        await asyncio.gather(*(store.save(name, data) for name in 'abc'))

    run(save())
    assert len(result_of(store.list_images())) == 3
    assert blocking_calls == []


@pytest.mark.hint(
    'While one upload waits, another runs. Do they share a variable or the name '
    'of a file?',
    'Keep what belongs to an upload in local variables of `save`, and name each '
    'file by its id.',
)
def test_many_at_once(store, run, left_behind):
    """Pictures that are saved at the same time do not get into each other's way."""
    sizes = [(100 + n, 80) for n in range(16)]
    files = [upload(size) for size in sizes]

    async def save():
        saving = (store.save(f'{index}', data) for index, data in enumerate(files))
        return await asyncio.gather(*saving)

    saved = run(save())
    assert [reopen(image).size for image in saved] == sizes
    assert len(left_behind()) == 16
