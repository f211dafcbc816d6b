"""The list of pictures: two tests that do not know of each other."""

import io

import PIL.Image


def test_one_picture(client):
    """A picture that was uploaded is in the list."""
    picture = io.BytesIO()
    PIL.Image.new('RGB', (64, 64)).save(picture, 'PNG')
    client.simulate_post('/images', body=picture.getvalue())

    count = len(client.simulate_get('/images').json)
    assert count == 1


def test_no_pictures(client):
    """A new store has nothing to list."""
    count = len(client.simulate_get('/images').json)
    assert count == 0
