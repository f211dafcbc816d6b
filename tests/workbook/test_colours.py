"""The page on colour shows what the service does to colours, and nothing else."""

import sys

from layout import ROOT

sys.path.insert(0, str(ROOT / 'docs' / 'pictures'))

import colours


def test_the_drawing_is_the_one_that_the_script_draws():
    """The drawing of lost and kept colours is as the script draws it now."""
    kept = (ROOT / 'docs' / 'pictures' / 'colours.svg').read_text(encoding='utf-8')
    assert kept == colours.draw(), 'run python docs/pictures/colours.py'


def test_dropped_profiles_make_colours_duller():
    """Numbers of Display P3 that are taken for sRGB are less colourful than meant."""

    def range_of(colour):
        return max(colour) - min(colour)

    for numbers in colours.NUMBERS.values():
        assert range_of(colours.converted(numbers)) > range_of(numbers)
