"""What one client may cost."""

import pathlib

import falcon.testing

from asgilook.app import create_app


def test_too_large(config):
    """A body is refused as soon as it's too large, whether or not it says how large."""
    config.max_upload_bytes = 1000
    scope = falcon.testing.create_scope(method='POST', path='/images')
    came = falcon.testing.ASGIRequestEventEmitter(body=bytes(1001))
    answer = falcon.testing.ASGIResponseEventCollector()

    falcon.async_to_sync(create_app(config), scope, came, answer)

    assert answer.status == 413
    assert not list(pathlib.Path(config.storage_path).iterdir())
