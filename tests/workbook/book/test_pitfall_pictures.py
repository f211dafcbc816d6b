"""The pictures of spoiled and of clean uploads are what the two programs make."""

import io
import sys

import pytest
from PIL import Image, ImageChops, ImageStat

from workbook.layout import ROOT

LARGEST = 60_000
PAGES = [path.read_text(encoding='utf-8') for path in (ROOT / 'docs').rglob('*.rst')]


@pytest.fixture(scope='module')
def made():
    """Return each picture as it is made today, on the snapshot that brings images."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / 'steps' / 'step2_store')
        for name in [name for name in sys.modules if name.startswith('asgilook')]:
            patch.delitem(sys.modules, name)
        from workbook.book import pitfall_pictures

        yield dict(pitfall_pictures.draw()), pitfall_pictures.FOLDER
    for name in [*sys.modules]:
        if name.startswith('asgilook') or name.endswith('.pitfall_pictures'):
            del sys.modules[name]


def pixels(data):
    """Return a picture's pixels."""
    with Image.open(io.BytesIO(data)) as image:
        return image.convert('RGB')


def distance(one, other):
    """Return by how much two pictures differ: on average, and in one channel."""
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def test_the_pictures_are_those_that_the_program_makes(made):
    """The files in docs/pictures are as today's code makes them."""
    # Libraries that write JPEG and WebP differ in a few pixels; a spoiled picture
    # differs from a clean one by far more than that.
    pictures, folder = made
    for name, data in pictures.items():
        kept, now = (folder / name).read_bytes(), pixels(data)
        assert len(kept) < LARGEST
        assert pixels(kept).size == now.size
        far = 'run python -m workbook.book.pitfall_pictures'
        assert distance(pixels(kept), now) < 1.5, f'{name}: {far}'


def test_spoiled_and_clean_can_be_told_apart(made):
    """Each pair shows a difference, and it is the one that the book speaks of."""
    pictures, _ = made
    image = {name.partition('.')[0]: pixels(data) for name, data in pictures.items()}
    lying, upright = image['photo-spoiled'], image['photo-clean']
    assert lying.size == upright.size[::-1]
    assert upright.width > upright.height
    assert image['logo-spoiled'].getpixel((2, 2))[1] < 20
    assert min(image['logo-clean'].getpixel((2, 2))) > 250
    dull, true = image['colours-spoiled'], image['colours-clean']
    assert distance(dull, true) > 4
    colourful = [
        ImageStat.Stat(each.convert('HSV').getchannel('S')).mean[0]
        for each in (dull, true)
    ]
    assert colourful[0] < colourful[1]


def test_each_picture_is_shown_with_a_description(made):
    """A page shows each picture, and says what is on it to who can't see it."""
    pictures, _ = made
    for name in pictures:
        after = [page.split(f'/pictures/{name}\n')[1:] for page in PAGES]
        shown = [text for texts in after for text in texts]
        assert shown, f'no page shows {name}'
        assert all(text.lstrip().startswith(':alt: ') for text in shown)
