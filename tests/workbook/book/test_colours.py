"""The page on colour shows what the service does to colours, and nothing else."""

import sys

import pytest

from workbook.layout import ROOT


@pytest.fixture
def drawing(monkeypatch):
    """Return the module that draws, on the snapshot that brings colours."""
    monkeypatch.syspath_prepend(ROOT / 'steps' / 'step2_store')
    for name in [name for name in sys.modules if name.startswith('asgilook')]:
        monkeypatch.delitem(sys.modules, name)
    from workbook.book import colour_picture

    yield colour_picture
    for name in [name for name in sys.modules if name.startswith('asgilook')]:
        del sys.modules[name]


def test_the_drawing_is_the_one_that_the_script_draws(drawing):
    """The drawing of lost and kept colours is as the script draws it now."""
    kept = drawing.FILE.read_text(encoding='utf-8')
    assert kept == drawing.draw(), 'run python -m workbook.book.colour_picture'


def test_dropped_profiles_make_colours_duller(drawing):
    """Numbers of Display P3 that are taken for sRGB are less colourful than meant."""

    def range_of(colour):
        return max(colour) - min(colour)

    for numbers in drawing.NUMBERS.values():
        assert range_of(drawing.converted(numbers)) > range_of(numbers)
