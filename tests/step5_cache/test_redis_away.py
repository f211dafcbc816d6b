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
    'Redis is an aid, not a need. Which call of yours lets its error through to '
    'the client?',
    'All commands go through one method that catches `(redis.RedisError, '
    'OSError)`, writes it to the log and returns `None`.',
)
def test_stops_and_starts(visit, some_redis):
    """Redis goes away in the middle, and comes back: no request fails."""

    async def story(visitor):
        await visitor.ask('POST', '/images', upload())
        await cache_works(visitor, 1)
        some_redis.stop()
        await everything_works(visitor, 2)
        some_redis.start()
        await cache_works(visitor, 2)

    assert visit(story).longest < LATE


@pytest.mark.hint(
    'The service starts while there is no Redis. What does it do at startup, and '
    'does it try again later?',
    '`process_startup` may ping Redis, but by way of the method that catches '
    'errors. Keep the client: it reconnects by itself.',
    section='step5-lifespan',
)
def test_starts_late(visit, some_redis):
    """The service starts without Redis, and uses it once it is there."""
    some_redis.stop()

    async def story(visitor):
        await everything_works(visitor, 1)
        some_redis.start()
        await cache_works(visitor, 1)

    assert visit(story).longest < LATE


@pytest.mark.hint(
    'Redis takes the command and does not answer. How long does a request wait '
    'for it, and how many wait at the same time?',
    '`async with asyncio.timeout(self.TIMEOUT), self._slots:` around each command, '
    'with half a second, and a semaphore for the connections inside it.',
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
    'At startup too, no more than a moment may be spent waiting for Redis.',
    'Give `process_startup` the same time limit: call `ping` by way of the method '
    'that has it.',
    section='step5-lifespan',
)
def test_starts_while_redis_hangs(real_redis, app, run, clock):
    """The service starts in time although Redis hangs, and ends in time."""
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
    'Redis was away once, and the log has many lines about it, or none. When does the '
    'state of Redis change?',
    'Keep in an attribute whether Redis answered last time. Write to the log only when '
    'that changes: once as it goes away, and once as it is back.',
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
    'The old list could not be deleted, as Redis was away. When it is back, so is '
    'the list. Who remembers that it is wrong?',
    'A set of keys that are out of date: add the key before Redis is asked to '
    'delete it, take it out when Redis has confirmed, and look nothing up that is '
    'in it.',
    section='step5-outdated',
)
def test_upload_while_away_is_not_forgotten(visit, some_redis):
    """A list from before an upload is not shown after it, Redis or no Redis."""

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
    'Redis was started again between two requests. The connections from before are '
    'broken: who notices, and opens others?',
    'In `Config`, `retry=Retry(NoBackoff(), 1)` for the client: one more try, on a new '
    'connection.',
    section='step5-rush',
)
def test_restarted(visit, some_redis, caplog):
    """Redis is started again while nobody asks: nobody notices."""

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
    'The service starts without Redis, and its log has no word of that. Who asks Redis '
    'at the start?',
    '`process_startup` sends a `ping`, by way of the method that catches errors and '
    'tells the log.',
    section='step5-lifespan',
)
def test_log_at_the_start(some_redis, app, run, caplog):
    """The log says from the start that Redis is away, before anybody asks."""
    some_redis.stop()

    async def live():
        async with falcon.testing.ASGIConductor(app):
            return [each for each in caplog.records if each.name.startswith('asgilook')]

    assert len(run(live())) == 1


@pytest.mark.hint(
    'Others write to Redis too. What does your code do with an entry that it did '
    'not pack?',
    'Unpack inside `try ... except (TypeError, ValueError)`, and take nothing but a '
    'pair of a text and bytes: ask `isinstance`. All else counts as none.',
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
    """An entry that another program wrote is no answer, and no failure."""

    async def story(visitor):
        await visitor.ask('GET', '/images')
        with some_redis.client() as client:
            [key] = client.keys()
            client.set(key, entry)
        result = await visitor.ask('GET', '/images')
        assert (result.status_code, result.json) == (200, [])

    visit(story)


@pytest.mark.hint(
    'Redis refuses the command, as there is a value of another kind under the '
    'key. That is an error of Redis like any other.',
    'Catch `redis.RedisError`, of which that error is a kind, and go on as if '
    'nothing had been found.',
)
def test_refused_by_redis(visit, some_redis):
    """An entry of another kind is no answer, and no failure."""

    async def story(visitor):
        await visitor.ask('GET', '/images')
        with some_redis.client() as client:
            [key] = client.keys()
            client.delete(key)
            client.hset(key, 'a', '1')
        assert (await visitor.ask('GET', '/images')).json == []

    visit(story)


@pytest.mark.hint(
    'Not every server tells the application that it starts. What is missing then?',
    'Make the client in `__init__` of the middleware. It connects when it is '
    'first used, so it can do without `process_startup`.',
    section='step5-lifespan',
)
def test_without_lifespan(fake_redis, app, run):
    """A server that sends no lifespan events is served all the same."""
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
    'The app was stopped, and started again in another event loop. What did it keep '
    'that belongs to the first loop?',
    'In `process_startup`, make a new semaphore. The client may stay: `aclose()` in '
    '`process_shutdown` has closed its connections, and it opens others.',
    section='step5-lifespan',
)
def test_starts_again(some_redis, app, run):
    """An app that is stopped and started again serves the next rush like the first."""

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
    'Each request opened a connection of its own, or some had to go without '
    'Redis. What is shared?',
    'One client for all requests, and a semaphore, `asyncio.Semaphore(8)`, that '
    'has the others wait for their turn.',
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
    'Two hundred requests want Redis at the same time. What happens to the one '
    'that comes too late?',
    'Let it wait its turn, at a semaphore inside the time limit; and if that runs '
    'out, answer without the cache.',
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
