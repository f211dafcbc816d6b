"""Draw the sample pictures that the book's sessions send to the service.

    python -m workbook.book.samples FOLDER

`photo.jpeg` is a view with a lighthouse, stored as a phone held upright would store
it: lying on its side, with a tag that says so, and with much else in its metadata.
`logo.png` is a bird on nothing, and `notes.txt` is no picture at all.
"""

import pathlib
import sys

from PIL import ExifTags, Image, ImageDraw, ImageOps

NAMES = ['photo.jpeg', 'logo.png', 'notes.txt']
"""The files that are written."""

PHOTO = (1200, 900)
"""The size of the photo, upright."""

LOGO = (600, 400)

FINER = 2
"""How much larger all is drawn than it is kept, for smooth edges."""

TURN_RIGHT = 6
"""The EXIF orientation of a picture that is to be turned to the right."""

HIDDEN = (255, 0, 0, 0)
"""A red that nobody sees, for it is fully transparent."""

COMMENT = b'A lighthouse that nobody will find on a map.'

NOTES = """\
The lighthouse stands to the right, the sun to the left.
This is a text: a service for pictures should not take it.
"""

Colour = tuple[int, int, int]
Point = tuple[float, float]


class Canvas:
    """A picture to draw on, in the measures of the picture that comes of it."""

    def __init__(self, image: Image.Image) -> None:
        self.image = image
        self._draw = ImageDraw.Draw(image)

    def polygon(self, colour: Colour | int, *points: Point) -> None:
        """Draw a shape with corners."""
        self._draw.polygon([(FINER * x, FINER * y) for x, y in points], fill=colour)

    def ellipse(self, colour: Colour | int, centre: Point, radii: Point) -> None:
        """Draw a shape without corners."""
        (x, y), (across, down) = centre, radii
        corners = (x - across, y - down, x + across, y + down)
        self._draw.ellipse([FINER * place for place in corners], fill=colour)

    def rectangle(self, colour: Colour | int, left_top: Point, size: Point) -> None:
        """Draw a shape with right angles."""
        (x, y), (width, height) = left_top, size
        self.polygon(
            colour, (x, y), (x + width, y), (x + width, y + height), (x, y + height)
        )


def finer(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size at which a picture is drawn."""
    return FINER * size[0], FINER * size[1]


def fade(top: Colour, bottom: Colour, size: tuple[int, int]) -> Image.Image:
    """Return a picture that goes from one colour to another."""
    return ImageOps.colorize(Image.linear_gradient('L').resize(size), top, bottom)


def view() -> Image.Image:
    """Return the photo's scene, upright: the sun left, a lighthouse right."""
    image = Image.new('RGB', finer(PHOTO))
    image.paste(fade((62, 124, 190), (252, 222, 178), finer((1200, 600))))
    image.paste(
        fade((96, 158, 184), (22, 74, 108), finer((1200, 320))), finer((0, 580))
    )
    canvas = Canvas(image)

    canvas.ellipse((255, 240, 196), (250, 330), (74, 74))
    canvas.ellipse((255, 250, 232), (250, 330), (60, 60))
    for x, y, across in [
        (520, 150, 120),
        (610, 128, 90),
        (440, 168, 70),
        (150, 190, 80),
    ]:
        canvas.ellipse((240, 240, 242), (x, y), (across, 24))

    canvas.polygon(
        (128, 152, 168), (0, 580), (0, 520), (170, 440), (330, 520), (470, 470),
        (680, 580),
    )  # fmt: skip
    canvas.polygon(
        (88, 124, 122), (0, 582), (0, 560), (120, 520), (300, 556), (420, 582)
    )
    for y, left, width in [
        (640, 150, 260),
        (676, 60, 180),
        (712, 300, 220),
        (770, 90, 320),
    ]:
        canvas.rectangle((160, 196, 206), (left, y), (width, 5))

    boat(canvas)
    lighthouse(canvas)
    return image.resize(PHOTO, Image.Resampling.BOX)


def boat(canvas: Canvas) -> None:
    """Draw a boat that sails to the left."""
    canvas.polygon((250, 248, 240), (462, 520), (462, 650), (372, 650))
    canvas.polygon((214, 80, 60), (472, 548), (472, 650), (528, 650))
    canvas.rectangle((70, 46, 34), (464, 510), (6, 150))
    canvas.polygon((70, 46, 34), (366, 660), (548, 660), (520, 692), (398, 692))


def lighthouse(canvas: Canvas) -> None:
    """Draw a lighthouse on a cliff, with the keeper's house beside it."""
    canvas.polygon(
        (74, 96, 56), (620, 900), (660, 760), (740, 690), (820, 640), (1010, 610),
        (1200, 640), (1200, 900),
    )  # fmt: skip
    canvas.polygon(
        (98, 128, 66), (740, 692), (820, 642), (1010, 612), (1200, 642), (1200, 690)
    )

    white, red, dark = (250, 247, 240), (200, 52, 44), (52, 48, 50)
    top, bottom, left, right = 230, 640, 884, 996
    for band in range(5):
        y0 = top + (bottom - top) * band / 5
        y1 = top + (bottom - top) * (band + 1) / 5
        in0, in1 = 26 * (bottom - y0) / 410, 26 * (bottom - y1) / 410
        canvas.polygon(
            red if band % 2 else white,
            (left + in0, y0), (right - in0, y0), (right - in1, y1), (left + in1, y1),
        )  # fmt: skip
    canvas.rectangle(dark, (892, 218), (96, 14))
    canvas.rectangle((255, 226, 120), (914, 164), (52, 54))
    for x in (912, 937, 962):
        canvas.rectangle(dark, (x, 160), (6, 60))
    canvas.polygon(red, (898, 166), (940, 118), (982, 166))
    canvas.rectangle(dark, (926, 600), (28, 40))

    canvas.rectangle(white, (1040, 560), (120, 80))
    canvas.polygon((150, 66, 46), (1026, 564), (1064, 506), (1136, 506), (1174, 564))
    canvas.rectangle((86, 120, 150), (1058, 584), (26, 26))
    canvas.rectangle(dark, (1112, 584), (28, 56))


def metadata() -> Image.Exif:
    """Return what a camera tells of a photo, and of who took it where."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = 'Workbook'
    exif[ExifTags.Base.Model] = 'Sample 1'
    exif[ExifTags.Base.Orientation] = TURN_RIGHT
    exif[ExifTags.Base.DateTime] = '2026:05:17 18:42:07'
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            ExifTags.GPS.GPSLatitudeRef: 'N',
            ExifTags.GPS.GPSLatitude: (55.0, 13.0, 30.0),
            ExifTags.GPS.GPSLongitudeRef: 'W',
            ExifTags.GPS.GPSLongitude: (27.0, 45.0, 0.0),
        }
    )
    return exif


def bird() -> Image.Image:
    """Return the logo: a falcon of a few straight lines, on a hidden red."""
    slate, steel, sand, amber = (
        (44, 62, 80),
        (84, 110, 136),
        (226, 214, 190),
        (240, 168, 48),
    )
    outline = [
        (66, 96), (250, 168), (300, 108), (336, 92), (372, 104), (396, 128),
        (370, 138), (358, 172), (548, 70), (470, 214), (372, 262), (338, 352),
        (300, 300), (262, 352), (262, 268), (150, 216),
    ]  # fmt: skip
    shape = Image.new('L', finer(LOGO))
    Canvas(shape).polygon(255, *outline)

    image = Image.new('RGB', finer(LOGO), slate)
    canvas = Canvas(image)
    canvas.polygon(steel, (60, 90), (256, 166), (262, 272), (146, 218))
    canvas.polygon(steel, (554, 64), (358, 172), (352, 270), (474, 216))
    canvas.polygon(slate, (60, 90), (256, 166), (258, 210))
    canvas.polygon(slate, (554, 64), (358, 172), (354, 212))
    canvas.polygon(sand, (306, 150), (352, 150), (350, 250), (306, 288), (280, 240))
    canvas.polygon(amber, (366, 96), (410, 128), (368, 142))
    canvas.ellipse(amber, (344, 118), (9, 9))
    canvas.ellipse((20, 26, 34), (345, 118), (5, 5))

    alpha = shape.resize(LOGO, Image.Resampling.BOX)
    logo = image.resize(LOGO, Image.Resampling.BOX)
    logo.putalpha(alpha)
    logo.paste(HIDDEN, mask=alpha.point(lambda value: 0 if value else 255))
    return logo


def write(folder: pathlib.Path) -> None:
    """Write the samples into a folder; what they replace is lost."""
    sideways = view().transpose(Image.Transpose.ROTATE_90)
    sideways.save(folder / 'photo.jpeg', quality=85, exif=metadata(), comment=COMMENT)
    bird().save(folder / 'logo.png')
    (folder / 'notes.txt').write_text(NOTES, encoding='utf-8', newline='\n')


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit('Say which folder to write to: python -m workbook.book.samples FOLDER')
    target = pathlib.Path(sys.argv[1])
    if not target.is_dir():
        sys.exit(f'There is no folder {target}: make it first, or name another.')
    if there := [name for name in NAMES if (target / name).exists()]:
        sys.exit(f'{target} has {", ".join(there)} already: move that away first.')
    write(target)
