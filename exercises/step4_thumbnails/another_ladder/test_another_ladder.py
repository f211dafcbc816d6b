"""The sizes on offer can be fixed widths, by a setting."""

import io

import PIL.Image
import pytest

from workbook.pictures import upload

WIDTHS = (1600, 800, 400, 200)


def names(record):
    """Return the sizes on offer, as their names in the URIs say."""
    return [
        uri.rpartition('/')[2].removesuffix('.jpeg') for uri in record['thumbnails']
    ]


@pytest.mark.parametrize(
    ('size', 'offer'),
    [
        ((2000, 1000), ['1600x800', '800x400', '400x200', '200x100']),
        ((800, 600), ['400x300', '200x150']),
        ((801, 601), ['800x600', '400x300', '200x150']),
        ((1000, 3000), ['800x2400', '400x1200', '200x600']),
        ((150, 150), []),
    ],
)
def test_widths(config, client, size, offer):
    """A picture is offered in each smaller width, in its own proportions."""
    config.thumb_widths = WIDTHS
    record = client.simulate_post('/images', body=upload(size)).json
    assert names(record) == offer


def test_from_the_full_size(config, client):
    """Each height is rounded down, and worked out from the height of the picture."""
    config.thumb_widths = (1000, 700, 300)
    record = client.simulate_post('/images', body=upload((1100, 709))).json
    assert names(record) == ['1000x644', '700x451', '300x193']


def test_least_size(config, client):
    """A size with a side below the minimum isn't on offer."""
    config.thumb_widths = WIDTHS
    record = client.simulate_post('/images', body=upload((2000, 320))).json
    assert names(record) == ['1600x256', '800x128', '400x64']


def test_made(config, client):
    """A size on offer is served exactly; a half that isn't on offer is a 404."""
    config.thumb_widths = (300, 100)
    record = client.simulate_post('/images', body=upload((640, 480))).json
    assert names(record) == ['300x225', '100x75']
    for uri, size in zip(record['thumbnails'], [(300, 225), (100, 75)], strict=True):
        thumbnail = PIL.Image.open(io.BytesIO(client.simulate_get(uri).content))
        assert thumbnail.size == size
    half = f'/thumbnails/{record["id"]}/320x240.jpeg'
    assert client.simulate_get(half).status_code == 404


def test_setting(config):
    """The setting exists, and is empty by default."""
    assert config.thumb_widths == ()


def test_halves_by_default(client):
    """Without any widths, each size is half of the one before."""
    record = client.simulate_post('/images', body=upload((640, 360))).json
    assert names(record) == ['320x180', '160x90']
