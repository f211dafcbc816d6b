"""What Pillow does with a stored JPEG: blocking work, to be run in an executor."""

import pathlib
import tempfile

import PIL.Image

from .convert import Size, encode
from .files import DamagedFileError, open_jpeg


def shrink(path: pathlib.Path, size: Size) -> bytes:
    """Return a thumbnail of a stored JPEG, as a JPEG of exactly that size.

    Raises FileNotFoundError, DamagedFileError, or StorageFullError.
    """
    with open_jpeg(path) as file, tempfile.TemporaryFile() as output:
        try:
            image = scale(PIL.Image.open(file, formats=['JPEG']), size)
        except MemoryError:
            raise
        except Exception as error:
            raise DamagedFileError(path) from error
        encode(image, output)
        output.seek(0)
        return output.read()


def scale(image: PIL.Image.Image, size: Size) -> PIL.Image.Image:
    """Return a JPEG that isn't loaded yet, scaled to a size.

    The decoder scales by 2, 4 or 8: to the size itself where that comes out even,
    and otherwise to twice the size at least. `resize` does the rest.
    """
    even = image.width % size[0] == 0 and image.height % size[1] == 0
    drafted = image.draft('RGB', size if even else (2 * size[0], 2 * size[1]))
    box = drafted and drafted[1]
    return image.resize(size, box=box, reducing_gap=2.0)
