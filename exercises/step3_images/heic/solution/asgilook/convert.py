"""What Pillow does with an image: blocking work, to be run in an executor."""

import io
import logging
import tempfile

import PIL.Image
import pillow_heif

from .formats import DAMAGED, FORMATS, DamagedImageError, unrecognised
from .pixels import normalise
from .quirks import check_kind, fix_transparency

pillow_heif.register_heif_opener()

logger = logging.getLogger(__name__)

Size = tuple[int, int]
"""A width and a height, in pixels."""

JPEG_MAX_SIDE = 65_500
"""The most pixels that fit along one side of a JPEG."""

MAX_PIXELS = 89_478_485
"""The most pixels that Pillow decodes without a warning."""

QUALITY = 85
"""The quality of the JPEGs, out of 100."""


def to_jpeg(data: bytes) -> tuple[bytes, Size]:
    """Return an image file as a clean JPEG, and its size.

    Raises UnknownFormatError, or DamagedImageError.
    """
    image = decode(data)
    colour = '4:2:0' if image.format in ('JPEG', 'MPO') else '4:4:4'
    fix_transparency(image, data)
    image = normalise(image)
    return encode(image, colour), image.size


def decode(data: bytes) -> PIL.Image.Image:
    """Return the image in a file's data, as Pillow reads it.

    Raises UnknownFormatError, or DamagedImageError.
    """
    try:
        image = PIL.Image.open(io.BytesIO(data), formats=list(FORMATS))
        check_size(image)
        check_kind(image)
        image.load()
    except PIL.UnidentifiedImageError as error:
        raise unrecognised(data) from error
    except PIL.Image.DecompressionBombError as error:
        raise DamagedImageError(
            f'The image is too large: at most {MAX_PIXELS / 1e6:.0f} megapixels, and '
            f'{JPEG_MAX_SIDE} pixels a side, are accepted. Send a smaller one.'
        ) from error
    except MemoryError:
        raise
    except Exception as error:
        # Which exception a damaged file ends in differs from format to format.
        logger.info('An image could not be decoded: %r', error)
        raise DamagedImageError(DAMAGED) from error
    return image


def check_size(image: PIL.Image.Image) -> None:
    """Raise DecompressionBombError if the image is larger than a JPEG should be."""
    if max(image.size) > JPEG_MAX_SIDE or image.width * image.height > MAX_PIXELS:
        raise PIL.Image.DecompressionBombError


def encode(image: PIL.Image.Image, colour: str = '4:2:0') -> bytes:
    """Return the image as a JPEG, with its colour at half the resolution or in full.

    Other threads run freely while Pillow writes to a real file; while it writes to
    a BytesIO, they only get a turn between two pieces of the file.
    """
    with tempfile.TemporaryFile() as output:
        image.save(output, 'JPEG', quality=QUALITY, subsampling=colour)
        output.seek(0)
        return output.read()
