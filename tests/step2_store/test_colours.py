"""Step 2: a stored picture looks as it did where it came from."""

import PIL.Image
import PIL.ImageCms
import pytest

from workbook.pictures import draw, file_of, profile

pytestmark = pytest.mark.hint(
    "An embedded profile (`image.info['icc_profile']`) says what the numbers of the "
    'colours mean. It is lost with the metadata, so who has read it before?',
    '`PIL.ImageCms.buildTransform` from the profile to sRGB, for the mode of the '
    'picture, and `transform.apply(image)`: before the picture is laid on white.',
    section='step2-colour',
)
LINEAR = {64: 137, 128: 188, 200: 228}
"""The numbers in sRGB, by numbers that count light as a sensor does."""


def near(colour, other):
    """Return whether two colours differ by no more than JPEG makes them."""
    return all(abs(one - two) < 8 for one, two in zip(colour, other, strict=True))


@pytest.fixture
def stored_colour(store, run):
    """Return a function that stores a picture, and returns the colour in its middle."""

    def colour(data):
        image = run(store.save('a', data))
        with PIL.Image.open(image.path) as stored:
            return stored.convert('RGB').getpixel((10, 10))

    return colour


def plain(mode, colour):
    """Return a picture of one colour."""
    return PIL.Image.new(mode, (20, 20), colour)


@pytest.mark.parametrize('file_format', ['JPEG', 'PNG', 'WEBP', 'TIFF', 'AVIF'])
def test_profile(stored_colour, file_format):
    """A picture with a colour profile keeps its colours, converted to sRGB."""
    linear = file_of(
        plain('RGB', (64, 128, 200)), file_format, icc_profile=profile(gamma=1)
    )
    assert near(stored_colour(linear), (137, 188, 228))


def test_other_primaries(stored_colour):
    """A profile whose red, green and blue are others is followed, too."""
    turned = profile(gamma=2.2, order='gbr')
    data = file_of(plain('RGB', (220, 60, 40)), icc_profile=turned)
    assert near(stored_colour(data), (40, 220, 60))


def test_palette(stored_colour):
    """The colours of a palette have a profile as well."""
    image = plain('P', 0)
    image.putpalette([64, 128, 200])
    data = file_of(image, icc_profile=profile())
    assert near(stored_colour(data), (137, 188, 228))


@pytest.mark.parametrize('mode', ['L', 'LA', 'I;16'])
def test_grey(stored_colour, mode):
    """A grey picture follows a profile for grey."""
    numbers = {'L': 64, 'LA': (64, 255), 'I;16': 64 * 256}
    data = file_of(plain(mode, numbers[mode]), icc_profile=profile('GRAY'))
    assert near(stored_colour(data), (137, 137, 137))


@pytest.mark.parametrize('file_format', ['JPEG', 'TIFF'])
@pytest.mark.parametrize(
    ('inks', 'grey'),
    [((0, 0, 0, 0), 255), ((255, 0, 0, 0), 118), ((255, 0, 255, 0), 59)],
)
def test_inks(stored_colour, file_format, inks, grey):
    """Inks look as the profile of their paper says, and the paper is white."""
    data = file_of(plain('CMYK', inks), file_format, icc_profile=profile('CMYK'))
    assert near(stored_colour(data), (grey,) * 3)


@pytest.mark.hint(
    'If a picture is half transparent, its colour is mixed with white. '
    'Have you converted that colour to sRGB by then?',
    'First convert the colours to sRGB, leaving out the alpha channel. '
    'Then paste the picture onto white, with the alpha channel as the '
    'mask.',
    section='step2-colour',
)
@pytest.mark.parametrize('space', ['RGB ', 'GRAY'])
def test_half_transparent_with_a_profile(stored_colour, space):
    """A profile is applied before a picture is laid on white."""
    image = plain('LA', (64, 128))
    if space == 'RGB ':
        image = image.convert('RGBA')
    data = file_of(image, icc_profile=profile(space))
    assert near(stored_colour(data), (196, 196, 196))


def test_clear_palette_with_a_profile(stored_colour):
    """A profile makes nothing visible that was transparent."""
    image = plain('P', 0)
    image.putpalette([255, 0, 0])
    data = file_of(image, icc_profile=profile(), transparency=0)
    assert near(stored_colour(data), (255, 255, 255))


@pytest.mark.hint(
    'A profile may be damaged, or made for another kind of picture. '
    "That's no reason to refuse the pixels.",
    'Catch `PIL.ImageCms.PyCMSError` around `buildTransform`, and carry '
    'on without the profile.',
    section='step2-colour',
)
@pytest.mark.parametrize(
    ('mode', 'wrong'),
    [
        ('RGB', b'no profile'),
        ('RGB', profile()[:150]),
        ('RGB', profile('CMYK')),
        ('RGB', profile('GRAY')),
        ('L', profile()),
        ('P', profile('GRAY')),
        ('RGBA', profile('CMYK')),
    ],
)
def test_unfitting_profile(stored_colour, mode, wrong):
    """A broken profile, or one for another kind of picture, is ignored."""
    image = plain('RGB', (128, 128, 128))
    image = image.quantize() if mode == 'P' else image.convert(mode)
    assert near(stored_colour(file_of(image, icc_profile=wrong)), (128, 128, 128))


def test_usual_profile(stored_colour):
    """A picture that says it is in sRGB keeps its numbers."""
    srgb = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile('sRGB')).tobytes()
    data = file_of(plain('RGB', (220, 60, 40)), icc_profile=srgb)
    assert near(stored_colour(data), (220, 60, 40))


def test_profile_is_dropped(store, run):
    """No stored picture has a profile: it is in sRGB, which needs none."""
    image = run(store.save('a', file_of(draw(), icc_profile=profile())))
    with PIL.Image.open(image.path) as stored:
        assert 'icc_profile' not in stored.info


@pytest.mark.hint(
    'Unless you say otherwise, JPEG stores colours at half the '
    'resolution. That takes the colour out of thin lines.',
    "Save with `subsampling='4:4:4'`, unless the upload was a JPEG.",
    section='step2-jpeg',
)
def test_thin_lines(store, run):
    """A red line in a drawing, one pixel wide, is still red."""
    image = PIL.Image.new('RGB', (40, 40), 'white')
    for column in range(1, 40, 6):
        image.paste('red', (column, 0, column + 1, 40))
    stored = run(store.save('a', file_of(image)))
    with PIL.Image.open(stored.path) as opened:
        red, green, blue = opened.getpixel((19, 20))
    assert red > 215
    assert max(green, blue) < 40
