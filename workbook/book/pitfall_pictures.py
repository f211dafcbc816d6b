"""Make the book's pictures of what becomes of an upload: spoiled, and as it should be.

    PYTHONPATH=<a snapshot> python -m workbook.book.pitfall_pictures

Each upload is converted twice: by `examples/explanation/plain_conversion.py`, which is
the obvious way, and by the service. Both results go to docs/pictures/, in the size in
which the book shows them.
"""

import io
import runpy
from collections.abc import Callable, Iterator

import PIL.Image
import PIL.ImageEnhance

from asgilook.convert import to_jpeg
from workbook.book import samples
from workbook.book.colour_picture import display_p3
from workbook.layout import ROOT

FOLDER = ROOT / 'docs' / 'pictures'
PLAIN = ROOT / 'examples' / 'explanation' / 'plain_conversion.py'

SIDE = 400
"""The longer side of each picture, in pixels."""

QUALITY = 82
"""The quality of each picture, out of 100."""

VIVID = 1.35
"""How much more colourful than the sample the photo in Display P3 is."""

CLOSE = (420, 60, 1180, 900)
"""The part of the view in which most of the colours are."""


def file_of(image: PIL.Image.Image, file_format: str, **options: object) -> bytes:
    """Return an image as a file's data."""
    output = io.BytesIO()
    image.save(output, file_format, **options)
    return output.getvalue()


def photo() -> bytes:
    """Return the sample photo: on its side, with a tag that says so."""
    image = samples.view().transpose(PIL.Image.Transpose.ROTATE_90)
    return file_of(image, 'JPEG', quality=95, exif=samples.metadata())


def logo() -> bytes:
    """Return the sample logo: a red that nobody sees around it."""
    return file_of(samples.bird(), 'PNG')


def wide_gamut() -> bytes:
    """Return the lighthouse close up, its numbers meant as Display P3."""
    image = PIL.ImageEnhance.Color(samples.view().crop(CLOSE)).enhance(VIVID)
    return file_of(image, 'JPEG', quality=95, icc_profile=display_p3())


UPLOADS: dict[str, Callable[[], bytes]] = {
    'photo': photo,
    'logo': logo,
    'colours': wide_gamut,
}
"""What is uploaded, by the name that its pictures begin with."""


def shown(jpeg: bytes) -> bytes:
    """Return a stored picture as the book shows it."""
    with PIL.Image.open(io.BytesIO(jpeg)) as image:
        image.thumbnail((SIDE, SIDE))
        return file_of(image, 'WEBP', quality=QUALITY, method=6)


def draw() -> Iterator[tuple[str, bytes]]:
    """Yield each picture's file name, and its data."""
    plain = runpy.run_path(str(PLAIN))['to_jpeg']
    for name, upload in UPLOADS.items():
        data = upload()
        yield f'{name}-spoiled.webp', shown(plain(data))
        yield f'{name}-clean.webp', shown(to_jpeg(data)[0])


if __name__ == '__main__':
    for name, data in draw():
        (FOLDER / name).write_bytes(data)
