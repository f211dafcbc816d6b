"""Step 8: the first start, databases that are away, and two hundred at a time."""

import asyncio
import logging
import os
import subprocess
import sys

import falcon.testing
import pytest

from workbook.pictures import upload

pytestmark = [
    pytest.mark.hint(section='step8-startup'),
    pytest.mark.usefixtures('database'),
]
FILE = upload((128, 128))
PATIENCE = 60

START = """
import asyncio, sys
from asgilook.config import Config
from asgilook.store import Store

for line in sys.stdin:
    config = Config()
    config.database_url = line.strip()
    store = Store(config)

    async def start():
        await store.process_startup({}, {})
        try:
            return len(await store.list_images())
        finally:
            await store.process_shutdown({}, {})

    try:
        print(asyncio.run(start()), flush=True)
    except Exception as error:
        print(repr(error).replace(chr(10), ' '), flush=True)
"""


@pytest.mark.hint(
    'Four workers start on an empty database, and each wants to create the tables. Who '
    'may, and what do the others do meanwhile?',
    'Begin with `BEGIN IMMEDIATE` in SQLite, and with `pg_advisory_xact_lock` in '
    'PostgreSQL: the others wait there, and then find the tables.',
    section='step8-startup',
)
def test_four_workers(app_folder, database, folder):
    """Four workers may start on an empty database at the same time, each of 8 times."""
    environment = {
        **os.environ,
        'PYTHONPATH': str(app_folder),
        'ASGI_LOOK_STORAGE_PATH': str(folder),
    }
    workers = [
        subprocess.Popen(
            [sys.executable, '-c', START],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for _ in range(4)
    ]
    try:
        for turn in range(9):  # The first is to get all of them going.
            url = database.new_url(f'turn{turn}')
            for worker in workers:
                worker.stdin.write(f'{url}\n')
                worker.stdin.flush()
            assert [worker.stdout.readline() for worker in workers] == ['0\n'] * 4
    finally:
        for worker in workers:
            worker.communicate(timeout=PATIENCE)


@pytest.mark.hint(
    'A server that sends no lifespan events never calls `process_startup`. Who creates '
    'the tables then?',
    'The first request: `_set_up` runs before each use, and returns if it was done.',
    section='step8-startup',
)
def test_without_lifespan(app, run):
    """The first request may come without a lifespan, in one event loop or another."""

    async def ask(method, path, body=b''):
        scope = falcon.testing.create_scope(method=method, path=path)
        sent = falcon.testing.ASGIResponseEventCollector()
        await app(scope, falcon.testing.ASGIRequestEventEmitter(body=body), sent)
        return sent.status

    async def rush():
        return await asyncio.gather(*(ask('GET', '/images') for _ in range(20)))

    assert run(ask('POST', '/images', FILE)) == 201
    assert set(run(rush())) == {200}
    assert run(ask('POST', '/images', FILE)) == 201
    assert run(ask('GET', '/images')) == 200


@pytest.mark.hint(
    'The app was stopped and started again, in another event loop. Which connections '
    'belong to the first one?',
    '`process_shutdown` closes them: `await self._engine.dispose()`. The next startup '
    'makes another engine.',
    section='step8-startup',
)
def test_starts_again(app, run):
    """An app that is stopped and started again has all its images."""

    async def live():
        async with falcon.testing.ASGIConductor(app) as conductor:
            posts = (conductor.simulate_post('/images', body=FILE) for _ in range(4))
            posted = await asyncio.gather(*posts)
            assert {result.status_code for result in posted} == {201}
            return len((await conductor.simulate_get('/images')).json)

    assert [run(live()), run(live())] == [4, 8]


@pytest.mark.hint(
    'Two hundred requests want the database at the same time. How many connections '
    'are there, and what do the others do?',
    "Keep SQLAlchemy's own pool from `open` on: a request without a connection waits.",
    section='step8-database',
)
def test_two_hundred_at_once(workers):
    """Two hundred requests at the same time all succeed, uploads among them."""

    async def story(worker):
        record = (await worker.simulate_post('/images', body=FILE)).json
        paths = ['/images', '/images?limit=1', record['image'], *record['thumbnails']]
        gets = [worker.simulate_get(paths[n % len(paths)]) for n in range(180)]
        posts = [worker.simulate_post('/images', body=FILE) for _ in range(20)]
        results = await asyncio.gather(*gets, *posts)
        statuses = [result.status_code for result in results]
        assert statuses == [200] * 180 + [201] * 20
        assert len((await worker.simulate_get('/images')).json) == 21

    workers(story, 1)


@pytest.mark.hint(
    "The database isn't there. That is no fault of the client's, and not for ever: "
    'which status says so?',
    'Turn what SQLAlchemy raises, and an `OSError` as it connects, into an exception '
    'of yours, with an error handler that answers 503 with `Retry-After`.',
    section='step8-startup',
)
def test_away_at_the_start(workers, config, database, left_behind, caplog):
    """Without its database, the service starts, says so, and waits for it."""
    config.database_url = database.away_url

    def told():
        records = [each for each in caplog.records if each.name.startswith('asgilook')]
        caplog.clear()
        return [record.levelno for record in records]

    async def story(worker):
        assert told() == [logging.ERROR]
        for method, path, body in [
            ('GET', '/images', b''),
            ('POST', '/images', FILE),
            ('DELETE', '/images/36562622-48e5-4a61-be67-e426b11821ed.jpeg', b''),
        ]:
            result = await worker.simulate_request(method, path, body=body)
            assert result.status_code == 503
            assert int(result.headers['Retry-After']) > 0
            assert result.json['description']
            assert told() == [logging.ERROR]
        assert left_behind() == []
        await asyncio.to_thread(database.arrive)
        assert (await worker.simulate_post('/images', body=FILE)).status_code == 201
        assert len((await worker.simulate_get('/images')).json) == 1

    workers(story, 1)


@pytest.mark.hint(
    'The database was restarted, and the connections from before are broken. How many '
    'requests does that cost?',
    'SQLAlchemy notices, and opens others. The request that met the broken one is '
    'answered 503.',
    section='step8-postgresql',
)
@pytest.mark.parametrize('database', ['postgresql'], indirect=True)
def test_restarted(workers, postgresql_server, left_behind):
    """PostgreSQL goes away and comes back: 503 in between, nothing lost."""

    async def story(worker):
        assert (await worker.simulate_post('/images', body=FILE)).status_code == 201
        kept = left_behind()
        try:
            await asyncio.to_thread(postgresql_server.stop)
            for _ in range(2):
                for result in [
                    await worker.simulate_get('/images'),
                    await worker.simulate_post('/images', body=FILE),
                ]:
                    assert result.status_code == 503
        finally:
            await asyncio.to_thread(postgresql_server.start)
        assert left_behind() == kept
        statuses = []
        while 200 not in statuses:
            statuses.append((await worker.simulate_get('/images')).status_code)
            assert len(statuses) < 50
        assert len((await worker.simulate_get('/images')).json) == 1

    workers(story, 1)


@pytest.mark.hint(
    'Another program holds a lock in the database, and an upload waits for it. What do '
    'readers do, and what becomes of the upload?',
    "SQLite: `PRAGMA journal_mode = WAL` lets readers go on, and `connect_args`' "
    '`timeout` is for the others. PostgreSQL: `command_timeout` limits each statement; '
    'it ends in a `TimeoutError`, which belongs in `AWAY`.',
    section='step8-transaction',
)
def test_locked(workers, database, left_behind, module, config, monkeypatch):
    """While another program changes records, lists are read, and changes give up."""

    async def story(worker):
        assert (await worker.simulate_post('/images', body=FILE)).status_code == 201
        kept = left_behind()
        monkeypatch.setattr(module('database'), 'TIMEOUT', 1)
        hasty = falcon.testing.ASGIConductor(module('app').create_app(config))
        async with hasty, database.locked():
            assert (await hasty.simulate_post('/images', body=FILE)).status_code == 503
            assert left_behind() == kept
            [stored] = (await worker.simulate_get('/images')).json
            path = stored['image']
            assert (await hasty.simulate_delete(path)).status_code == 503
            assert (await worker.simulate_get(path)).status_code == 200
        assert (await worker.simulate_post('/images', body=FILE)).status_code == 201

    workers(story, 1)
