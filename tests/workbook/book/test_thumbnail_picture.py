"""The picture of step 4's pitfall shows what Pillow and the service really make."""

import re
import sys

import pytest

from workbook.layout import ROOT

DATA = re.compile('base64,[^"]+')


@pytest.fixture
def drawing(monkeypatch):
    """Return the module that draws, on the snapshot that scales pictures."""
    monkeypatch.syspath_prepend(ROOT / 'steps' / 'step4_thumbnails')
    for name in [name for name in sys.modules if name.startswith('asgilook')]:
        monkeypatch.delitem(sys.modules, name)
    from workbook.book import thumbnail_picture

    yield thumbnail_picture
    for name in [name for name in sys.modules if name.startswith('asgilook')]:
        del sys.modules[name]


def test_sizes(drawing):
    """Pillow's `thumbnail` is too narrow by 16 pixels, and the service's is right."""
    sizes = {name: image.size for name, image in drawing.thumbnails().items()}
    assert sizes == {'thumbnail': (1984, 64), 'resize': (2000, 64)}


def test_drawing(drawing):
    """The drawing is as the program draws it; pixels may differ by Pillow's version."""
    kept = drawing.FILE.read_text(encoding='utf-8')
    again = 'run python -m workbook.book.thumbnail_picture'
    assert DATA.sub('', kept) == DATA.sub('', drawing.draw()), again
    assert '1984 × 64, 16 pixels missing' in kept  # noqa: RUF001 - it is a size
