"""Whatever is sent, the service answers, and keeps nothing that it refused."""

import io
import tempfile

import falcon.testing
import PIL.Image
from fakeredis import FakeServer
from fakeredis.aioredis import FakeRedis
from hypothesis import given, settings
from hypothesis import strategies as st

from asgilook.app import create_app
from asgilook.config import Config


def file_in(file_format):
    """Return a small image as a file of that format."""
    output = io.BytesIO()
    PIL.Image.linear_gradient('L').resize((64, 48)).save(output, file_format)
    return output.getvalue()


IMAGES = [file_in(name) for name in ['PNG', 'JPEG', 'GIF', 'BMP', 'TIFF', 'WEBP']]


@st.composite
def damaged(draw):
    """Take a valid file, change up to ten of its bytes, and perhaps cut it short."""
    data = bytearray(draw(st.sampled_from(IMAGES)))
    places = st.integers(0, len(data) - 1)
    for place in draw(st.lists(places, max_size=10)):
        data[place] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.just(len(data)) | places)])


@given(data=st.binary(max_size=100) | damaged())
@settings(max_examples=100, deadline=None)
def test_any_upload(data):
    """An upload is accepted or refused, and the list shows which."""
    server = FakeServer()
    with tempfile.TemporaryDirectory() as folder:
        config = Config()
        config.storage_path = folder
        config.redis_from_url = lambda url: FakeRedis(server=server)
        client = falcon.testing.TestClient(create_app(config))

        posted = client.simulate_post('/images', body=data)
        listed = client.simulate_get('/images').json

    assert posted.status_code in (201, 415, 422)
    assert listed == ([posted.json] if posted.status_code == 201 else [])
