"""Draw what the tests of step 6 draw by chance, as `docs/pictures/random.webp`.

    PYTHONPATH=<a snapshot> python -m workbook.book.random_pictures

The pictures come from the snapshot's own fixture, with a seed that stays the same. Run
it in the environment of `tox -e workbook`.
"""

import contextlib
import importlib.util
import io
import random

from PIL import Image

from workbook.layout import ROOT, steps

FILE = ROOT / 'docs' / 'pictures' / 'random.webp'
CONFTEST = next(
    path
    for step in steps()
    if (path := step.snapshot / 'tests' / 'conftest.py').exists()
)

SEED = 6
COUNT = 3
SIZE = (320, 180)
GAP = 12
"""Between two pictures, in pixels."""


def pictures() -> list[bytes]:
    """Return some files that the fixture `make_image` draws."""
    spec = importlib.util.spec_from_file_location('conftest_of_step6', CONFTEST)
    assert spec is not None and spec.loader is not None  # noqa: PT018, S101
    conftest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conftest)
    random.seed(SEED)
    with contextlib.redirect_stdout(io.StringIO()):  # It prints its own seed.
        make = conftest.make_image.__wrapped__()
    return [make() for _ in range(COUNT)]


def draw() -> bytes:
    """Return the pictures side by side, as a WebP file."""
    width = COUNT * SIZE[0] + (COUNT - 1) * GAP
    strip = Image.new('RGBA', (width, SIZE[1]))
    for place, data in enumerate(pictures()):
        with Image.open(io.BytesIO(data)) as picture:
            strip.paste(picture.resize(SIZE), (place * (SIZE[0] + GAP), 0))
    output = io.BytesIO()
    strip.save(output, 'WEBP', quality=80, method=6)
    return output.getvalue()


if __name__ == '__main__':
    FILE.write_bytes(draw())
