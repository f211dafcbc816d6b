"""The chapter on tests shows pictures that its own fixture draws."""

import io
import sys

import pytest
from PIL import Image, ImageChops, ImageStat

from workbook.book import random_pictures
from workbook.layout import ROOT


@pytest.fixture
def snapshot(monkeypatch):
    """Have the package that the fixture's file imports be step 6's."""
    monkeypatch.syspath_prepend(ROOT / 'steps' / 'step6_tests')
    loaded = [name for name in sys.modules if name.startswith('asgilook')]
    for name in loaded:
        monkeypatch.delitem(sys.modules, name)
    yield
    for name in [name for name in sys.modules if name.startswith('asgilook')]:
        del sys.modules[name]


def test_the_picture_is_what_the_fixture_draws(snapshot):
    """The random pictures in the book are those that the snapshot draws now."""
    file = random_pictures.FILE
    assert file.stat().st_size < 30_000
    drawn = random_pictures.draw()
    with Image.open(file) as old, Image.open(io.BytesIO(drawn)) as new:
        assert old.size == new.size
        kept, now = old.convert('RGB'), new.convert('RGB')
    difference = ImageStat.Stat(ImageChops.difference(kept, now))
    assert max(difference.mean) < 2, 'run python -m workbook.book.random_pictures'


def test_no_two_pictures_are_the_same(snapshot):
    """The fixture draws another picture each time."""
    drawn = random_pictures.pictures()
    assert len(set(drawn)) == len(drawn) == random_pictures.COUNT
