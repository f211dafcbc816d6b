"""A first test."""

import falcon.testing

from asgilook.app import create_app


def test_no_images():
    """A new service has no images to list."""
    client = falcon.testing.TestClient(create_app())

    result = client.simulate_get('/images')

    assert result.status == 200
    assert result.json == []
