"""The book's pictures are what the book says of them."""

import io
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from PIL import ExifTags, Image, ImageChops, ImageOps, ImageStat

from workbook.book import browse, samples, viewer_picture
from workbook.layout import ROOT

FOLDER = ROOT / 'docs' / 'pictures'
SHARP_RED, SEA = (200, 52, 44), (60, 120, 150)


@pytest.fixture
def folder(tmp_path):
    """Return a folder with the samples in it."""
    samples.write(tmp_path)
    return tmp_path


def near(one, other, limit=24):
    """Return whether two colours look alike."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) < limit


def test_the_photo_lies_on_its_side(folder):
    """Who forgets the orientation shows the photo fallen over."""
    with Image.open(folder / 'photo.jpeg') as photo:
        assert (photo.format, photo.mode, photo.size) == ('JPEG', 'RGB', (900, 1200))
        assert photo.getexif()[ExifTags.Base.Orientation] == 6
        upright = ImageOps.exif_transpose(photo)
    assert upright.size == (1200, 900)
    # The lighthouse's roof is up, and right; water is down, and left.
    assert near(upright.getpixel((940, 150)), SHARP_RED)
    assert near(upright.getpixel((200, 690)), SEA, 60)


def test_the_photo_tells_more_than_it_should(folder):
    """There is something to remove from the photo: the place, the camera, a comment."""
    with Image.open(folder / 'photo.jpeg') as photo:
        exif = photo.getexif()
        assert exif[ExifTags.Base.Make]
        assert exif[ExifTags.Base.Model]
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
        assert place[ExifTags.GPS.GPSLatitude] == (55, 13, 30)
        assert place[ExifTags.GPS.GPSLongitude] == (27, 45, 0)
        assert photo.info['comment'] == samples.COMMENT


def test_the_logo_hides_red_under_its_transparency(folder):
    """Who drops the transparency shows a red that nobody drew."""
    with Image.open(folder / 'logo.png') as logo:
        assert (logo.format, logo.mode, logo.size) == ('PNG', 'RGBA', (600, 400))
        colours = {colour for _, colour in logo.getcolors(100_000)}
    assert {colour for colour in colours if colour[3] == 0} == {(255, 0, 0, 0)}
    assert any(colour[3] == 255 for colour in colours)


def test_the_notes_are_no_picture(folder):
    """There is a file that the service must not take."""
    with pytest.raises(Image.UnidentifiedImageError):
        Image.open(folder / 'notes.txt')


def test_the_samples_are_the_same_each_time(folder, tmp_path_factory):
    """The sessions in the book show the sizes of what is sent."""
    again = tmp_path_factory.mktemp('again')
    samples.write(again)
    names = {path.name for path in folder.iterdir()}
    assert names == {'photo.jpeg', 'logo.png', 'notes.txt'}
    for name in names:
        assert (folder / name).read_bytes() == (again / name).read_bytes()


def test_the_samples_replace_no_file_of_a_reader(tmp_path):
    """Who has a photo of that name in the folder still has it afterwards."""
    own = tmp_path / 'photo.jpeg'
    own.write_bytes(b'mine')
    command = [sys.executable, samples.__file__, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert 'photo.jpeg already' in done.stderr
    assert done.stderr.count('\n') == 1
    assert [path.name for path in tmp_path.iterdir()] == ['photo.jpeg']
    assert own.read_bytes() == b'mine'


DRAWN = sorted(FOLDER.glob('*.svg'))


@pytest.mark.parametrize('path', DRAWN, ids=lambda path: path.stem)
def test_each_diagram_is_legible(path):
    """A reader may have a telephone, a dark page, or no eyes for pictures."""
    svg = path.read_text(encoding='utf-8')
    root = ElementTree.fromstring(svg)  # noqa: S314 - it is our own
    assert root[0].tag.endswith('title')
    assert root[1].tag.endswith('desc')
    assert root.get('viewBox').startswith('0 0 480 ')
    assert min(map(float, re.findall(r'font-size="([\d.]+)"', svg))) >= 15
    assert 'prefers-color-scheme:dark' in svg
    assert 'currentColor' not in svg
    assert 'http' not in svg.replace('http://www.w3.org/2000/svg', '')


@pytest.mark.parametrize('path', DRAWN, ids=lambda path: path.stem)
def test_each_diagram_is_shown(path):
    """A picture that no page shows is left over."""
    pages = [page.read_text('utf-8') for page in (ROOT / 'docs').rglob('*.rst')]
    ways = [path.name, f'.. trace:: {path.stem}\n']
    assert any(way in page for page in pages for way in ways)


def check_likeness(file, drawn, limit):
    """Compare a picture with one taken now; times, ids and fonts are as they come."""
    assert file.stat().st_size < limit
    with Image.open(file) as old, Image.open(io.BytesIO(drawn)) as new:
        assert old.size == new.size
        small = (old.width // 20, old.height // 20)
        seen = [image.convert('RGB').resize(small) for image in (old, new)]
    difference = ImageStat.Stat(ImageChops.difference(*seen))
    assert max(difference.mean) < 8, 'run python -m workbook.book.viewer_picture'


needs_chromium = pytest.mark.skipif(
    not any(map(shutil.which, browse.BROWSERS)), reason='no Chromium is installed'
)


@needs_chromium
def test_the_viewer_looks_as_the_readme_shows_it():
    """What the picture shows happens again."""
    check_likeness(viewer_picture.FILE, viewer_picture.draw(), 250_000)


@needs_chromium
@pytest.mark.parametrize('number', viewer_picture.CHAPTERS)
def test_the_viewer_looks_as_the_chapter_shows_it(number):
    """What the picture shows happens again, on the step that the chapter is about."""
    file = viewer_picture.chapter_file(number)
    check_likeness(file, viewer_picture.draw_chapter(number), 60_000)
