"""A picture can be deleted: once, and for good."""

import asyncio
import os
import sys
import threading

import falcon.testing
import pytest

from workbook.pictures import upload

UNKNOWN = '/images/36562622-48e5-4a61-be67-e426b11821ed.jpeg'
TURNS = 2000
"""How often the event loop gets a turn, at most, until a file is being removed."""


class Gate:
    """Keeps a thread that removes a file from going on, until it is opened."""

    def __init__(self):
        self.folder = None
        self.reached = threading.Event()
        self.open = threading.Event()

    def audit(self, event, arguments):
        """Hold up the removal of a file in the folder, outside the event loop."""
        if event != 'os.remove' or self.folder is None:
            return
        if str(self.folder) not in str(arguments[0]):
            return
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self.reached.set()
            self.open.wait(20)


@pytest.fixture(scope='session')
def audited():
    """Have all removals of files pass a gate."""
    made = Gate()
    sys.addaudithook(made.audit)
    return made


@pytest.fixture
def gate(audited, folder):
    """Return a gate that is shut for the files of this test."""
    audited.reached.clear()
    audited.open.clear()
    audited.folder = folder
    yield audited
    audited.open.set()
    audited.folder = None


async def until_reached(gate, tasks):
    """Let requests go on until one removes a file, or all are done."""
    for _ in range(TURNS):
        if gate.reached.is_set() or all(task.done() for task in tasks):
            return
        await asyncio.sleep(0.001)


@pytest.fixture
def two(client):
    """Upload two pictures; return their records."""
    return [client.simulate_post('/images', body=upload()).json for _ in range(2)]


def test_delete(client, two):
    """A `DELETE` answers 204, without a body."""
    result = client.simulate_request('DELETE', two[0]['image'])
    assert result.status_code == 204
    assert result.content == b''


def test_gone(client, two, left_behind):
    """A deleted picture is gone from list and disk; the others stay."""
    client.simulate_request('DELETE', two[0]['image'])
    assert client.simulate_get('/images').json == two[1:]
    assert left_behind() == [f'{two[1]["id"]}.jpeg']
    assert client.simulate_get(two[0]['image']).status_code == 404
    assert client.simulate_get(two[1]['image']).status_code == 200


def test_twice(client, two):
    """A second `DELETE` answers 404, with advice, and so does an unknown picture."""
    client.simulate_request('DELETE', two[0]['image'])
    for path in [two[0]['image'], UNKNOWN]:
        result = client.simulate_request('DELETE', path)
        assert result.status_code == 404
        assert result.json['description']


def test_not_in_the_list_meanwhile(app, run, gate):
    """While the file is being removed, the picture is not in the list any more."""

    async def visit():
        async with falcon.testing.ASGIConductor(app) as conductor:
            posted = await conductor.simulate_post('/images', body=upload())
            path = posted.json['image']
            deleting = asyncio.create_task(conductor.simulate_delete(path))
            await until_reached(gate, [deleting])
            listed = await conductor.simulate_get('/images')
            again = await conductor.simulate_get(path)
            gate.open.set()
            deleted = await deleting
            return listed.json, again.status_code, deleted.status_code

    assert run(visit()) == ([], 404, 204)


def test_three_at_once(app, run, gate):
    """Of three at the same time, one `DELETE` answers 204, and two answer 404."""

    async def visit():
        async with falcon.testing.ASGIConductor(app) as conductor:
            posted = await conductor.simulate_post('/images', body=upload())
            path = posted.json['image']
            deleting = [
                asyncio.create_task(conductor.simulate_delete(path)) for _ in range(3)
            ]
            await until_reached(gate, deleting)
            for _ in range(20):
                await asyncio.sleep(0)
            gate.open.set()
            return [answer.status_code for answer in await asyncio.gather(*deleting)]

    assert sorted(run(visit())) == [204, 404, 404]


def test_file_gone(client, two, folder):
    """A picture can be deleted even if its file has disappeared from the disk."""
    for stored in folder.iterdir():
        stored.unlink()
    assert client.simulate_request('DELETE', two[0]['image']).status_code == 204
    assert client.simulate_get('/images').json == two[1:]


def test_named_to_clients(client, two):
    """`OPTIONS` of a picture includes `DELETE`; `OPTIONS` of the list doesn't."""
    allowed = [
        client.simulate_options(path).headers['Allow'].split(', ')
        for path in [two[0]['image'], '/images']
    ]
    assert ['DELETE' in methods for methods in allowed] == [True, False]


def test_event_loop_is_free(client, two, monkeypatch):
    """The file is removed outside the event loop."""
    blocked = []

    def watched(function):
        def call(path, *arguments, **options):
            try:
                asyncio.get_running_loop()
                blocked.append(path)
            except RuntimeError:
                pass
            return function(path, *arguments, **options)

        return call

    monkeypatch.setattr(os, 'remove', watched(os.remove))
    monkeypatch.setattr(os, 'unlink', watched(os.unlink))
    assert client.simulate_request('DELETE', two[0]['image']).status_code == 204
    assert blocked == []
