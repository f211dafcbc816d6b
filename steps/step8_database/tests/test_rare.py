"""Uploading what is rare: colour profiles, odd PNGs and GIFs, forms, HEIC photos."""

import struct
import zlib

import falcon
import PIL.Image
import PIL.ImageCms
import pytest
from test_images import ORIENTATION, file_of, refused, upload_and_open


def grey_profile():
    """Return an ICC profile for grey that counts light as a sensor does."""
    curve = b'curv' + struct.pack('>IIH', 0, 1, 256) + bytes(2)
    white = b'XYZ ' + struct.pack('>4i', 0, 63190, 65536, 54061)
    tags = struct.pack('>I4sII4sII', 2, b'wtpt', 156, 20, b'kTRC', 176, 16)
    kinds = b'mntrGRAYXYZ ' + bytes(12) + b'acsp' + bytes(28)
    head = struct.pack('>IIi', 192, 0, 0x02100000) + kinds + white[8:]
    return head.ljust(128, b'\0') + tags + white + curve


@pytest.mark.parametrize(
    ('profile', 'expected'), [(grey_profile(), 137), (b'broken', 64)]
)
def test_colour_profile(client, profile, expected):
    """Numbers are taken as the profile says, if it can be read."""
    grey = PIL.Image.new('L', (20, 20), 64)

    image = upload_and_open(client, file_of(grey, icc_profile=profile))

    assert abs(image.convert('L').getpixel((10, 10)) - expected) <= 2


def test_usual_colours(client):
    """An image that is in sRGB keeps its numbers."""
    profile = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile('sRGB'))
    blue = PIL.Image.new('RGB', (20, 20), 'royalblue')

    image = upload_and_open(client, file_of(blue, icc_profile=profile.tobytes()))

    assert image.getpixel((10, 10)) == pytest.approx((65, 105, 225), abs=3)


def png(bits, kind, clear, row):
    """Return a PNG of 16 by 1 pixels with a transparent colour."""

    def chunk(name, content):
        checksum = struct.pack('>I', zlib.crc32(name + content))
        return struct.pack('>I', len(content)) + name + content + checksum

    header = struct.pack('>IIBBBBB', 16, 1, bits, kind, 0, 0, 0)
    chunks = [
        chunk(b'IHDR', header),
        chunk(b'tRNS', clear),
        chunk(b'IDAT', zlib.compress(b'\0' + row)),
        chunk(b'IEND', b''),
    ]
    return b'\x89PNG\r\n\x1a\n' + b''.join(chunks)


@pytest.mark.parametrize(
    'data',
    [
        png(2, 0, b'\0\1', b'\x55' * 4),
        png(16, 2, b'\xff\xff\0\0\0\0', b'\xff\xff\0\0\0\0' * 16),
    ],
    ids=['2 bits', '16 bits'],
)
def test_transparent_in_other_bits(client, data):
    """Transparent pixels turn white, however many bits say so."""
    image = upload_and_open(client, data)

    assert min(image.getpixel((8, 0))) > 250


@pytest.mark.parametrize('options', [{}, {'transparency': 1}])
def test_small_frame(client, options):
    """Pixels that the first frame of a GIF leaves uncovered are white."""
    frame = file_of(PIL.Image.new('P', (8, 8)), 'GIF', **options)
    larger = frame[:6] + struct.pack('<HH', 40, 40) + frame[10:]

    image = upload_and_open(client, larger)

    assert image.size == (40, 40)
    assert min(image.getpixel((30, 30))) > 250


def test_damaged_metadata(client, make_image):
    """A photo whose metadata can't be read is stored all the same."""
    width_as_text = struct.pack('<HHHI4s', 2, 0x0100, 2, 4, b'two\0')
    turned = struct.pack('<HHIHH', ORIENTATION, 3, 1, 6, 0)
    exif = b'Exif\0\0II*\0\x08\0\0\0' + width_as_text + turned + bytes(4)
    data = make_image(file_format='JPEG', exif=exif)

    assert sorted(upload_and_open(client, data).size) == [360, 640]


def test_heic(client):
    """A HEIC photo is refused with advice of its own."""
    result = client.simulate_post('/images', body=b'\0\0\0\x18ftypheic' + bytes(50))

    assert result.status == falcon.HTTP_415
    assert 'HEIC' in result.json['description']


def test_form(client, make_image):
    """A form is refused, and the answer says how to send the file itself."""
    headers = {'Content-Type': 'multipart/form-data; boundary=x'}
    body = b'--x\r\n\r\n' + make_image() + b'\r\n--x--'

    result = client.simulate_post('/images', body=body, headers=headers)

    assert result.status == falcon.HTTP_415
    assert 'curl --data-binary' in result.json['description']


def test_hardly_anything(client, config):
    """An image of which only the beginning is there was cut short."""
    assert refused(client, config, b'\x89PNG\r\n') == falcon.HTTP_422


def test_floating_point(client, config):
    """An image of which nobody knows what is white is refused."""
    data = file_of(PIL.Image.new('F', (20, 20), 0.5), 'TIFF')

    assert refused(client, config, data) == falcon.HTTP_422


@pytest.mark.parametrize('name', ['PIL.Image.open', 'PIL.ImageOps.exif_transpose'])
def test_no_memory(client, make_image, monkeypatch, name):
    """If there is no memory for an image, that is no fault of the image."""

    def fail(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr(name, fail)

    result = client.simulate_post('/images', body=make_image())

    assert result.status == falcon.HTTP_500
