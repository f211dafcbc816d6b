"""A picture can be deleted: once, and for good."""

import asyncio
import os

import pytest

from workbook.pictures import upload

UNKNOWN = '/images/36562622-48e5-4a61-be67-e426b11821ed.jpeg'


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
