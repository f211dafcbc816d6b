"""Pictures to send: good ones in every format, and bad ones of every kind."""

import functools
import io
import random
import struct
import warnings
import zlib
from collections.abc import Iterator

import PIL.Image

MODES = [
    '1', 'L', 'LA', 'P', 'PA', 'RGB', 'RGBA', 'RGBX', 'RGBa', 'La', 'CMYK', 'YCbCr',
    'LAB', 'HSV', 'I', 'I;16', 'I;16B', 'F',
]  # fmt: skip
# Slow to write: at every size up to 1024x1024.
FEWER_MODES = {'ICNS': ['P', 'RGBA']}
# What the service reads, MPO among it as a kind of JPEG.
READ = ['AVIF', 'BMP', 'GIF', 'JPEG', 'PNG', 'TIFF', 'WEBP']
# How a file of each begins, where that can be said in a few bytes.
BEGINNINGS = (b'\xff\xd8\xff', b'\x89PNG', b'GIF8', b'II*\0', b'MM\0*', b'RIFF')
MAX_PNG_SIDE = 2**31 - 1


def draw(size: tuple[int, int] = (96, 72), mode: str = 'RGB') -> PIL.Image.Image:
    """Return a picture in which each place has a colour of its own."""
    across = PIL.Image.linear_gradient('L').rotate(90).resize(size)
    down = PIL.Image.linear_gradient('L').resize(size)
    image = PIL.Image.merge('RGB', [across, down, PIL.Image.new('L', size, 96)])
    if mode == 'I;16B':
        return image.convert('I;16').convert('I').convert('I;16B')
    for step in {'RGBa': ['RGBA'], 'La': ['LA'], 'PA': ['P'], 'LAB': []}.get(mode, []):
        image = image.convert(step)
    if mode == 'LAB':
        return PIL.Image.merge('LAB', image.split())
    return image.convert(mode)


def file_of(
    image: PIL.Image.Image, file_format: str = 'PNG', **options: object
) -> bytes:
    """Return the picture as a file of that format."""
    output = io.BytesIO()
    image.save(output, file_format, **options)
    return output.getvalue()


@functools.cache
def upload(size: tuple[int, int] = (640, 360), file_format: str = 'JPEG') -> bytes:
    """Return an ordinary file to upload."""
    return file_of(draw(size), file_format)


@functools.cache
def every_file() -> dict[str, bytes]:
    """Return a file of each format that Pillow writes, in each mode that it can."""
    PIL.Image.init()
    drawn = {mode: draw((32, 24), mode) for mode in MODES}
    files = {}
    for file_format, save in sorted(PIL.Image.SAVE.items()):
        if not save.__module__.startswith('PIL.'):
            continue  # A plugin's, such as pillow-heif's.
        for mode in FEWER_MODES.get(file_format, MODES):
            # A format that has not this mode, or needs a program that is not here.
            try:
                files[f'{file_format}-{mode}'] = file_of(drawn[mode], file_format)
            except Exception:  # noqa: S112 - each plugin has its own way to say no
                continue
    return files


@functools.cache
def one_of_each_format() -> dict[str, bytes]:
    """Return the first of the files of each format."""
    files: dict[str, bytes] = {}
    for name, data in every_file().items():
        files.setdefault(name.partition('-')[0], data)
    return files


def cut_short() -> Iterator[tuple[str, bytes]]:
    """Yield files of every format, cut at many places."""
    for name, data in one_of_each_format().items():
        for percent in (1, 5, 25, 50, 75, 95, 99):
            yield f'{name} cut at {percent} %', data[: len(data) * percent // 100]
        yield f'{name} without its last byte', data[:-1]


def flipped(count: int = 200) -> Iterator[tuple[str, bytes]]:
    """Yield files of every format with a byte changed, the same ones every time."""
    rng = random.Random(20)
    files = sorted(one_of_each_format().items())
    for _ in range(count):
        name, data = rng.choice(files)
        # Half of them in the header, where a reader has most to trip over.
        place = rng.randrange(min(len(data), 200) if rng.random() < 0.5 else len(data))
        value = data[place] ^ rng.randrange(1, 256)
        changed = data[:place] + bytes([value]) + data[place + 1 :]
        yield f'{name} with byte {place} set to {value}', changed


def png_claiming(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that claims to be that large."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack('>I', zlib.crc32(kind + content))
        return struct.pack('>I', len(content)) + kind + content + checksum

    header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b''.join(
        [
            b'\x89PNG\r\n\x1a\n',
            chunk(b'IHDR', header),
            chunk(b'IDAT', pixels),
            chunk(b'IEND', b''),
        ]
    )


def verdicts(data: bytes) -> set[int]:
    """Return the statuses that would be right for an upload, as Pillow sees it."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        try:
            with PIL.Image.open(io.BytesIO(data), formats=READ) as image:
                image.load()
                # Numbers without a range: nobody knows which of them is white.
                if image.mode in ('I', 'F'):
                    return {201, 415, 422}
                image.convert('RGB')
        except PIL.UnidentifiedImageError:
            return {415, 422} if looks_familiar(data) else {415}
        except Exception:
            return {422}
    return {201}


def looks_familiar(data: bytes) -> bool:
    """Return whether a file that Pillow doesn't know begins like one that it does."""
    return data.startswith((*BEGINNINGS, b'BM')) or data[4:8] == b'ftyp'


def profile(
    space: str = 'RGB ',
    gamma: float = 1.0,
    order: str = 'rgb',
) -> bytes:
    """Return an ICC profile: RGB or grey of some gamma, or ink that is only grey.

    Its colours are those of sRGB, in the order that is given.
    """

    def numbers(*values: float) -> bytes:
        return struct.pack(f'>{len(values)}i', *(round(v * 65536) for v in values))

    d50 = b'XYZ ' + bytes(4) + numbers(0.9642, 1.0, 0.8249)
    curve = b'curv' + struct.pack('>IIH', 0, 1, round(gamma * 256)) + bytes(2)
    text = b'text' + bytes(4) + b'none\0' + bytes(3)
    described = b'desc' + struct.pack('>II', 0, 2) + b'x\0' + bytes(78)
    tags = {b'desc': described, b'cprt': text, b'wtpt': d50}
    if space == 'RGB ':
        xyz = {
            'r': (0.4360, 0.2225, 0.0139),
            'g': (0.3851, 0.7169, 0.0971),
            'b': (0.1431, 0.0606, 0.7141),
        }
        for name, colour in zip('rgb', order, strict=True):
            colourant = b'XYZ ' + bytes(4) + numbers(*xyz[colour])
            tags |= {f'{name}XYZ'.encode(): colourant, f'{name}TRC'.encode(): curve}
    elif space == 'GRAY':
        tags[b'kTRC'] = curve
    else:
        # Each ink takes away as much light as the others: half of what is there.
        greys = [255 >> bin(inks).count('1') for inks in range(16)]
        table = b''.join(bytes([grey, 128, 128]) for grey in greys)
        even = bytes(range(256))
        matrix = numbers(1, 0, 0, 0, 1, 0, 0, 0, 1)
        head = b'mft1' + struct.pack('>IBBBB', 0, 4, 3, 2, 0)
        tags[b'A2B0'] = head + matrix + even * 4 + table + even * 3
    return put_together(space, tags)


def put_together(space: str, tags: dict[bytes, bytes]) -> bytes:
    """Return an ICC profile with these tags."""
    entries, content = [], b''
    start = 128 + 4 + 12 * len(tags)
    for name, tag in tags.items():
        entries.append(struct.pack('>4sII', name, start + len(content), len(tag)))
        content += tag + bytes(-len(tag) % 4)
    table = struct.pack('>I', len(tags)) + b''.join(entries)
    kind = b'prtr' if space == 'CMYK' else b'mntr'
    connection = b'Lab ' if space == 'CMYK' else b'XYZ '
    head = struct.pack('>I4sI', start + len(content), bytes(4), 0x02100000)
    head += kind + space.encode() + connection + bytes(12) + b'acsp' + bytes(28)
    head += struct.pack('>3i', 63190, 65536, 54061)
    return head.ljust(128, b'\0') + table + content
