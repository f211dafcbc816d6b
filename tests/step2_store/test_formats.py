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
    'The service reads seven formats. Is this one in the table, and in '
    'the call to `PIL.Image.open`?',
    '`PIL.Image.open(io.BytesIO(data), formats=list(FORMATS))`. To '
    "Pillow, MPO is a kind of JPEG, so it doesn't need an entry of its "
    'own.',
)
@pytest.mark.parametrize(
    'file_format', ['JPEG', 'MPO', 'PNG', 'WEBP', 'AVIF', 'GIF', 'TIFF', 'BMP']
)
def test_read(save, file_format):
    """The service reads the formats that people upload."""
    assert save(upload((64, 48), file_format)).size == (64, 48)


@pytest.mark.hint(
    'Pillow knows many more formats than people send. A stranger can '
    'reach the code of every one of them.',
    "Pass `formats=list(FORMATS)` to `PIL.Image.open`. If it doesn't "
    'recognise the file, raise `UnknownFormatError`, with the supported '
    'formats in its message.',
)
@pytest.mark.parametrize(
    'file_format', ['PPM', 'ICO', 'TGA', 'PCX', 'XBM', 'EPS', 'PDF', 'JPEG2000', 'DDS']
)
def test_not_read(error_of, file_format):
    """Other formats are refused, and the message names the supported ones."""
    data = one_of_each_format()[file_format]
    name, message = error_of(data)
    assert name == 'UnknownFormatError'
    assert all(word in message for word in ['JPEG', 'PNG', 'WebP', 'AVIF', 'TIFF'])


@pytest.mark.hint(
    "A photo from a phone may be HEIC, which Pillow can't read. The "
    'message should say so.',
    'From the fifth byte on, the file contains `ftyp` and a brand, such '
    'as `heic` or `mif1`: see `HEIC` in the chapter.',
)
@pytest.mark.parametrize('brand', [b'heic', b'heix', b'hevc', b'mif1'])
def test_heic(error_of, brand):
    """The message for a HEIC photo says that it's HEIC, and gives advice."""
    start = struct.pack('>I4s4sI8s', 24, b'ftyp', brand, 0, b'mif1heic')
    name, message = error_of(start + bytes(100))
    assert name == 'UnknownFormatError'
    assert 'HEIC' in message
    assert 'JPEG' in message


@pytest.mark.hint(
    "If too little of a file is left, Pillow doesn't recognise it. But "
    'the first bytes still show which format it was.',
    'In the `except` for `PIL.UnidentifiedImageError`, compare the '
    'beginning with `FORMATS`. If a pattern matches, raise '
    '`DamagedImageError`.',
)
@pytest.mark.parametrize(
    'file_format', ['JPEG', 'PNG', 'WEBP', 'AVIF', 'GIF', 'TIFF', 'BMP']
)
@pytest.mark.parametrize('share', [0.02, 0.3, 0.7])
def test_cut_short(error_of, file_format, share):
    """A file that was cut short counts as damaged, however little of it is left."""
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
    """If a picture is too large, the error gives the limit, in megapixels."""
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
    'If a PNG has 1, 2 or 4 bits, so has its transparent grey. Pillow '
    'stretches the pixels to 8 bits, but not that grey.',
    "Multiply `image.info['transparency']` by 255, 85 or 17. Compare "
    'sixteen bits before they become eight.',
    section='step2-quirks',
)
@pytest.mark.parametrize('bits', [1, 2, 4, 8, 16])
@pytest.mark.parametrize('clear', ['black', 'white', 'between'])
def test_transparent_grey(save, bits, clear):
    """A grey PNG of any depth is white where it's transparent, and only there."""
    most = 2**bits - 1
    clear = {'black': 0, 'white': most, 'between': most // 3}[clear]
    numbers = sorted({0, most // 3, most // 2, most})
    stored = save(png(bits, [clear], [[number] for number in numbers]))
    for place, number in enumerate(numbers):
        grey = 255 if number == clear else number * 255 // most
        assert near(stored.getpixel((16 * place + 8, 8)), (grey,) * 3), number


@pytest.mark.hint(
    'In sixteen bits, two greys may have the same upper eight bits, and '
    'only one of them may be transparent.',
    'Create the alpha channel from all sixteen bits: see `to_eight_bits`.',
    section='step2-clean',
)
def test_nearly_transparent_grey(save):
    """A sixteen-bit grey next to the transparent one isn't transparent."""
    stored = save(png(16, [0], [[0], [200]]))
    assert near(stored.getpixel((8, 8)), WHITE)
    assert near(stored.getpixel((24, 8)), (0, 0, 0))


@pytest.mark.hint(
    'A PNG can declare one colour to be transparent. Pillow keeps it in '
    '`image.info`, and in a PNG of 16 bits it no longer matches the '
    'pixels.',
    '`scale_transparency` in `quirks.py` converts the colour to eight '
    'bits: `tuple(value >> 8 for value in clear)`.',
    section='step2-quirks',
)
@pytest.mark.parametrize('bits', [8, 16])
def test_transparent_colour(save, bits):
    """If a colour PNG declares a transparent colour, that colour becomes white."""
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
    'The first frame of a GIF may be smaller than the picture. How does '
    'Pillow fill the rest?',
    'Use `image.putalpha` with an alpha channel that is 0 everywhere '
    'outside `image.dispose_extent`.',
    section='step2-quirks',
)
@pytest.mark.parametrize('transparent', [False, True])
def test_small_frame(save, transparent):
    """Pixels outside the first frame of a GIF are white."""
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
    'Pillow opens some TIFFs and misreads their numbers: they come out '
    'black, inverted, or as noise.',
    'Refuse the modes `I` and `F`, and anything above 8 bits, except for '
    '16 bits with black as zero and not in planes.',
    section='step2-quirks',
)
@pytest.mark.parametrize('kind', ODD_TIFFS)
def test_odd_tiff(module, save, kind):
    """A TIFF of a rare kind is either refused or comes out right."""
    formats = module('formats')
    try:
        stored = save(ODD_TIFFS[kind])
    except (formats.DamagedImageError, formats.UnknownFormatError):
        return
    right = (191, 191, 191) if 'white' in kind else (128, 128, 128)
    assert near(stored.getpixel((0, 0)), right)
    assert near(stored.getpixel((15, 15)), right)


@pytest.mark.hint(
    'This TIFF is of an ordinary kind. Do you refuse it along with the unusual ones?',
    "`check_kind` refuses more than eight bits only if the file isn't "
    '`plain`: 16 bits, not inverted, and not in planes.',
    section='step2-quirks',
)
@pytest.mark.parametrize(
    'data',
    [tiff(16, 1, [GREY_16]), tiff(8, 1, [b'\x80' * 256])],
    ids=['16 bits', '8 bits'],
)
def test_plain_tiff(save, data):
    """A grey TIFF of an ordinary kind is read, and keeps its grey."""
    assert near(save(data).getpixel((8, 8)), (128, 128, 128))


@pytest.mark.hint(
    "Which code do the two clauses guard: only Pillow's, or yours as well?",
    'Only the decoding belongs in the `try`. Work on the pixels after it.',
    section='step2-convert',
)
@pytest.mark.parametrize('error', [ZeroDivisionError('a bug'), MemoryError()])
def test_our_own_mistakes(module, store, run, monkeypatch, error):
    """A bug in our own code isn't reported as a damaged picture."""

    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(PIL.Image.Image, 'save', fail)
    with pytest.raises(type(error)):
        run(store.save('a', upload()))


@pytest.mark.hint(
    "A `MemoryError` doesn't mean that the picture is damaged. Which "
    '`except` turns it into that?',
    'Put `except MemoryError: raise` before `except Exception`, in '
    '`decode` and in `turn_upright`.',
    section='step2-decode',
)
@pytest.mark.parametrize('place', ['load', 'transpose'])
def test_no_memory(module, store, run, monkeypatch, place):
    """If memory runs out while a picture is decoded, it doesn't count as damaged."""
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
    "Call `logger.info('...: %r', error)` before you raise `DamagedImageError`.",
    section='step2-convert',
)
def test_cause_is_logged(error_of, caplog):
    """The log says why a picture couldn't be decoded, at the level INFO."""
    caplog.set_level(logging.INFO)
    noise = PIL.Image.effect_noise((200, 200), 60)
    error_of(file_of(noise, 'JPEG')[:5000])
    records = [r for r in caplog.records if r.name.startswith('asgilook')]
    assert [record.levelname for record in records] == ['INFO']
    assert 'truncated' in records[0].getMessage()


@pytest.mark.hint(
    'All you have is the bytes: no name, no path, no media type. Does '
    'your code look at anything else?',
    '`PIL.Image.open(io.BytesIO(data), formats=list(FORMATS))`.',
    section='step2-decode',
)
def test_only_a_file(save):
    """The format is recognised from the bytes alone."""
    output = io.BytesIO()
    draw((30, 20)).save(output, 'PNG')
    assert save(output.getvalue()).size == (30, 20)
