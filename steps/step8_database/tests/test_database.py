"""The database: restarts, workers that share it, pages, deletes, bad days."""

import asyncio
import logging
import pathlib

import falcon
import falcon.testing
import pytest
from sqlalchemy.engine.default import DefaultDialect

from asgilook.app import create_app
from asgilook.config import Config
from asgilook.store import Store


def ids(result):
    """Return the last digits of the ids in a page of the list."""
    return [int(record['id'][-4:]) for record in result.json]


def post(client, data, count):
    """Upload an image several times."""
    for _ in range(count):
        assert client.simulate_post('/images', body=data).status == falcon.HTTP_201


def image(number):
    """Return the path of an image."""
    return f'/images/00000000-0000-0000-0000-{number:012}.jpeg'


def next_page(result):
    """Return the path of the next page."""
    return result.headers['Link'].partition('>')[0].lstrip('<')


def test_restart(config, make_image):
    """After a restart everything is there, and what was cached still counts."""

    async def live(bodies=()):
        async with falcon.testing.ASGIConductor(create_app(config)) as conductor:
            for body in bodies:
                await conductor.simulate_post('/images', body=body)
            listed = await conductor.simulate_get('/images')
            first = await conductor.simulate_get(listed.json[0]['image'])
            return listed.headers['X-ASGILook-Cache'], listed.json, first.content

    says, *before = asyncio.run(live([make_image(), make_image()]))
    assert (says, len(before[0])) == ('Miss', 2)

    assert asyncio.run(live()) == ('Hit', *before)


def test_two_workers(client, config, make_image):
    """One worker knows what the other stores or deletes."""
    other = falcon.testing.TestClient(create_app(config))
    post(client, make_image(), 2)
    assert ids(other.simulate_get('/images')) == [1, 2]

    assert other.simulate_delete(image(1)).status == falcon.HTTP_204

    assert ids(client.simulate_get('/images')) == [2]
    assert client.simulate_get(image(1)).status == falcon.HTTP_404


def test_never_stale(client, config, make_image, monkeypatch):
    """A list that was read before an upload, and cached after it, isn't shown."""
    list_images, store = Store.list_images, Store(config)

    async def upload_in_between(self, *page):
        images = await list_images(self, *page)
        await store.save('1', make_image())
        return images

    with monkeypatch.context() as patch:
        patch.setattr(Store, 'list_images', upload_in_between)
        assert client.simulate_get('/images').json == []

    assert len(client.simulate_get('/images').json) == 1


def test_pages(client, make_image):
    """The list comes page by page, from the cache, too."""
    post(client, make_image(), 5)

    for cached in ['Miss', 'Hit']:
        first = client.simulate_get('/images?limit=2')
        second = client.simulate_get(next_page(first))
        last = client.simulate_get(next_page(second))
        assert [*map(ids, (first, second, last))] == [[1, 2], [3, 4], [5]]
        assert 'Link' not in last.headers
        assert first.headers['X-ASGILook-Cache'] == cached


def test_changes_between_pages(client, make_image):
    """A delete between two pages moves nothing on the second one."""
    post(client, make_image(), 4)
    first = client.simulate_get('/images?limit=2')
    second = client.simulate_get(next_page(first))
    client.simulate_delete(image(1))
    assert ids(client.simulate_get(next_page(first))) == [3, 4]

    client.simulate_delete(image(4))
    post(client, make_image(), 2)

    assert ids(client.simulate_get(next_page(first))) == [3, 5]
    assert ids(second) == [3, 4]


def test_number_is_not_reused(client, make_image):
    """An image doesn't get the number of one that was deleted."""
    post(client, make_image(), 2)
    after_first = next_page(client.simulate_get('/images?limit=1'))
    post(client, make_image(), 1)
    after_second = next_page(client.simulate_get(after_first))
    for number in (2, 3):
        client.simulate_delete(image(number))

    post(client, make_image(), 1)

    assert ids(client.simulate_get(after_second)) == [4]


@pytest.mark.parametrize('query', ['limit=0', 'limit=101', 'after=x', f'after={2**63}'])
def test_no_such_page(client, query):
    """A page that there can't be is the client's mistake."""
    assert client.simulate_get(f'/images?{query}').status == falcon.HTTP_400


def test_delete(client, config, make_image):
    """An image can be deleted once; then it has no file and no thumbnails."""
    record = client.simulate_post('/images', body=make_image()).json
    assert client.simulate_get(record['thumbnails'][0]).status == falcon.HTTP_200

    results = [client.simulate_delete(record['image']) for _ in range(2)]

    assert [result.status for result in results] == [falcon.HTTP_204, falcon.HTTP_404]
    assert client.simulate_get(record['thumbnails'][0]).status == falcon.HTTP_404
    assert client.simulate_get('/images').json == []
    assert not list(pathlib.Path(config.storage_path).iterdir())


def test_times(config, make_image):
    """A time comes back as it was stored, in UTC."""
    store = Store(config)
    stored = falcon.async_to_sync(store.save, '1', make_image())

    assert falcon.async_to_sync(store.get, '1') == stored


def test_record_refused(client, config, make_image, monkeypatch, caplog):
    """If a record can't be written, its file doesn't stay."""
    post(client, make_image(), 1)

    def refuse(dialect, connection):
        raise dialect.loaded_dbapi.OperationalError('no room')

    with monkeypatch.context() as patch:
        patch.setattr(DefaultDialect, 'do_commit', refuse)
        result = client.simulate_post('/images', body=make_image())

    assert result.status == falcon.HTTP_503
    assert 'no room' in caplog.text
    assert len(list(pathlib.Path(config.storage_path).iterdir())) == 1
    assert ids(client.simulate_get('/images')) == [1]


def test_away(config, tmp_path, caplog):
    """Without its database the service starts, and says when to ask again."""
    config.database_url = f'sqlite:///{tmp_path}/missing/images.db'
    client = falcon.testing.TestClient(create_app(config))

    result = client.simulate_get('/images')
    assert result.status == falcon.HTTP_503
    assert result.headers['Retry-After']
    assert {record.levelno for record in caplog.records} == {logging.ERROR}

    (tmp_path / 'missing').mkdir()
    assert client.simulate_get('/images').json == []


def test_place(monkeypatch):
    """By default, the database is a file beside the folder of the images."""
    monkeypatch.delenv('ASGI_LOOK_DATABASE_URL', raising=False)
    monkeypatch.setenv('ASGI_LOOK_STORAGE_PATH', '/images of 50%')

    assert Config().database_url == 'sqlite:////images of 50%25.db'
