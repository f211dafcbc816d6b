"""The work that Pillow leaves to its callers in some TIFFs, PNGs and GIFs."""

import PIL.GifImagePlugin
import PIL.Image

BITS_PER_SAMPLE, PHOTOMETRIC, PLANAR = 258, 262, 284
"""Tags of a TIFF: how its pixels are stored."""

FACTORS = {1: 255, 2: 85, 4: 17}
"""The factor for a grey of so few bits, so that white is 255."""


def check_kind(image: PIL.Image.Image) -> None:
    """Raise ValueError for a TIFF of a kind that Pillow misreads."""
    tags = getattr(image, 'tag_v2', {})
    bits = max(tags.get(BITS_PER_SAMPLE, (8,)))
    plain = bits == 16 and tags.get(PHOTOMETRIC) != 0 and tags.get(PLANAR) != 2
    if image.mode in ('I', 'F') or (bits > 8 and not plain):
        raise ValueError(f'a TIFF of {bits} bits, in the mode {image.mode}')


def fix_transparency(image: PIL.Image.Image, data: bytes) -> None:
    """Make transparent what the file says is: the data is the file's."""
    if image.format == 'PNG':
        scale_transparency(image, bits=data[24])
    elif isinstance(image, PIL.GifImagePlugin.GifImageFile):
        clear_margin(image)


def scale_transparency(image: PIL.Image.Image, bits: int) -> None:
    """Bring a PNG's transparent colour to eight bits, as Pillow does the pixels."""
    clear = image.info.get('transparency')
    if isinstance(clear, int) and image.mode in ('1', 'L'):
        image.info['transparency'] = clear * FACTORS.get(bits, 1)
    elif isinstance(clear, tuple) and bits == 16:
        image.info['transparency'] = tuple(value >> 8 for value in clear)


def clear_margin(image: PIL.GifImagePlugin.GifImageFile) -> None:
    """Make transparent what the first frame of a GIF doesn't cover."""
    if 'transparency' not in image.info:  # If it is, Pillow has done that.
        alpha = PIL.Image.new('L', image.size)
        alpha.paste(255, image.dispose_extent)
        image.putalpha(alpha)
