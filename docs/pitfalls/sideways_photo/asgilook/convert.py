"""What Pillow does with a picture: blocking work, to be run in an executor."""

import io
import tempfile

import PIL.Image

Size = tuple[int, int]
"""A width and a height, in pixels."""

JPEG_MAX_SIDE = 65_500
"""The most pixels that fit along one side of a JPEG."""

QUALITY = 90
"""The quality of the JPEGs, out of 100."""


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
        with PIL.Image.open(io.BytesIO(data)) as image:
            image.load()
            picture = normalise(image)
    except PIL.UnidentifiedImageError as error:
        raise UnknownFormatError('The data is no picture that can be read.') from error
    except PIL.Image.DecompressionBombError as error:
        raise DamagedImageError('The picture has too many pixels.') from error
    except Exception as error:
        # Which exception a damaged file ends in differs from format to format.
        raise DamagedImageError('The picture is damaged or cut short.') from error
    if max(picture.size) > JPEG_MAX_SIDE:
        raise DamagedImageError(f'A side is longer than {JPEG_MAX_SIDE} pixels.')
    return picture


def normalise(image: PIL.Image.Image) -> PIL.Image.Image:
    """Return a copy: upright, in RGB, on white, without any metadata."""
    if image.mode.startswith('I'):
        image = image.convert('I').point(lambda value: value / 256)  # 16 bits to 8
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
