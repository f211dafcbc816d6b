"""The collection and a single picture are two resources, each with plain names."""

import falcon.inspect
import pytest

from workbook.pictures import upload


@pytest.fixture
def routes(app):
    """Return what Falcon knows about the routes under /images, by path."""
    found = falcon.inspect.inspect_routes(app)
    return {route.path: route for route in found if route.path.startswith('/images')}


def test_two_classes(routes):
    """The two routes have two resources, of different classes."""
    assert len(routes) == 2
    assert len({route.class_name for route in routes.values()}) == 2


def test_no_suffix(routes):
    """No responder has a suffix in its name."""
    names = {
        method.function_name
        for route in routes.values()
        for method in route.methods
        if not method.internal
    }
    assert names == {'on_get', 'on_post'}


def test_same_service(client):
    """Pictures are uploaded, listed and downloaded as before."""
    posted = client.simulate_post('/images', body=upload())
    assert posted.status_code == 201
    assert client.simulate_get('/images').json == [posted.json]
    assert client.simulate_get(posted.headers['Location']).status_code == 200
