"""What Pillow does with an image: blocking work, to be run in an executor."""

import os
import pathlib
from typing import BinaryIO

import PIL.Image

from .files import StorageFullError
from .formats import DAMAGED, FORMATS, DamagedImageError, unrecognised
from .pixels import normalise
from .quirks import check_kind, fix_transparency

Size = tuple[int, int]
"""A width and a height, in pixels."""

JPEG_MAX_SIDE = 65_500
"""The most pixels that fit along one side of a JPEG."""

MAX_PIXELS = 89_478_485
"""The most pixels that Pillow decodes without a warning."""

QUALITY = 85
"""The quality of the JPEGs, out of 100."""

TWICE = {'exif', 'icc_profile', 'progressive'}
"""Pillow's names for what may put a JPEG into memory twice while it is converted."""


def measure(source: pathlib.Path) -> int:
    """Return how many pixels of an image file are in memory while it is converted.

    An image that is changed on the way, or comes in several passes, is there twice.
    Raises UnknownFormatError, or DamagedImageError.
    """
    with source.open('rb') as file:
        image = open_image(file, load=False)
        plain = image.format == 'JPEG' and image.mode == 'RGB'
        once = plain and not TWICE & image.info.keys()
        return image.width * image.height * (1 if once else 2)


def to_jpeg(source: pathlib.Path, target: pathlib.Path) -> Size:
    """Write an image file as a clean JPEG, and return its size.

    The target has to be there: work that goes on after its service was killed, and
    its file was cleared away, leaves no other.
    Raises UnknownFormatError, or DamagedImageError.
    """
    with source.open('rb') as file:
        image = open_image(file)
        colour = '4:2:0' if image.format in ('JPEG', 'MPO') else '4:4:4'
        fix_transparency(image, start_of(file))
    image = normalise(image)
    with target.open('r+b') as output:
        encode(image, output, colour)
        output.flush()
        os.fsync(output.fileno())
    return image.size


def open_image(file: BinaryIO, load: bool = True) -> PIL.Image.Image:
    """Return the image in a file, as Pillow reads it.

    Raises UnknownFormatError, or DamagedImageError.
    """
    try:
        image = PIL.Image.open(file, formats=list(FORMATS))
        check_size(image)
        check_kind(image)
        if load:
            image.load()
    except PIL.UnidentifiedImageError as error:
        raise unrecognised(start_of(file)) from error
    except PIL.Image.DecompressionBombError as error:
        raise DamagedImageError(
            f'The image is too large: at most {MAX_PIXELS / 1e6:.0f} megapixels, and '
            f'{JPEG_MAX_SIDE} pixels a side, are accepted. Send a smaller one.'
        ) from error
    except MemoryError:
        raise
    except Exception as error:
        # Which exception a damaged file ends in differs from format to format.
        damaged = DamagedImageError(DAMAGED)
        damaged.add_note(repr(error))
        raise damaged from error
    return image


def check_size(image: PIL.Image.Image) -> None:
    """Raise DecompressionBombError if the image is larger than a JPEG should be."""
    if max(image.size) > JPEG_MAX_SIDE or image.width * image.height > MAX_PIXELS:
        raise PIL.Image.DecompressionBombError


def start_of(file: BinaryIO) -> bytes:
    """Return the first bytes of a file: enough to tell what it is."""
    file.seek(0)
    return file.read(64)


def encode(image: PIL.Image.Image, output: BinaryIO, colour: str = '4:2:0') -> None:
    """Write the image as a JPEG, with its colour at half the resolution or in full.

    Raises StorageFullError: Pillow doesn't say which error a disk has, and others
    should not occur. It lets other threads run while it writes to a real file.
    """
    try:
        image.save(output, 'JPEG', quality=QUALITY, subsampling=colour)
    except OSError as error:
        raise StorageFullError(error) from error
