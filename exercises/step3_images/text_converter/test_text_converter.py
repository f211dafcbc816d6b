"""A converter accepts what `uuid` accepts, and passes it on as text."""

import falcon.inspect
import falcon.testing
import pytest

from workbook.pictures import upload

ID = '6f1c2f8e-2a52-4d0a-9d8e-5b0f3c6a7e11'


class Probe:
    """A resource that records what its responder gets."""

    def __init__(self):
        self.handed = None

    async def on_get(self, req, resp, image_id):
        """Record it."""
        self.handed = image_id


@pytest.fixture
def ask(app):
    """Return a function that asks for a path; it returns what the converter made."""

    def ask(text):
        probe.handed = None
        falcon.testing.TestClient(app).simulate_get(f'/probe/{text}')
        return probe.handed

    probe = Probe()
    app.add_route('/probe/{image_id:uuid_text}', probe)
    return ask


@pytest.mark.parametrize('spelling', [ID, ID.upper(), ID.replace('-', '')])
def test_text(ask, spelling):
    """However a UUID is spelled, the responder gets the same text."""
    assert ask(spelling) == ID


@pytest.mark.parametrize('text', ['1', 'x', f'{ID}0', f'{ID[:-1]}g', '%00'])
def test_no_uuid(ask, text):
    """Text that isn't a UUID is rejected, so the responder isn't called."""
    assert ask(text) is None


def test_in_the_route(app):
    """The route of a single picture uses the converter."""
    paths = [route.path for route in falcon.inspect.inspect_routes(app)]
    assert [path for path in paths if path.endswith(':uuid_text}.jpeg')]


def test_picture_in_capitals(client):
    """A picture is found under its id in capitals as well."""
    record = client.simulate_post('/images', body=upload()).json
    capitals = record['image'].replace(record['id'], record['id'].upper())
    assert client.simulate_get(capitals).status_code == 200
