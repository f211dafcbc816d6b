"""Colour: what the numbers in an image mean."""

import io
import itertools

import PIL.Image
import PIL.ImageChops
import PIL.ImageCms

SRGB = PIL.ImageCms.createProfile('sRGB')
"""The meaning of the numbers where an image doesn't say."""

MODES = {'1': 'L', 'L': 'L', 'LA': 'L', 'CMYK': 'CMYK'}
"""The mode that a profile is made for, by the image's own; RGB for all others."""

COLOURS = itertools.product(range(0, 256, 51), repeat=3)
SAMPLE = PIL.Image.frombytes('RGB', (6, 36), bytes(itertools.chain(*COLOURS)))
"""An image of 216 colours, to try a profile on."""


def to_srgb(image: PIL.Image.Image, profile: bytes) -> PIL.Image.Image:
    """Return the image in sRGB, its numbers read as the ICC profile says.

    A profile that is broken, or made for another kind of image, is ignored.
    """
    mode = MODES.get(image.mode, 'RGB')
    try:
        transform = PIL.ImageCms.buildTransform(
            io.BytesIO(profile),
            SRGB,
            mode,
            'RGB',
            PIL.ImageCms.Intent.RELATIVE_COLORIMETRIC,
            PIL.ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except PIL.ImageCms.PyCMSError:
        return image
    if mode == 'RGB' and changes_nothing(transform):
        return image
    return transform.apply(image if image.mode == mode else image.convert(mode))


def changes_nothing(transform: PIL.ImageCms.ImageCmsTransform) -> bool:
    """Return whether colours stay as they are: whether the profile is sRGB itself."""
    difference = PIL.ImageChops.difference(SAMPLE, transform.apply(SAMPLE))
    return difference.point(lambda value: value // 3).getbbox() is None
