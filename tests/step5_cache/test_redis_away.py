"""Step 5: Redis is an aid, not a need; when it is back, so is the cache."""

import asyncio

import falcon.testing
import pytest

from workbook.pictures import upload

pytestmark = pytest.mark.hint(section='step5-gone')

LATE = 2.0
"""How late an answer may be without Redis, in seconds of the clock of conftest.py."""


class Visitor:
    """A client of an app that runs on, from one request to the next."""

    def __init__(self, conductor):
        self._conductor = conductor
        self.longest = 0.0

    async def ask(self, method, path, body=None):
        """Make a request; remember how long the longest took."""
        time = asyncio.get_running_loop().time
        start = time()
        result = await self._conductor.simulate_request(method, path, body=body)
        self.longest = max(self.longest, time() - start)
        return result

    async def says(self, path):
        """Get a path; return what the answer says of the cache."""
        result = await self.ask('GET', path)
        assert result.status_code == 200
        assert result.content
        return result.headers.get('X-ASGILook-Cache')


@pytest.fixture
def visit(run, request):
    """Return a function that lets a visitor make requests of one running app."""

    def start(story, **known):
        async def tell():
            app = request.getfixturevalue('app')
            async with falcon.testing.ASGIConductor(app) as conductor:
                visitor = Visitor(conductor)
                await story(visitor)
                return visitor

        return run(tell())

    return start


async def everything_works(visitor, count):
    """Make each kind of request; there are `count` pictures afterwards."""
    posted = await visitor.ask('POST', '/images', upload())
    assert posted.status_code == 201
    for path in ['/images', posted.json['image'], *posted.json['thumbnails']]:
        assert await visitor.says(path) != 'Hit'
        assert await visitor.says(path) != 'Hit'
    assert len((await visitor.ask('GET', '/images')).json) == count
    assert (await visitor.ask('POST', '/images', b'text')).status_code == 415
    assert (await visitor.ask('GET', '/nothing')).status_code == 404


async def cache_works(visitor, count):
    """See that the list is cached again, with `count` pictures in it."""
    first, second = [await visitor.ask('GET', '/images') for _ in range(2)]
    assert len(first.json) == len(second.json) == count
    assert second.headers['X-ASGILook-Cache'] == 'Hit'


@pytest.mark.hint(
    'Redis is optional. Which of your calls lets its error through to the client?',
    'All commands go through one method that catches `(redis.RedisError, '
    'OSError)`, logs it and returns `None`.',
)
def test_stops_and_starts(visit, some_redis):
    """Redis can go away and come back between requests, and none of them fails."""

    async def story(visitor):
        await visitor.ask('POST', '/images', upload())
        await cache_works(visitor, 1)
        some_redis.stop()
        await everything_works(visitor, 2)
        some_redis.start()
        await cache_works(visitor, 2)

    assert visit(story).longest < LATE


@pytest.mark.hint(
    "The service starts while there's no Redis. What does it do at "
    'startup, and does it try again later?',
    '`process_startup` can ping Redis, but only through the method that '
    'catches errors. Keep the client: it reconnects by itself.',
    section='step5-lifespan',
)
def test_starts_late(visit, some_redis):
    """The service starts without Redis, and uses it as soon as it's there."""
    some_redis.stop()

    async def story(visitor):
        await everything_works(visitor, 1)
        some_redis.start()
        await cache_works(visitor, 1)

    assert visit(story).longest < LATE


@pytest.mark.hint(
    "Redis takes the command and doesn't answer. How long does a request "
    'wait for it, and how many wait at the same time?',
    'Put `async with asyncio.timeout(self.TIMEOUT), self._slots:` around '
    'each command, with half a second, and a semaphore for the '
    'connections inside the time limit.',
    section='step5-hang',
)
def test_hangs_and_goes_on(visit, real_redis):
    """While Redis hangs, two hundred requests and an upload are answered in time."""

    async def list_later(visitor, seconds):
        await asyncio.sleep(seconds)  # All at one moment would meet less.
        return await visitor.ask('GET', '/images')

    async def story(visitor):
        await visitor.ask('POST', '/images', upload())
        await cache_works(visitor, 1)
        real_redis.hang()
        try:
            requests = [list_later(visitor, index**2 / 80_000) for index in range(200)]
            requests.append(visitor.ask('POST', '/images', upload()))
            *listed, posted = await asyncio.gather(*requests)
        finally:
            real_redis.go_on()
        assert {result.status_code for result in listed} == {200}
        assert posted.status_code == 201
        await cache_works(visitor, 2)

    assert visit(story).longest < LATE


@pytest.mark.hint(
    'At startup, too, the service may only wait for Redis for a moment.',
    'Give `process_startup` the same time limit: call `ping` through the '
    'method that has it.',
    section='step5-lifespan',
)
def test_starts_while_redis_hangs(real_redis, app, run, clock):
    """The service starts and stops in time even if Redis hangs."""
    events = iter([{'type': 'lifespan.startup'}, {'type': 'lifespan.shutdown'}])
    sent = []

    async def receive():
        return next(events)

    async def send(event):
        sent.append(event['type'])

    scope = {'type': 'lifespan', 'asgi': {'version': '3.0', 'spec_version': '2.0'}}
    real_redis.hang()
    try:
        run(app(scope, receive, send))
    finally:
        real_redis.go_on()
    assert sent == ['lifespan.startup.complete', 'lifespan.shutdown.complete']
    assert clock.now < LATE


@pytest.mark.hint(
    'Redis went away once, and the log has many lines about it, or none. '
    'When does the state of Redis change?',
    'Remember in an attribute whether Redis answered last time. Log only '
    "when that changes: once when it goes away, and once when it's back.",
)
def test_log(visit, some_redis, caplog):
    """The log has one line when Redis goes away, and one when it is back."""

    def told():
        records = [each for each in caplog.records if each.name.startswith('asgilook')]
        caplog.clear()
        return len(records)

    async def story(visitor):
        await cache_works(visitor, 0)
        assert told() == 0
        for count in (1, 2):
            some_redis.stop()
            await everything_works(visitor, count)
            assert told() == 1
            some_redis.start()
            await cache_works(visitor, count)
            assert told() == 1

    visit(story)


@pytest.mark.hint(
    "You couldn't delete the old list, because Redis was away. When "
    'Redis is back, so is the list. Which part of your code remembers '
    "that it's wrong?",
    'Keep a set of outdated keys. Add a key before you ask Redis to '
    "delete it, and remove it when Redis has confirmed. Don't look up a "
    "key that's in the set.",
    section='step5-outdated',
)
def test_upload_while_away_is_not_forgotten(visit, some_redis):
    """After an upload, the old list isn't shown again, with or without Redis."""

    async def story(visitor):
        await visitor.ask('POST', '/images', upload())
        await cache_works(visitor, 1)
        with some_redis.client() as client:
            entries = {key: client.get(key) for key in client.scan_iter()}
        some_redis.stop()
        await visitor.ask('POST', '/images', upload())
        some_redis.start()
        with some_redis.client() as client:
            client.mset(entries)
        await cache_works(visitor, 2)

    visit(story)


@pytest.mark.hint(
    'Redis was restarted between two requests, so all connections from '
    'before are broken. Does your client open new ones?',
    'In `Config`, pass `retry=Retry(NoBackoff(), 1)` to the client: it '
    'then tries once more, on a new connection.',
    section='step5-rush',
)
def test_restarted(visit, some_redis, caplog):
    """If Redis restarts between two requests, nobody notices."""

    async def story(visitor):
        await cache_works(visitor, 0)
        await asyncio.gather(*(visitor.says('/images') for _ in range(20)))
        some_redis.stop()
        some_redis.start()
        await asyncio.gather(*(visitor.says('/images') for _ in range(20)))
        await cache_works(visitor, 0)

    visit(story)
    assert [each for each in caplog.records if each.name.startswith('asgilook')] == []


@pytest.mark.hint(
    "The service starts without Redis, and its log doesn't mention that. "
    'Does anything ask Redis at startup?',
    '`process_startup` sends a `ping`, through the method that catches '
    'errors and logs them.',
    section='step5-lifespan',
)
def test_log_at_the_start(some_redis, app, run, caplog):
    """If Redis is away at startup, the log says so before the first request."""
    some_redis.stop()

    async def live():
        async with falcon.testing.ASGIConductor(app):
            return [each for each in caplog.records if each.name.startswith('asgilook')]

    assert len(run(live())) == 1


@pytest.mark.hint(
    'Other programs write to Redis too. What does your code do with an '
    "entry that it didn't write?",
    'Unpack inside `try ... except (TypeError, ValueError)`, and use '
    '`isinstance` to accept only a pair of a string and bytes. Treat '
    'anything else as a miss.',
    section='step5-gone',
)
@pytest.mark.parametrize(
    'entry',
    [
        b'',
        b'text',
        b'\xc0',
        b'\x92\xc0\xc0',
        b'\x93abc',
        pytest.param(b'\x92\xc0\xc4\x03[1]', id='a body without a type'),
        pytest.param(b'\x92\xa4text\xa3[1]', id='a body that is a text'),
    ],
)
def test_strange_entry(visit, some_redis, entry):
    """An entry that another program wrote is ignored, and doesn't cause an error."""

    async def story(visitor):
        await visitor.ask('GET', '/images')
        with some_redis.client() as client:
            [key] = client.keys()
            client.set(key, entry)
        result = await visitor.ask('GET', '/images')
        assert (result.status_code, result.json) == (200, [])

    visit(story)


@pytest.mark.hint(
    'Redis refuses the command, because the key has a value of another '
    'type. Treat that like any other error of Redis.',
    'Catch `redis.RedisError`, which is a base class of that error, and '
    'carry on as if there were no entry.',
)
def test_refused_by_redis(visit, some_redis):
    """A Redis value of another type is ignored, and doesn't cause an error."""

    async def story(visitor):
        await visitor.ask('GET', '/images')
        with some_redis.client() as client:
            [key] = client.keys()
            client.delete(key)
            client.hset(key, 'a', '1')
        assert (await visitor.ask('GET', '/images')).json == []

    visit(story)


@pytest.mark.hint(
    "Not every server tells the application that it's starting. What's "
    'missing in that case?',
    'Create the client in `__init__` of the middleware. It connects when '
    "you first use it, so it doesn't need `process_startup`.",
    section='step5-lifespan',
)
def test_without_lifespan(fake_redis, app, run):
    """The service also works on a server that doesn't send lifespan events."""
    data = upload()

    async def visit():
        results = []
        for method, path, body in [
            ('POST', '/images', data),
            *[('GET', '/images', b'')] * 2,
        ]:
            scope = falcon.testing.create_scope(method=method, path=path)
            sent = falcon.testing.ASGIResponseEventCollector()
            await app(scope, falcon.testing.ASGIRequestEventEmitter(body=body), sent)
            results.append(sent.status)
        return results

    assert run(visit()) == [201, 200, 200]


@pytest.mark.hint(
    'The app was stopped, and started again in another event loop. What '
    "has it kept that's tied to the first loop?",
    'In `process_startup`, create a new semaphore. You can keep the '
    'client: `aclose()` in `process_shutdown` has closed its '
    'connections, and it opens new ones.',
    section='step5-lifespan',
)
def test_starts_again(some_redis, app, run):
    """An app that's stopped and started again can handle the next rush."""

    async def rush():
        async with falcon.testing.ASGIConductor(app) as conductor:
            requests = (conductor.simulate_get('/images') for _ in range(40))
            results = await asyncio.gather(*requests)
            last = await conductor.simulate_get('/images')
        assert last.headers['X-ASGILook-Cache'] == 'Hit'
        return {result.status_code for result in results}

    assert run(rush()) == {200}
    assert run(rush()) == {200}


@pytest.mark.hint(
    'Each request opened a connection of its own, or some had to do '
    'without Redis. What do they share?',
    'Use one client for all requests, and a semaphore, '
    '`asyncio.Semaphore(8)`, to make the other requests wait for their '
    'turn.',
    section='step5-rush',
)
def test_connections_are_few(real_redis, app, run):
    """Two hundred requests share fewer connections, and all of them get to Redis."""

    async def visit():
        async with falcon.testing.ASGIConductor(app) as conductor:
            await conductor.simulate_get('/images')
            requests = (conductor.simulate_get('/images') for _ in range(200))
            results = await asyncio.gather(*requests)
            return {result.headers.get('X-ASGILook-Cache') for result in results}

    with real_redis.client() as client:
        before = client.info('stats')['total_connections_received']
        assert run(visit()) == {'Hit'}
        after = client.info('stats')['total_connections_received']
    assert after - before <= 101


@pytest.mark.hint(
    'Two hundred requests want to use Redis at the same time. What '
    'happens to one that comes too late?',
    'Let it wait its turn, at a semaphore inside the time limit. When '
    'the time is up, answer without the cache.',
    section='step5-rush',
)
def test_two_hundred_at_once(real_redis, app, run):
    """Two hundred requests at the same time all succeed, whatever they ask for."""
    data = upload((200, 150))

    async def visit():
        async with falcon.testing.ASGIConductor(app) as conductor:
            record = (await conductor.simulate_post('/images', body=data)).json
            paths = ['/images', '/images', record['image'], *record['thumbnails']]
            requests = (
                conductor.simulate_get(paths[n % len(paths)]) for n in range(200)
            )
            return await asyncio.gather(*requests)

    results = run(visit())
    assert {result.status_code for result in results} == {200}
    assert all(result.content for result in results)
