"""What Pillow does with a picture: blocking work, to be run in an executor."""

import contextlib
import io
import pathlib
import tempfile

import PIL.Image
import PIL.ImageOps

Size = tuple[int, int]
"""A width and a height, in pixels."""

JPEG_MAX_SIDE = 65_500
"""The most pixels that fit along one side of a JPEG."""

MAX_PIXELS = 89_478_485
"""The most pixels that Pillow decodes without a warning."""

QUALITY = 90
"""The quality of the JPEGs, out of 100."""

NOT_DECODED = {'BUFR', 'EPS', 'GRIB', 'HDF5', 'IPTC', 'MPEG', 'WMF'}
"""Formats that Pillow hands to another program, or knows by name only."""

PIL.Image.init()
FORMATS = [name for name in PIL.Image.ID if name not in NOT_DECODED]
"""The formats that are read."""


class UnknownFormatError(ValueError):
    """The data is no picture of a format that Pillow reads."""


class DamagedImageError(ValueError):
    """The picture is damaged, cut short, or too large."""


def to_jpeg(data: bytes) -> tuple[bytes, Size]:
    """Return a picture file as a JPEG, upright and opaque, and its size.

    Raises UnknownFormatError, or DamagedImageError.
    """
    picture = decode(data)
    return encode(picture), picture.size


def decode(data: bytes) -> PIL.Image.Image:
    """Return the picture in a file's data, as `normalise` leaves it."""
    try:
        with PIL.Image.open(io.BytesIO(data), formats=FORMATS) as image:
            check_size(image)
            image.load()
            check_size(image)
            return normalise(image)
    except PIL.UnidentifiedImageError as error:
        raise UnknownFormatError('The data is no picture that can be read.') from error
    except PIL.Image.DecompressionBombError as error:
        raise DamagedImageError('The picture is too large.') from error
    except Exception as error:
        # Which exception a damaged file ends in differs from format to format.
        raise DamagedImageError('The picture is damaged or cut short.') from error


def check_size(image: PIL.Image.Image) -> None:
    """Raise DecompressionBombError if the picture is larger than a JPEG should be."""
    if max(image.size) > JPEG_MAX_SIDE or image.width * image.height > MAX_PIXELS:
        raise PIL.Image.DecompressionBombError


def normalise(image: PIL.Image.Image) -> PIL.Image.Image:
    """Return a copy: upright, in RGB, on white, without any metadata."""
    with contextlib.suppress(Exception):  # Metadata may be damaged in many ways.
        PIL.ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith('I'):  # 16 bits to 8
        image = image.convert('I').point(lambda value: value / 256)
        if 'transparency' in image.info:
            image.info['transparency'] //= 256
    if image.mode not in ('RGB', 'RGBA') or 'transparency' in image.info:
        image = image.convert('RGBA')
    picture = PIL.Image.new('RGB', image.size, 'white')
    picture.paste(image, mask=image if image.mode == 'RGBA' else None)
    return picture


def encode(picture: PIL.Image.Image) -> bytes:
    """Return the picture as JPEG.

    Pillow lets other threads run while it writes to a real file, but not while
    it writes to a BytesIO.
    """
    with tempfile.TemporaryFile() as output:
        picture.save(output, 'JPEG', quality=QUALITY)
        output.seek(0)
        return output.read()


def shrink(path: pathlib.Path, size: Size) -> bytes:
    """Return a thumbnail of a JPEG file, as JPEG, of exactly that size.

    The file is decoded at twice the size at least, not in full: JPEG allows that.
    """
    with PIL.Image.open(path) as image:
        image.draft('RGB', (2 * size[0], 2 * size[1]))
        image.thumbnail(size)
        return encode(image)
