"""Limits: bytes, seconds and pixels; clients that leave; work that is stopped."""

import asyncio
import itertools

import falcon.testing
import pytest

from asgilook.app import create_app


class Upload:
    """An upload whose client stays until it leaves, unlike Falcon's own."""

    def __init__(self, *pieces, ends=True):
        self.pieces = iter([*pieces, b''] if ends else pieces)
        self.left = asyncio.Event()
        self.answer = falcon.testing.ASGIResponseEventCollector()

    async def receive(self):
        """Return the next piece of the body, or else wait until the client leaves."""
        for piece in self.pieces:
            return {'type': 'http.request', 'body': piece, 'more_body': bool(piece)}
        await self.left.wait()
        return {'type': 'http.disconnect'}

    async def send_to(self, app):
        """Send the upload to an application; return the status of its answer."""
        scope = falcon.testing.create_scope(method='POST', path='/images')
        await app(scope, self.receive, self.answer)
        return self.answer.status


@pytest.fixture
def app(config):
    """Return an application that converts one image at a time."""
    config.pixel_budget = 1
    return create_app(config)


def test_too_large_in_pieces(app, config):
    """A body of unknown length is refused when it exceeds the limit."""
    config.max_upload_bytes = 1000
    upload = Upload()
    upload.pieces = itertools.chain(itertools.repeat(bytes(100), 1000), [b''])

    assert asyncio.run(upload.send_to(app)) == 413
