"""The list can begin with the newest image."""

import re

import pytest

from workbook.pictures import upload

FILE = upload((128, 128))


def post(client, count):
    """Upload some images; return their ids."""
    results = [client.simulate_post('/images', body=FILE) for _ in range(count)]
    return [result.json['id'] for result in results]


def ids(result):
    """Return the ids in a page."""
    assert result.status_code == 200
    return [record['id'] for record in result.json]


def walk(client, path, visit=lambda: None):
    """Return the ids on all pages from a path on; call a function after each page."""
    found = []
    while path:
        result = client.simulate_get(path)
        found += ids(result)
        link = re.match('<([^>]+)>', result.headers.get('Link', ''))
        path = link and link[1]
        visit()
    return found


@pytest.mark.parametrize('limit', [1, 2, 3, 5, 100])
def test_newest_first(client, limit):
    """The pages lead from the newest image to the oldest."""
    stored = post(client, 5)
    assert walk(client, f'/images?newest=true&limit={limit}') == stored[::-1]


@pytest.mark.parametrize('query', ['limit=2', 'limit=2&newest=false'])
def test_oldest_first(client, query):
    """Otherwise they lead from the oldest to the newest."""
    stored = post(client, 5)
    assert walk(client, f'/images?{query}') == stored


def test_stable(client):
    """Uploads and deletes in between neither repeat an image nor leave one out."""
    stored = post(client, 7)
    to_delete = [6, 3, 0]

    def change():
        post(client, 1)
        if to_delete:
            client.simulate_delete(f'/images/{stored[to_delete.pop(0)]}.jpeg')

    shown = walk(client, '/images?newest=true&limit=2', change)
    assert shown == stored[:0:-1]


def test_both_are_cached(client):
    """Neither order is taken for the other when it comes from the cache."""
    stored = post(client, 3)
    for says in ['Miss', 'Hit']:
        for path, expected in [
            ('/images', stored),
            ('/images?newest=true', stored[::-1]),
        ]:
            result = client.simulate_get(path)
            assert ids(result) == expected
            assert result.headers['X-ASGILook-Cache'] == says


def test_bad_value(client):
    """A value that is neither true nor false answers 400."""
    assert client.simulate_get('/images?newest=maybe').status_code == 400
