"""Clean pixels: upright, in sRGB, opaque, and nothing else."""

import logging

import PIL.Image
import PIL.ImageOps

from .colour import to_srgb

logger = logging.getLogger(__name__)

GREY = ('1', 'L', 'LA')
"""The modes without colours."""


def normalise(image: PIL.Image.Image) -> PIL.Image.Image:
    """Return the image upright, in sRGB, on white, and without any metadata."""
    profile = image.info.get('icc_profile')
    turn_upright(image)
    if image.mode.startswith('I;16'):
        image = to_eight_bits(image)
    alpha = None
    if image.mode.endswith('A') or 'transparency' in image.info:
        mode = 'LA' if image.mode in GREY else 'RGBA'
        image = image if image.mode == mode else image.convert(mode)
        alpha = image.getchannel('A')
    if profile:
        image = to_srgb(image, profile)
    if alpha or image.mode != 'RGB':
        image = lay_on_white(image, alpha)
    image.info.clear()
    return image


def turn_upright(image: PIL.Image.Image) -> None:
    """Turn a photo as its camera was held, unless its metadata can't be read."""
    try:
        PIL.ImageOps.exif_transpose(image, in_place=True)
    except MemoryError:
        raise
    except Exception as error:
        logger.info('An image has damaged metadata: %r', error)


def to_eight_bits(image: PIL.Image.Image) -> PIL.Image.Image:
    """Return grey of sixteen bits as grey of eight, with its transparency."""
    deep, clear = image.convert('I'), image.info.get('transparency')
    grey = deep.point([value >> 8 for value in range(65_536)], 'L')
    alpha = deep.point([255 * (value != clear) for value in range(65_536)], 'L')
    return PIL.Image.merge('LA', (grey, alpha))


def lay_on_white(
    image: PIL.Image.Image, alpha: PIL.Image.Image | None
) -> PIL.Image.Image:
    """Return the image in RGB, mixed with white as far as it is transparent."""
    white = PIL.Image.new('RGB', image.size, 'white')
    opaque = image if image.mode == 'RGBA' else image.convert('RGB')
    white.paste(opaque, mask=alpha)
    return white
