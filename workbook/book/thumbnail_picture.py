"""Draw a thumbnail that is too narrow, as `docs/pictures/thumbnail-too-narrow.svg`.

    PYTHONPATH=<a snapshot> python -m workbook.book.thumbnail_picture

A brick wall of 4000 by 129 pixels is scaled twice: with Pillow's `thumbnail`, as in the
pitfall of step 4, and by the service. What's drawn is the right end of each, magnified,
in the space that the size in the path promises.
"""

import base64
import io
import pathlib
import tempfile

import PIL.Image
import PIL.ImageDraw

from asgilook.convert import encode, shrink
from workbook.layout import ROOT

FILE = ROOT / 'docs' / 'pictures' / 'thumbnail-too-narrow.svg'

WALL, PROMISED = (4000, 129), (2000, 64)
BRICK = (64, 32)
SHOWN = 72
"""How many columns of the promised width are drawn, in pixels of the thumbnail."""

TIMES = 3
"""How large a pixel of a thumbnail is drawn."""

STYLE = (
    '.card{fill:#f3f5f8}text{fill:#1b2530}.edge{fill:none;stroke:#5b6b80}'
    '.gap{fill:#f9d2ce;stroke:#b42318}'
    '@media (prefers-color-scheme:dark){.card{fill:#1a1f26}text{fill:#eef2f6}'
    '.edge{stroke:#9aa9bb}.gap{fill:#682a26;stroke:#ff8f85}}'
)


def wall() -> PIL.Image.Image:
    """Return a picture of a wall, which is very wide and not high."""
    image = PIL.Image.new('RGB', WALL, (222, 214, 200))
    draw = PIL.ImageDraw.Draw(image)
    wide, high = BRICK
    for row, top in enumerate(range(0, WALL[1], high)):
        for place, left in enumerate(range(-(row % 2) * wide // 2, WALL[0], wide)):
            colour = (150 + 13 * ((place + 2 * row) % 4), 74, 58)
            draw.rectangle((left, top, left + wide - 7, top + high - 7), colour)
    return image


def by_thumbnail(path: pathlib.Path) -> PIL.Image.Image:
    """Return what the pitfall makes of a picture."""
    with PIL.Image.open(path) as image:
        image.thumbnail(PROMISED)
        return PIL.Image.open(io.BytesIO(encode(image)))


def by_shrink(path: pathlib.Path) -> PIL.Image.Image:
    """Return what the service makes of it."""
    return PIL.Image.open(io.BytesIO(shrink(path, PROMISED)))


def thumbnails() -> dict[str, PIL.Image.Image]:
    """Return both thumbnails of the wall, each by the name of what made it."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'wall.jpeg'
        wall().save(path, quality=95)
        return {'thumbnail': by_thumbnail(path), 'resize': by_shrink(path)}


def panel(left: int, name: str, image: PIL.Image.Image) -> list[str]:
    """Return the right end of a thumbnail in the space there is for it."""
    missing = PROMISED[0] - image.width
    columns = SHOWN - missing
    end = image.crop((image.width - columns, 0, image.width, image.height))
    output = io.BytesIO()
    end.quantize(32).save(output, 'PNG', optimize=True)
    data = base64.b64encode(output.getvalue()).decode()
    width, height = TIMES * columns, TIMES * PROMISED[1]
    lines = [
        f'<text x="{left}" y="34" font-family="monospace">{name}</text>',
        f'<image x="{left}" y="48" width="{width}" height="{height}" '
        f'style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>',
        f'<rect class="edge" x="{left}" y="48" width="{TIMES * SHOWN}" '
        f'height="{height}"/>',
        f'<text x="{left}" y="{48 + height + 24}">'
        f'{image.width} × {image.height}'  # noqa: RUF001 - it is a size
        f'{f", {missing} pixels missing" if missing else ""}</text>',
    ]
    if missing:
        lines.append(
            f'<rect class="gap" x="{left + width}" y="48" '
            f'width="{TIMES * missing}" height="{height}"/>'
        )
    return lines


def draw() -> str:
    """Return the drawing."""
    width, height = 2 * TIMES * SHOWN + 48, TIMES * PROMISED[1] + 88
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="15" role="img">',
        '<title>A thumbnail that is too narrow</title>',
        '<desc>The right end of a wall, twice: 16 columns are missing from the one '
        "that Pillow's thumbnail made; the other fills its space.</desc>",
        f'<style>{STYLE}</style>',
        f'<rect class="card" width="{width}" height="{height}" rx="8"/>',
    ]
    for place, (name, image) in enumerate(thumbnails().items()):
        left = 16 + place * (TIMES * SHOWN + 16)
        lines += panel(left, f'{name}({PROMISED})', image)
    return '\n'.join([*lines, '</svg>']) + '\n'


if __name__ == '__main__':
    FILE.write_text(draw(), encoding='utf-8', newline='\n')
