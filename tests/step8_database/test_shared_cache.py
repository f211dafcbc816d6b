"""Step 8: workers share a cache that is never stale, whatever Redis does."""

import asyncio
import contextlib
import inspect

import pytest

from workbook.pictures import upload

pytestmark = [
    pytest.mark.hint(
        'The list in the cache is older than the last change. How does a request tell '
        'which list is the right one?',
        'Each change sets a new random version in its own transaction, and the list is '
        'kept under the version that was read before it.',
        section='step8-cache',
    ),
    pytest.mark.usefixtures('database'),
]
FILE = upload((128, 128))


async def listed(worker):
    """Return the ids in the list, and what the answer says of the cache."""
    result = await worker.simulate_get('/images')
    assert result.status_code == 200
    says = result.headers['X-ASGILook-Cache']
    return {record['id'] for record in result.json}, says


class Change:
    """An upload or a delete, and what the list has to show after it."""

    def __init__(self, kind):
        self.kind = kind
        self._stored = set()

    async def prepare(self, worker):
        """Upload two images."""
        for _ in range(2):
            await self._upload(worker)

    async def make(self, worker):
        """Make the change."""
        if self.kind == 'upload':
            await self._upload(worker)
        else:
            image_id = self._stored.pop()
            result = await worker.simulate_delete(f'/images/{image_id}.jpeg')
            assert result.status_code == 204

    async def see(self, *workers):
        """See that every worker shows the change, whether from the cache or not."""
        for worker in workers * 2:
            found, _ = await listed(worker)
            assert found == self._stored

    async def _upload(self, worker):
        result = await worker.simulate_post('/images', body=FILE)
        assert result.status_code == 201
        self._stored.add(result.json['id'])


@pytest.fixture(params=['upload', 'delete'])
def change(request):
    """Return a change of the list."""
    return Change(request.param)


@pytest.mark.hint(
    'One worker has put a list into Redis, and another one makes it again. What makes '
    'their keys differ?',
    'The key has the version from the database, which all workers share, and nothing '
    'that a process has made up for itself.',
    section='step8-cache',
)
def test_shared(workers):
    """One worker finds what another has cached; so does the next, after a restart."""

    async def story(one, two):
        record = (await one.simulate_post('/images', body=FILE)).json
        paths = ['/images', *record['thumbnails']]
        for path in paths:
            await one.simulate_get(path)
        return await seen(two, paths)

    async def seen(worker, paths):
        results = [await worker.simulate_get(path) for path in paths]
        assert {result.headers['X-ASGILook-Cache'] for result in results} == {'Hit'}
        return paths

    async def after(worker):
        await seen(worker, paths)

    paths = workers(story)
    workers(after, 1)


def test_redis_away(workers, change, redis_server):
    """A change while Redis is away is seen by all, also when it's back."""

    async def story(one, two):
        await change.prepare(one)
        await change.see(one, two)
        redis_server.connected = False
        await change.make(one)
        await change.see(one, two)
        redis_server.connected = True
        await change.see(one, two)
        assert (await listed(two))[1] == 'Hit'

    workers(story)


def test_worker_dies(workers, change, module, monkeypatch):
    """A worker that dies after the commit, before it answers, leaves nothing stale."""

    async def die(cache, req, resp, resource, req_succeeded):
        raise asyncio.CancelledError

    async def story(one, two):
        await change.prepare(one)
        await change.see(one, two)
        with monkeypatch.context() as patch:
            patch.setattr(module('cache').RedisCache, 'process_response', die)
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await change.make(one)
        ids = [record['id'] for record in (await two.simulate_get('/images')).json]
        files = [await two.simulate_get(f'/images/{name}.jpeg') for name in ids]
        assert {file.status_code for file in files} == {200}
        assert len(ids) == {'upload': 3, 'delete': 1}[change.kind]

    workers(story)


PLACES = ['before Redis', 'after Redis', 'before the list', 'after the list', 'to keep']


@pytest.mark.parametrize('place', PLACES)
@pytest.mark.parametrize('where', ['same worker', 'other worker'])
def test_race(workers, change, config, module, monkeypatch, place, where):
    """A list that was read before a change, and kept after it, is not shown."""
    arrived, go = asyncio.Event(), asyncio.Event()
    held_up = []

    async def stop(at):
        if at == place and held_up == [True]:
            held_up.append(at)
            arrived.set()
            await go.wait()

    make, read = config.redis_from_url, module('store').Store.list_images
    assert inspect.iscoroutinefunction(read), '`list_images` is a coroutine now.'

    def from_url(url, **options):
        client = make(url, **options)
        execute = client.execute_command

        async def command(name, *arguments, **options):
            await stop({'GET': 'before Redis', 'SET': 'to keep'}.get(name))
            result = await execute(name, *arguments, **options)
            await stop({'GET': 'after Redis'}.get(name))
            return result

        client.execute_command = command
        return client

    async def list_images(store, *arguments, **options):
        await stop('before the list')
        result = await read(store, *arguments, **options)
        await stop('after the list')
        return result

    config.redis_from_url = from_url
    monkeypatch.setattr(module('cache').RedisCache, 'TIMEOUT', 60)
    monkeypatch.setattr(module('store').Store, 'list_images', list_images)

    async def story(one, two):
        await change.prepare(one)
        held_up.append(True)
        slow = asyncio.create_task(listed(one))
        arrives = asyncio.create_task(arrived.wait())
        first = asyncio.FIRST_COMPLETED
        await asyncio.wait({slow, arrives}, timeout=60, return_when=first)
        arrives.cancel()
        assert not slow.done(), 'The list was answered without this.'
        await change.make(one if where == 'same worker' else two)
        go.set()
        await slow
        await change.see(one, two)

    workers(story)
    assert held_up == [True, place]


@pytest.mark.parametrize('database', ['sqlite'], indirect=True)
def test_rush(workers, change, redis_server):
    """Changes among two hundred requests: afterwards everyone sees them all."""

    async def story(one, two):
        await change.prepare(one)
        lists = [listed(worker) for worker in [one, two] * 100]
        await asyncio.gather(*lists, change.make(two))
        await change.see(one, two)

    workers(story)


@pytest.mark.hint(
    'An entry of another program lies where yours should be. What do you take from it?',
    'Take nothing but texts as headers: ask `isinstance` for each.',
    section='step8-cache',
)
@pytest.mark.parametrize('database', ['sqlite'], indirect=True)
@pytest.mark.parametrize('headers', [{'Link': None}, {'Link': 1}, {1: 'a'}, ['Link']])
def test_strange_headers(client, redis_server, headers):
    """An entry with other things than texts as its headers is no answer."""
    import msgpack
    from fakeredis import FakeRedis

    client.simulate_get('/images')
    with FakeRedis(server=redis_server) as redis_client:
        [key] = redis_client.keys()
        redis_client.set(key, msgpack.packb([headers, b'[1]']))
    result = client.simulate_get('/images')
    assert (result.status_code, result.json) == (200, [])
