"""Images outlive the process that stored them."""

import falcon.testing

from asgilook.app import create_app


def test_restart(client, config, make_image):
    """A new application on the same folder lists what was uploaded before."""
    path = client.simulate_post('/images', body=make_image()).headers['location']

    again = falcon.testing.TestClient(create_app(config))

    assert [each['image'] for each in again.simulate_get('/images').json] == [path]
