"""Step 2: which files are read, how their pixels are, and what is refused."""

import io
import logging
import struct
import zlib

import PIL.Image
import pytest

from workbook.pictures import draw, file_of, one_of_each_format, upload

pytestmark = pytest.mark.hint(section='step2-formats')
WHITE = (255, 255, 255)


@pytest.fixture
def save(store, run):
    """Return a function that stores a picture, and returns how it is stored."""

    def save_it(data):
        image = run(store.save('a', data))
        with PIL.Image.open(image.path) as stored:
            stored.load()
        return stored

    return save_it


@pytest.fixture
def error_of(module, store, run, left_behind):
    """Return a function that stores what can't be stored, and returns the error."""

    def error(data):
        formats = module('formats')
        expected = (formats.UnknownFormatError, formats.DamagedImageError)
        with pytest.raises(expected) as caught:
            run(store.save('a', data))
        assert left_behind() == []
        return type(caught.value).__name__, str(caught.value)

    return error


def near(colour, other):
    """Return whether two colours differ by no more than JPEG makes them."""
    return all(abs(one - two) < 12 for one, two in zip(colour, other, strict=True))


@pytest.mark.hint(
    'Seven formats are read. Is this one of them, in the table and in the call of '
    '`PIL.Image.open`?',
    '`PIL.Image.open(io.BytesIO(data), formats=list(FORMATS))`. MPO is a kind of JPEG '
    'for Pillow, and has no entry of its own.',
)
@pytest.mark.parametrize(
    'file_format', ['JPEG', 'MPO', 'PNG', 'WEBP', 'AVIF', 'GIF', 'TIFF', 'BMP']
)
def test_read(save, file_format):
    """The formats that people upload are read."""
    assert save(upload((64, 48), file_format)).size == (64, 48)


@pytest.mark.hint(
    'Pillow knows many more formats than people send. Each is code that a stranger '
    'can reach.',
    '`formats=list(FORMATS)` in `PIL.Image.open`; what it does not recognise then is '
    '`UnknownFormatError`, with the supported formats in its message.',
)
@pytest.mark.parametrize(
    'file_format', ['PPM', 'ICO', 'TGA', 'PCX', 'XBM', 'EPS', 'PDF', 'JPEG2000', 'DDS']
)
def test_not_read(error_of, file_format):
    """Other formats are refused, and the message names those that are read."""
    data = one_of_each_format()[file_format]
    name, message = error_of(data)
    assert name == 'UnknownFormatError'
    assert all(word in message for word in ['JPEG', 'PNG', 'WebP', 'AVIF', 'TIFF'])


@pytest.mark.hint(
    'A photo from a phone may be HEIC: Pillow does not read that. The message should '
    'say so.',
    'The bytes from the fifth on are `ftyp` and a brand, such as `heic` or `mif1`: '
    'see `HEIC` in the chapter.',
)
@pytest.mark.parametrize('brand', [b'heic', b'heix', b'hevc', b'mif1'])
def test_heic(error_of, brand):
    """A HEIC photo is refused by its name, and with advice."""
    start = struct.pack('>I4s4sI8s', 24, b'ftyp', brand, 0, b'mif1heic')
    name, message = error_of(start + bytes(100))
    assert name == 'UnknownFormatError'
    assert 'HEIC' in message
    assert 'JPEG' in message


@pytest.mark.hint(
    'If too little is left of a file, Pillow does not recognise it. How its first '
    'bytes look still tells what it was.',
    'In the `except` for `PIL.UnidentifiedImageError`, compare the beginning with '
    '`FORMATS`: if one fits, it is a `DamagedImageError`.',
)
@pytest.mark.parametrize(
    'file_format', ['JPEG', 'PNG', 'WEBP', 'AVIF', 'GIF', 'TIFF', 'BMP']
)
@pytest.mark.parametrize('share', [0.02, 0.3, 0.7])
def test_cut_short(error_of, file_format, share):
    """A file that was cut short is damaged, however little of it is left."""
    image = PIL.Image.effect_noise((200, 100), 60)
    data = file_of(image, file_format)
    name, message = error_of(data[: max(40, int(len(data) * share))])
    assert name == 'DamagedImageError'
    assert message


@pytest.mark.hint(
    "Nobody can keep to a limit they don't know.",
    "`f'... {MAX_PIXELS / 1e6:.0f} megapixels ...'` in the message.",
    section='step2-convert',
)
def test_too_large(module, error_of, monkeypatch):
    """The error for a picture that is too large names the limit, in megapixels."""
    monkeypatch.setattr(module('convert'), 'MAX_PIXELS', 2_000_000)
    name, message = error_of(file_of(PIL.Image.new('L', (2000, 1001))))
    assert name == 'DamagedImageError'
    assert '2 megapixels' in message


def png(bits, clear, pixels, kind=0):
    """Return a PNG with a transparent colour, grey unless it is said to be RGB (2)."""

    def chunk(name, content):
        check = struct.pack('>I', zlib.crc32(name + content))
        return struct.pack('>I', len(content)) + name + content + check

    samples = ''.join(f'{n:0{bits}b}' for pixel in pixels for n in 16 * pixel)
    row = int('1' + samples, 2).to_bytes(len(samples) // 8 + 1, 'big')[1:]
    header = struct.pack('>IIBBBBB', 16 * len(pixels), 16, bits, kind, 0, 0, 0)
    return b''.join(
        [
            b'\x89PNG\r\n\x1a\n',
            chunk(b'IHDR', header),
            chunk(b'tRNS', struct.pack(f'>{len(clear)}H', *clear)),
            chunk(b'IDAT', zlib.compress((b'\0' + row) * 16)),
            chunk(b'IEND', b''),
        ]
    )


@pytest.mark.hint(
    'In a PNG of 1, 2 or 4 bits the transparent grey is given in those bits, and '
    'Pillow stretches the pixels to 8, but not that number.',
    "`image.info['transparency']` times 255, 85 or 17. Sixteen bits are compared "
    'before they become eight.',
    section='step2-quirks',
)
@pytest.mark.parametrize('bits', [1, 2, 4, 8, 16])
@pytest.mark.parametrize('clear', ['black', 'white', 'between'])
def test_transparent_grey(save, bits, clear):
    """A grey PNG of any depth is white where it is transparent, and only there."""
    most = 2**bits - 1
    clear = {'black': 0, 'white': most, 'between': most // 3}[clear]
    numbers = sorted({0, most // 3, most // 2, most})
    stored = save(png(bits, [clear], [[number] for number in numbers]))
    for place, number in enumerate(numbers):
        grey = 255 if number == clear else number * 255 // most
        assert near(stored.getpixel((16 * place + 8, 8)), (grey,) * 3), number


@pytest.mark.hint(
    'Of sixteen bits, two greys may have the same upper eight. Only one of them is '
    'transparent.',
    'Make the alpha channel from all sixteen bits: see `to_eight_bits`.',
    section='step2-clean',
)
def test_nearly_transparent_grey(save):
    """A grey of sixteen bits next to the transparent one is not transparent."""
    stored = save(png(16, [0], [[0], [200]]))
    assert near(stored.getpixel((8, 8)), WHITE)
    assert near(stored.getpixel((24, 8)), (0, 0, 0))


@pytest.mark.hint(
    'A PNG can name one colour that is transparent. Pillow leaves it in `image.info`, '
    'and with 16 bits it has other numbers than the pixels.',
    '`scale_transparency` in `quirks.py` brings the colour to eight bits: '
    '`tuple(value >> 8 for value in clear)`.',
    section='step2-quirks',
)
@pytest.mark.parametrize('bits', [8, 16])
def test_transparent_colour(save, bits):
    """A PNG in colour is white where it has the colour that is transparent."""
    most = 2**bits - 1
    colours = [[most, 0, most // 3], [0, most // 3, most]]
    stored = save(png(bits, colours[0], colours, kind=2))
    assert near(stored.getpixel((8, 8)), WHITE)
    assert near(stored.getpixel((24, 8)), (0, 85, 255))


def gif(transparent=False):
    """Return a GIF of 60 by 40 whose only frame is 20 by 20, at (30, 10)."""
    frame = PIL.Image.new('P', (20, 20), 1)
    frame.putpalette([0, 0, 200, 200, 0, 0])
    data = file_of(frame, 'GIF', **({'transparency': 0} if transparent else {}))
    at = data.rindex(b',\0\0\0\0')
    screen = data[:6] + struct.pack('<HH', 60, 40) + data[10:at]
    return screen + b',' + struct.pack('<HH', 30, 10) + data[at + 5 :]


@pytest.mark.hint(
    'A frame of a GIF may be smaller than the picture. What does Pillow put around it?',
    'An alpha channel that is 0 everywhere but in `image.dispose_extent`, by '
    '`image.putalpha`.',
    section='step2-quirks',
)
@pytest.mark.parametrize('transparent', [False, True])
def test_small_frame(save, transparent):
    """Pixels that the first frame of a GIF does not cover are white."""
    stored = save(gif(transparent))
    assert stored.size == (60, 40)
    assert near(stored.getpixel((10, 20)), WHITE)
    assert near(stored.getpixel((55, 30)), WHITE)
    assert near(stored.getpixel((40, 20)), (200, 0, 0))


def tiff(bits, samples, rows, photometric=1, planar=1, sample_format=1):
    """Return a TIFF of 16 by 16 pixels; `rows` is the bytes of each of its strips."""
    offset = 8 + 2 + 12 * 10 + 4
    tags = [
        (256, 16),
        (257, 16),
        (258, bits),
        (259, 1),
        (262, photometric),
        (273, None),
        (277, samples),
        (278, 16),
        (284, planar),
        (339, sample_format),
    ]
    count = len(rows)
    places = [offset + sum(len(row) for row in rows[:i]) for i in range(count)]
    end = offset + sum(len(row) for row in rows)
    entries = b''
    for tag, value in tags:
        if tag == 273:
            where = places[0] if count == 1 else end
            entries += struct.pack('<HHII', tag, 4, count, where)
        else:
            entries += struct.pack('<HHIHH', tag, 3, 1, value, 0)
    table = struct.pack('<H', len(tags)) + entries + bytes(4)
    tail = struct.pack(f'<{count}I', *places) if count > 1 else b''
    return b'II*\0' + struct.pack('<I', 8) + table + b''.join(rows) + tail


GREY_16 = struct.pack('<H', 0x8000) * 256
ODD_TIFFS = {
    'floating point': tiff(32, 1, [struct.pack('<f', 0.5) * 256], sample_format=3),
    '32 bits': tiff(32, 1, [struct.pack('<I', 0x80000000) * 256]),
    '12 bits': tiff(12, 1, [b'\x80\x08\x00' * 128]),
    '16 bits, white is zero': tiff(
        16, 1, [struct.pack('<H', 0x4000) * 256], photometric=0
    ),
    '16 bits, in planes': tiff(
        16, 3, [struct.pack('<H', 0x8012) * 256] * 3, photometric=2, planar=2
    ),
}


@pytest.mark.hint(
    'Pillow opens some TIFFs and then takes their numbers for others: they come out '
    'black, or inverted, or as noise.',
    'Refuse the modes `I` and `F`, and more than 8 bits unless they are 16, with '
    'black as zero, and not in planes.',
    section='step2-quirks',
)
@pytest.mark.parametrize('kind', ODD_TIFFS)
def test_odd_tiff(module, save, kind):
    """A TIFF of a rare kind is refused, or it is right."""
    formats = module('formats')
    try:
        stored = save(ODD_TIFFS[kind])
    except (formats.DamagedImageError, formats.UnknownFormatError):
        return
    right = (191, 191, 191) if 'white' in kind else (128, 128, 128)
    assert near(stored.getpixel((0, 0)), right)
    assert near(stored.getpixel((15, 15)), right)


@pytest.mark.hint(
    'This TIFF is of a usual kind. Is it refused along with the unusual ones?',
    '`check_kind` refuses more than eight bits only if they are not `plain`: 16 bits, '
    'not inverted, and not in planes.',
    section='step2-quirks',
)
@pytest.mark.parametrize(
    'data',
    [tiff(16, 1, [GREY_16]), tiff(8, 1, [b'\x80' * 256])],
    ids=['16 bits', '8 bits'],
)
def test_plain_tiff(save, data):
    """A grey TIFF of a usual kind is read, and is the grey that it was."""
    assert near(save(data).getpixel((8, 8)), (128, 128, 128))


@pytest.mark.hint(
    'Which code do the two clauses guard: that of Pillow, or yours as well?',
    'Only the decoding is inside the `try`. Work on the pixels comes after it.',
    section='step2-convert',
)
@pytest.mark.parametrize('error', [ZeroDivisionError('a bug'), MemoryError()])
def test_our_own_mistakes(module, store, run, monkeypatch, error):
    """A mistake in our own code, or no memory, is not the picture's damage."""

    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(PIL.Image.Image, 'save', fail)
    with pytest.raises(type(error)):
        run(store.save('a', upload()))


@pytest.mark.hint(
    'A `MemoryError` says nothing about the picture. Which `except` calls it damage?',
    '`except MemoryError: raise` before `except Exception`, in `decode` and in '
    '`turn_upright`.',
    section='step2-decode',
)
@pytest.mark.parametrize('place', ['load', 'transpose'])
def test_no_memory(module, store, run, monkeypatch, place):
    """If memory runs out while a picture is decoded, nobody calls it damaged."""
    import PIL.ImageFile
    import PIL.ImageOps

    def fail(*arguments, **options):
        raise MemoryError

    if place == 'load':
        monkeypatch.setattr(PIL.ImageFile.ImageFile, 'load', fail)
    else:
        monkeypatch.setattr(PIL.ImageOps, 'exif_transpose', fail)
    with pytest.raises(MemoryError):
        run(store.save('a', upload((32, 32))))


@pytest.mark.hint(
    'People who run the service will want to know why a picture was refused.',
    "`logger.info('...: %r', error)` before the `DamagedImageError` is raised.",
    section='step2-convert',
)
def test_cause_is_logged(error_of, caplog):
    """Why a picture could not be decoded is in the log, as information."""
    caplog.set_level(logging.INFO)
    noise = PIL.Image.effect_noise((200, 200), 60)
    error_of(file_of(noise, 'JPEG')[:5000])
    records = [r for r in caplog.records if r.name.startswith('asgilook')]
    assert [record.levelname for record in records] == ['INFO']
    assert 'truncated' in records[0].getMessage()


@pytest.mark.hint(
    'The bytes are all there is: no name, no path, no media type. Does anything look '
    'at something else?',
    '`PIL.Image.open(io.BytesIO(data), formats=list(FORMATS))`.',
    section='step2-decode',
)
def test_only_a_file(save):
    """A picture is read from its bytes, wherever they came from."""
    output = io.BytesIO()
    draw((30, 20)).save(output, 'PNG')
    assert save(output.getvalue()).size == (30, 20)
