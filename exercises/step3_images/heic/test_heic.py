"""HEIC photos are accepted: upright, in the right colours, without metadata."""

import io
import re
import tomllib

import PIL.ExifTags
import PIL.Image
import PIL.ImageOps
import pillow_heif
import pytest

from workbook.pictures import profile

CORNERS = ['red', 'lime', 'blue', 'white']
"""The colours of a photo: top left, top right, bottom left and bottom right."""


def photo():
    """Return a picture of four colours."""
    image = PIL.Image.new('RGB', (96, 64))
    for index, colour in enumerate(CORNERS):
        left, top = 48 * (index % 2), 32 * (index // 2)
        image.paste(colour, (left, top, left + 48, top + 32))
    return image


def exif(orientation):
    """Return the metadata of a photo that was taken with the camera held like that."""
    written = PIL.Image.Exif()
    written[PIL.ExifTags.Base.Orientation] = orientation
    written[PIL.ExifTags.Base.ImageDescription] = 'secret'
    return written


def heic(image, orientation=1):
    """Return a picture as a HEIC file, without telling Pillow about that format."""
    output = io.BytesIO()
    made = pillow_heif.from_pillow(image)
    made.save(output, exif=exif(orientation).tobytes(), quality=95)
    return output.getvalue()


def turned(image, orientation):
    """Return a picture as Pillow turns one with that orientation in its EXIF."""
    image.getexif()[PIL.ExifTags.Base.Orientation] = orientation
    return PIL.ImageOps.exif_transpose(image)


def colours(image):
    """Return the colours near the four corners of a picture."""
    right, bottom = image.width - 9, image.height - 9
    places = [(8, 8), (right, 8), (8, bottom), (right, bottom)]
    return [image.convert('RGB').getpixel(place) for place in places]


def near(found, wanted):
    """Return whether colours differ by no more than two codecs make them."""
    return all(
        abs(one - two) < 12
        for pair in zip(found, wanted, strict=True)
        for one, two in zip(*pair, strict=True)
    )


@pytest.fixture
def stored(client, folder):
    """Return a function that uploads a file; it returns the picture on the disk."""

    def upload(data):
        result = client.simulate_post('/images', body=data)
        assert result.status_code == 201
        with PIL.Image.open(folder / f'{result.json["id"]}.jpeg') as image:
            image.load()
        assert result.json['size'] == list(image.size)
        return image

    return upload


def test_stored(stored):
    """A HEIC photo is stored as a JPEG, without its metadata."""
    image = stored(heic(photo()))
    assert image.format == 'JPEG'
    assert near(colours(image), colours(photo()))
    assert b'secret' not in image.info.get('exif', b'')


@pytest.mark.parametrize('orientation', [2, 3, 6, 8], ids='orientation {}'.format)
def test_upright(stored, orientation):
    """A HEIC photo is turned as its camera was held: once, and not twice."""
    upright = turned(photo(), orientation)
    image = stored(heic(photo(), orientation))
    assert image.size == upright.size
    assert near(colours(image), colours(upright))


def test_orientation_in_exif(stored):
    """An orientation in EXIF alone turns nothing: in HEIC, it's only a note."""
    data = heic(photo(), 6)
    assert data.count(b'irot') == 1
    image = stored(data.replace(b'irot', b'free'))
    assert near(colours(image), colours(photo()))


def test_colour(stored):
    """A profile that is embedded in a HEIC photo is applied."""
    image = PIL.Image.new('RGB', (64, 64), (220, 60, 40))
    image.info['icc_profile'] = profile(gamma=2.2, order='gbr')
    assert near(colours(stored(heic(image))), [(40, 220, 60)] * 4)


@pytest.mark.parametrize('part', [0.1, 0.5, 0.9])
def test_cut_short(client, left_behind, part):
    """A HEIC photo that is cut short is damaged, and leaves nothing behind."""
    data = heic(photo())
    data = data[: int(part * len(data))]
    assert client.simulate_post('/images', body=data).status_code == 422
    assert left_behind() == []


def test_advice(client):
    """The advice for a file in no known format names HEIC among the formats."""
    result = client.simulate_post('/images', body=b'text')
    assert result.status_code == 415
    assert 'HEIC' in result.json['description']


def test_named(app_folder):
    """The project lists the plugin among its dependencies."""
    text = (app_folder / 'pyproject.toml').read_text(encoding='utf-8')
    needed = tomllib.loads(text)['project']['dependencies']
    names = {re.split(r'[^\w-]', name.lower())[0] for name in needed}
    assert 'pillow-heif' in names
