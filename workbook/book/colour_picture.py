"""Draw what a lost colour profile does, as `docs/pictures/colours.svg`.

    PYTHONPATH=<a snapshot> python -m workbook.book.colour_picture

Each colour is drawn twice, from the same numbers: as sRGB, which is what a browser
takes them for when the profile is gone, and converted from Display P3 by the service.
"""

import struct

import PIL.Image

from asgilook.colour import to_srgb
from workbook.layout import ROOT
from workbook.pictures import put_together

FILE = ROOT / 'docs' / 'pictures' / 'colours.svg'

Colour = tuple[int, int, int]

PRIMARIES = {
    b'rXYZ': (0.51512, 0.2412, -0.00105),
    b'gXYZ': (0.29198, 0.69225, 0.04189),
    b'bXYZ': (0.1571, 0.06657, 0.78407),
    b'wtpt': (0.9642, 1.0, 0.8249),
}
"""What Display P3 means by red, green, blue and white."""

NUMBERS: dict[str, Colour] = {
    'lips': (195, 45, 50),
    'orange': (235, 125, 45),
    'lemon': (240, 215, 60),
    'grass': (75, 165, 50),
    'sea': (30, 160, 170),
    'sky': (60, 115, 215),
}
"""Some colours, by the numbers that a phone stores for them."""

WIDTH, SIDE = 480, 64
STYLE = (
    '.card{fill:#f3f5f8}text{fill:#1b2530}'
    '@media (prefers-color-scheme:dark){.card{fill:#1a1f26}text{fill:#eef2f6}}'
)


def display_p3() -> bytes:
    """Return a profile for Display P3, with the curve of sRGB."""
    steps = [n / 1023 for n in range(1024)]
    light = [n / 12.92 if n <= 0.04045 else ((n + 0.055) / 1.055) ** 2.4 for n in steps]
    points = [round(65535 * value) for value in light]
    curve = b'curv' + struct.pack('>II1024H', 0, 1024, *points)
    tags = {
        name: b'XYZ ' + struct.pack('>4i', 0, *(round(65536 * n) for n in place))
        for name, place in PRIMARIES.items()
    }
    tags |= dict.fromkeys([b'rTRC', b'gTRC', b'bTRC'], curve)
    return put_together('RGB ', tags)


def converted(colour: Colour) -> Colour:
    """Return the numbers that sRGB has for a colour of Display P3."""
    image = to_srgb(PIL.Image.new('RGB', (1, 1), colour), display_p3())
    red, green, blue = image.tobytes()
    return red, green, blue


def row(top: int, title: str, colours: list[Colour]) -> list[str]:
    """Return a title and a row of colours below it."""
    lines = [f'<text x="16" y="{top + 14}">{title}</text>']
    for place, (red, green, blue) in enumerate(colours):
        fill = f'#{red:02x}{green:02x}{blue:02x}'
        left = 16 + place * (SIDE + 12)
        box = f'x="{left}" y="{top + 24}" width="{SIDE}" height="{SIDE}"'
        lines.append(f'<rect {box} rx="6" fill="{fill}"/>')
    return lines


def draw() -> str:
    """Return the drawing."""
    numbers = list(NUMBERS.values())
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} 232" '
        'font-family="sans-serif" font-size="15" role="img">',
        '<title>Colours with and without their profile</title>',
        '<desc>Six colours, twice: duller above, where the profile is lost.</desc>',
        f'<style>{STYLE}</style>',
        f'<rect class="card" width="{WIDTH}" height="232" rx="8"/>',
        *row(16, 'The profile is dropped', numbers),
        *row(120, 'The profile is applied', [converted(each) for each in numbers]),
        '</svg>',
    ]
    return '\n'.join(lines) + '\n'


if __name__ == '__main__':
    FILE.write_text(draw(), encoding='utf-8', newline='\n')
