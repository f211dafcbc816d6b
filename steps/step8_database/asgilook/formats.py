"""The formats that are read, and what is wrong with a file that is not."""

import re

FORMATS = {
    'JPEG': rb'\xff\xd8\xff',
    'PNG': rb'\x89PNG',
    'WEBP': rb'RIFF....WEBP',
    'AVIF': rb'....ftyp.{0,40}avi[fs]',
    'GIF': rb'GIF8[79]a',
    'TIFF': rb'II[*+]\0|MM\0[*+]',
    'BMP': rb'BM....\0\0\0\0',
}
"""The formats that are read, by Pillow's names, and how their files begin."""

HEIC = rb'....ftyp(he[iv]|mif|msf)'
"""How a photo begins that a phone has saved as HEIC."""

UNKNOWN = (
    'This is not an image in a supported format. '
    'Send a JPEG, PNG, WebP, AVIF, GIF, TIFF or BMP file.'
)
UNKNOWN_HEIC = (
    'HEIC photos are not supported. Export the photo as a JPEG, and send that.'
)
DAMAGED = (
    'The image is damaged, cut short, or of an unusual kind. '
    'Save it again as a JPEG or a PNG, and send that.'
)


class UnknownFormatError(ValueError):
    """The data isn't an image in a format that is read."""


class DamagedImageError(ValueError):
    """The image is damaged, cut short, too large, or of an unusual kind."""


def unrecognised(data: bytes) -> ValueError:
    """Return the exception to raise for data that Pillow doesn't recognise."""
    if re.match(b'|'.join(FORMATS.values()), data, re.DOTALL):
        return DamagedImageError(DAMAGED)
    if re.match(HEIC, data, re.DOTALL):
        return UnknownFormatError(UNKNOWN_HEIC)
    return UnknownFormatError(UNKNOWN)
