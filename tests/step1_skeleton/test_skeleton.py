"""Step 1: a package with an application in it that a server can host."""

import http.client
import re
import subprocess
import sys
import time
import tomllib

import falcon.asgi
import falcon.testing
import pytest

pytestmark = pytest.mark.hint(section='step1-app')


@pytest.mark.hint(
    'Where does Python look for `asgilook`? The folder has to be '
    'directly inside yours, next to `pyproject.toml`, and contain '
    '`__init__.py` and `app.py`.',
    'Create `asgilook/__init__.py`, which contains only a docstring, and '
    "`asgilook/app.py`. After that, `python -c 'import asgilook.app'` in "
    'your folder prints nothing.',
    section='step1-package',
)
def test_package(module, app_folder):
    """`asgilook` is a package, and its module `app` can be imported."""
    assert module('app').__package__ == 'asgilook'
    path = app_folder / 'asgilook' / '__init__.py'
    assert path.is_file(), 'asgilook/__init__.py is missing.'


@pytest.mark.hint(
    'pip reads from `pyproject.toml` what the project is called, what it needs, and '
    "how to build it. Compare yours with the chapter's, line by line.",
    'Below `[project]` there are `name = "asgilook"`, a `version`, and a list '
    'called `dependencies` with `falcon` and `uvicorn`, each followed by `>=` and a '
    'version. Below `[build-system]` there are `requires` and `build-backend`.',
    section='step1-install',
)
def test_project(app_folder):
    """`pyproject.toml` says what the project needs, and how pip builds it."""
    path = app_folder / 'pyproject.toml'
    assert path.is_file(), 'The folder has no pyproject.toml yet.'
    text = path.read_text(encoding='utf-8')
    tables = tomllib.loads(text)
    for table, keys in {
        'project': ['name', 'version', 'dependencies'],
        'build-system': ['requires', 'build-backend'],
    }.items():
        assert table in tables, f'pyproject.toml has no table [{table}].'
        for key in keys:
            assert key in tables[table], f'[{table}] in pyproject.toml has no {key}.'
    project, build = tables['project'], tables['build-system']
    assert project['name'] == 'asgilook'
    for name in ('falcon', 'uvicorn'):
        needed = any(re.match(rf'{name}\b', each) for each in project['dependencies'])
        assert needed, f'Missing: {name!r}, in dependencies in pyproject.toml.'
    builder = build['build-backend'].partition('.')[0]
    needed = any(each.startswith(builder) for each in build['requires'])
    assert needed, f'Missing: {builder!r}, in requires in pyproject.toml.'


@pytest.mark.hint(
    'Falcon has two classes called `App`: one for WSGI, and one for '
    'ASGI. Which one is yours?',
    '`import falcon.asgi`, and then `app = falcon.asgi.App()`. From step '
    '3 on, `create_app` creates the same app and returns it.',
)
def test_application(app):
    """The application is an asynchronous Falcon app."""
    assert isinstance(app, falcon.asgi.App)


@pytest.mark.hint(
    'An application without routes answers 404 to everything. Which of your routes or '
    'handlers answers instead?',
    "Remove every route, sink or middleware that isn't in the chapters, "
    'such as `/broken` from the pitfall. If your own code creates '
    'errors, it must keep `title` and respond with JSON.',
    section='step1-run',
)
@pytest.mark.parametrize(
    'path', ['/', '/image', '/images/', '/thumbnails', '/broken', '/%00', '/é', '//']
)
@pytest.mark.parametrize('method', ['GET', 'POST', 'DELETE'])
def test_nothing_there(client, method, path):
    """A path without a route gets a 404, in JSON, whatever the method."""
    result = client.simulate_request(method, path)
    assert result.status_code == 404
    assert result.headers['Content-Type'] == 'application/json'
    assert result.json['title'] == '404 Not Found'


@pytest.mark.hint(
    'A server tells the application when it starts and when it stops. '
    '`falcon.asgi.App` handles both. Which part of your code runs at '
    'those times?',
    'Only middleware runs at startup: look at its `process_startup` and '
    '`process_shutdown`. Both are coroutines, `async def`, and must not raise.',
    section='step1-servers',
)
def test_lifespan(app, run):
    """The application starts up and shuts down when its server does."""

    async def live():
        async with falcon.testing.ASGIConductor(app) as conductor:
            return await conductor.simulate_get('/')

    assert run(live()).status_code == 404


PATIENCE = 120.0
"""How long the server may take to start, in seconds: a busy machine is slow."""


def answer(server, port, path):
    """Return the status that the server answers with, once it does."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if server.poll() is not None:
            log = server.stdout.read().strip()
            last = log.splitlines()[-1] if log else 'it printed nothing'
            raise AssertionError(f'Uvicorn did not start: {last}\n{log}')
        connection = http.client.HTTPConnection('127.0.0.1', port, timeout=PATIENCE)
        try:
            connection.request('GET', path)
            return connection.getresponse().status
        except ConnectionRefusedError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise AssertionError(f'No server came up within {PATIENCE:g} seconds.')


@pytest.mark.hint(
    'Start it the way the chapter does, in your own folder, and read the output.',
    '`uvicorn asgilook.app:app` (from step 3 on `asgilook.asgi:app`) '
    'needs a name `app` at the top level of that module, and importing '
    "the module mustn't raise an error. Keep the log level at `info`.",
    section='step1-run',
)
@pytest.mark.timeout(PATIENCE + 5)
def test_hosted(app_folder, module, free_port, tmp_path, monkeypatch):
    """Uvicorn hosts the application, and logs each request."""
    monkeypatch.setenv('ASGI_LOOK_STORAGE_PATH', str(tmp_path))
    monkeypatch.setenv('ASGI_LOOK_REDIS_HOST', f'redis://127.0.0.1:{free_port}')
    name = 'asgi' if (app_folder / 'asgilook' / 'asgi.py').exists() else 'app'
    if name == 'app' and hasattr(module('app'), 'create_app'):
        module('asgi')
    command = [sys.executable, '-m', 'uvicorn', f'asgilook.{name}:app', '--port']
    with subprocess.Popen(
        [*command, str(free_port)],
        cwd=app_folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        try:
            assert answer(server, free_port, '/nothing') == 404
        finally:
            server.terminate()
        log = server.communicate()[0]
    assert '"GET /nothing HTTP/1.1" 404 Not Found' in log
    assert 'Traceback' not in log
