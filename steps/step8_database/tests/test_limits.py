"""Limits: bytes, seconds and pixels; clients that leave; work that is stopped."""

import asyncio
import itertools
import os

import falcon
import falcon.testing
import pytest

from asgilook import workers
from asgilook.app import create_app
from asgilook.config import Config


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


@pytest.fixture
def conversions(monkeypatch):
    """Hold up all conversions until `go` is set; return what counts them."""
    work_in_thread, started = workers.run, []

    async def wait_and_run(function, *args, timeout):
        if function.__name__ == 'to_jpeg':
            started.append(args)
            await go.wait()
        return await work_in_thread(function, *args, timeout=timeout)

    go = asyncio.Event()
    monkeypatch.setattr(workers, 'run', wait_and_run)
    return started, go


def test_too_large(client, config, make_image):
    """A body that is announced as too large is refused; one that fits isn't."""
    data = make_image()
    config.max_upload_bytes = len(data)

    assert client.simulate_post('/images', body=data).status == falcon.HTTP_201
    assert client.simulate_post('/images', body=data + b'+').status == falcon.HTTP_413


def test_too_large_in_pieces(app, config):
    """A body of unknown length is refused when it exceeds the limit."""
    config.max_upload_bytes = 1000
    upload = Upload()
    upload.pieces = itertools.chain(itertools.repeat(bytes(100), 1000), [b''])

    assert asyncio.run(upload.send_to(app)) == 413


@pytest.mark.parametrize('pieces', [[], [b'a piece']])
def test_too_slow(app, config, pieces):
    """A body that doesn't end in time is refused, and nothing stays of it."""
    config.upload_timeout = 0.01

    assert asyncio.run(Upload(*pieces, ends=False).send_to(app)) == 408
    assert not os.listdir(config.storage_path)


def test_leaves_in_the_middle(app, config, make_image):
    """Nothing stays of a body that its client didn't finish."""
    upload = Upload(make_image(), ends=False)
    upload.left.set()

    assert asyncio.run(upload.send_to(app)) == 400
    assert not os.listdir(config.storage_path)


async def in_line(app, conversions, first, second):
    """Send an upload while another is converted; return the statuses of both."""
    started, go = conversions
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        one = group.create_task(first.send_to(app))
        while not started:
            await asyncio.sleep(0.001)
        two = group.create_task(second.send_to(app))
        await asyncio.wait([two])
        go.set()
    return one.result(), two.result()


def test_waits_too_long(config, make_image, conversions):
    """An upload that doesn't get its turn in time gets a 503, and when to try again."""
    config.pixel_budget, config.queue_timeout = 1, 0.05
    app, upload = create_app(config), Upload(make_image())

    statuses = asyncio.run(in_line(app, conversions, Upload(make_image()), upload))

    assert statuses == (201, 503)
    assert ('retry-after', '1') in upload.answer.headers


def test_leaves_in_line(app, make_image, conversions):
    """Nobody works for a client who has left."""
    upload = Upload(make_image())
    upload.receive = leave_after(upload.receive)

    statuses = asyncio.run(in_line(app, conversions, Upload(make_image()), upload))

    assert statuses == (201, 400)
    assert len(conversions[0]) == 1


def leave_after(receive):
    """Return what receives a body of one piece, and then sees its client leave."""
    events = iter([receive, receive])

    async def receive_or_leave():
        for event in events:
            return await event()
        await asyncio.sleep(0.1)
        return {'type': 'http.disconnect'}

    return receive_or_leave


def test_next_in_line(app, client, config, make_image):
    """Whatever becomes of an upload, the next one gets its turn."""
    data = make_image()
    bodies = [data, data[:-50], data, data]

    async def send_all():
        return await asyncio.gather(*(Upload(body).send_to(app) for body in bodies))

    assert asyncio.run(send_all()) == [201, 422, 201, 201]


@pytest.mark.parametrize('value', ['64 MB', '-1', 'nan'])
def test_settings(monkeypatch, value):
    """A setting that is no number ends the start, with its name."""
    monkeypatch.setenv('ASGI_LOOK_UPLOAD_TIMEOUT', value)
    with pytest.raises(ValueError, match='UPLOAD_TIMEOUT'):
        Config()
