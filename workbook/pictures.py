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
# Handed to another program, or known by name only.
NOT_DECODED = {'BUFR', 'EPS', 'GRIB', 'HDF5', 'IPTC', 'MPEG', 'WMF'}
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
    for file_format in sorted(PIL.Image.SAVE):
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


@functools.cache
def formats() -> list[str]:
    """Return the formats that are read: not those that Pillow cannot decode itself."""
    PIL.Image.init()
    return [name for name in PIL.Image.ID if name not in NOT_DECODED]


def verdict(data: bytes) -> int:
    """Return the status that an upload deserves, as Pillow sees it."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        try:
            with PIL.Image.open(io.BytesIO(data), formats=formats()) as image:
                image.load()
                image.convert('RGB')
        except PIL.UnidentifiedImageError:
            return 415
        except Exception:
            return 422
    return 201
