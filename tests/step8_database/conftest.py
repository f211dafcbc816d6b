"""The databases of step 8, SQLite and PostgreSQL, and workers that share one."""

import asyncio
import contextlib
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import falcon.testing
import pytest

from workbook.processes import free_port

PATIENCE = 60
"""How long anything may take on a busy machine, in seconds."""


class Sqlite:
    """A file of SQLite, at its default place: beside the store's folder."""

    url = None
    away_url = None

    def __init__(self, folder):
        self.path = folder.with_name(f'{folder.name}.db')
        self._missing = folder.with_name('missing')
        self.away_url = f'sqlite:///{self._missing}/images.db'

    def arrive(self):
        """Let what was away at `away_url` be there."""
        self._missing.mkdir()

    @contextlib.asynccontextmanager
    async def locked(self):
        """Keep the lock that another program takes to change the records."""
        connection = sqlite3.connect(self.path, isolation_level=None)
        with contextlib.closing(connection):
            connection.execute('BEGIN EXCLUSIVE')
            yield
            connection.execute('COMMIT')

    def new_url(self, name):
        """Return the URL of an empty database."""
        return f'sqlite:///{self.path.with_name(name)}.db'


class Postgresql:
    """A database of a PostgreSQL server."""

    def __init__(self, server, name):
        self._server = server
        self._name = name
        self.url = server.url('postgres')
        self.away_url = server.url(f'{name}_late')

    def arrive(self):
        """Let what was away at `away_url` be there."""
        self._server.execute(f'CREATE DATABASE {self._name}_late')

    @contextlib.asynccontextmanager
    async def locked(self):
        """Keep the lock that another program takes to change the records."""
        import asyncpg

        connection = await asyncpg.connect(self.url)
        try:
            async with connection.transaction():
                await connection.execute('LOCK TABLE collection IN EXCLUSIVE MODE')
                yield
        finally:
            await connection.close()

    def new_url(self, name):
        """Return the URL of an empty database."""
        self._server.execute(f'CREATE DATABASE {self._name}_{name}')
        return self._server.url(f'{self._name}_{name}')


class PostgresqlServer:
    """A PostgreSQL server with data of its own; it refuses to be run by root."""

    def __init__(self, programs):
        self.port = free_port()
        self._programs = programs
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix='asgilook-postgresql-'))
        self._data = str(self._folder / 'data')
        self._user = 'nobody' if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self._folder, self._user)
        options = ['--username=postgres', '--auth=trust', '--no-sync', '--no-locale']
        self._call('initdb', *options, '--encoding=UTF8')

    def start(self):
        """Start the server, and wait until it answers."""
        options = f'-p {self.port} -h 127.0.0.1 -k "" -F'
        log = str(self._folder / 'log')
        self._call('pg_ctl', 'start', '--wait', '--options', options, '--log', log)

    def stop(self):
        """Stop the server in the middle of whatever it does."""
        self._call('pg_ctl', 'stop', '--wait', '--mode=immediate')

    def remove(self):
        """Remove the data."""
        shutil.rmtree(self._folder)

    def url(self, name):
        """Return the URL of a database."""
        return f'postgresql://postgres@127.0.0.1:{self.port}/{name}'

    def empty(self):
        """End all connections, and remove all tables."""
        self.execute(
            'SELECT pg_terminate_backend(pid) FROM pg_stat_activity '
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        self.execute('DROP SCHEMA public CASCADE')
        self.execute('CREATE SCHEMA public')

    def execute(self, statement):
        """Execute a statement of SQL."""
        asyncio.run(self._execute(statement))

    async def _execute(self, statement):
        import asyncpg

        connection = await asyncpg.connect(self.url('postgres'))
        await connection.execute(statement)
        await connection.close()

    def _call(self, program, *options):
        subprocess.run(
            [self._programs / program, '--pgdata', self._data, *options],
            check=True,
            user=self._user,
            cwd='/',
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@pytest.fixture(scope='session')
def postgresql_server():
    """Return a PostgreSQL server that all tests share."""
    places = pathlib.Path('/usr/lib/postgresql').glob('*/bin')  # Debian's.
    path = os.pathsep.join([*map(str, places), os.environ['PATH']])
    initdb = shutil.which('initdb', path=path)
    if not initdb:
        pytest.skip('PostgreSQL is not installed, so only SQLite is tested')
    server = PostgresqlServer(pathlib.Path(initdb).resolve().parent)
    server.start()
    yield server
    server.stop()
    server.remove()


@pytest.fixture
def sqlite(folder):
    """Return a database of SQLite."""
    return Sqlite(folder)


@pytest.fixture
def postgresql(postgresql_server, tmp_path):
    """Return a database of PostgreSQL, without a table."""
    postgresql_server.empty()
    return Postgresql(postgresql_server, f'test{abs(hash(tmp_path))}')


@pytest.fixture(params=['sqlite', 'postgresql'])
def database(request):
    """Return a database: first of SQLite, then of PostgreSQL."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def redis_server():
    """Return a fake Redis."""
    from fakeredis import FakeServer

    return FakeServer()


@pytest.fixture
def config(config, database, redis_server):
    """Return settings for one test, with a database and a Redis that it can look at."""
    from fakeredis.aioredis import FakeRedis

    if database.url:
        config.database_url = database.url
    config.redis_from_url = lambda url, **options: FakeRedis(server=redis_server)
    return config


@pytest.fixture
def workers(module, config, run):
    """Return a function that lets a story happen to some workers with one database."""

    async def tell(story, count):
        async with contextlib.AsyncExitStack() as stack:
            conductors = [
                await stack.enter_async_context(
                    falcon.testing.ASGIConductor(module('app').create_app(config))
                )
                for _ in range(count)
            ]
            return await story(*conductors)

    return lambda story, count=2: run(tell(story, count))


@pytest.fixture
def on_statement():
    """Return a function that has each SQL statement shown to another one first."""
    import sqlalchemy

    shown = []

    def listen(name, function):
        sqlalchemy.event.listen(sqlalchemy.Engine, name, function)
        shown.append((name, function))

    yield listen
    for name, function in shown:
        sqlalchemy.event.remove(sqlalchemy.Engine, name, function)


@pytest.fixture
def explain(sqlite):
    """Return a function that says how SQLite finds what a statement asks for."""

    def plan(statement, parameters):
        with contextlib.closing(sqlite3.connect(sqlite.path)) as connection:
            rows = connection.execute(f'EXPLAIN QUERY PLAN {statement}', parameters)
            return [detail for *_, detail in rows]

    return plan


class Server:
    """The service on a real server with two workers."""

    def __init__(self, app_folder, config):
        self.port = free_port()
        command = [sys.executable, '-m', 'uvicorn', 'asgilook.asgi:app', '--workers=2']
        self._command = [*command, f'--port={self.port}', '--log-level=error']
        self._environment = {
            **os.environ,
            'PYTHONPATH': str(app_folder),
            'ASGI_LOOK_STORAGE_PATH': str(config.storage_path),
            'ASGI_LOOK_DATABASE_URL': config.database_url,
            'ASGI_LOOK_REDIS_HOST': 'redis://127.0.0.1:1',
        }

    def start(self):
        """Start the server, and wait until it answers."""
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert self._process.poll() is None, 'The server has ended by itself.'
            with contextlib.suppress(OSError):
                return self.request('GET', '/images')
            time.sleep(0.05)
        raise AssertionError('The server does not answer.')

    def kill(self):
        """Kill all its processes, as `kill -9` does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def request(self, method, path, body=None):
        """Make a request; return the status and the body of the answer."""
        import http.client

        connection = http.client.HTTPConnection(
            '127.0.0.1', self.port, timeout=PATIENCE
        )
        with contextlib.closing(connection):
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()


@pytest.fixture
def server(app_folder, config):
    """Return a real server with two workers."""
    server = Server(app_folder, config)
    server.start()
    yield server
    server.kill()
