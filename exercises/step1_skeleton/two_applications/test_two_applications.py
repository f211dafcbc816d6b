"""One module holds two applications, and a server can host either."""

import falcon.asgi
import falcon.testing


def test_other(module):
    """The module contains a second application, named `other`."""
    assert isinstance(getattr(module('app'), 'other', None), falcon.asgi.App)


def test_apart(module):
    """A route added to one application isn't known to the other."""

    class Greeting:
        async def on_get(self, req, resp):
            resp.text = 'Hello'

    apps = module('app')
    apps.other.add_route('/only-in-other', Greeting())
    statuses = [
        falcon.testing.TestClient(app).simulate_get('/only-in-other').status_code
        for app in (apps.app, apps.other)
    ]
    assert statuses == [404, 200]
