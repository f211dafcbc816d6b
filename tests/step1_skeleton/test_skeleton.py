"""Step 1: a package with an application in it that a server can host."""

import http.client
import subprocess
import sys
import time
import tomllib

import falcon.asgi
import falcon.testing
import pytest


def test_package(module):
    """`asgilook` is a package, and its module `app` can be imported."""
    assert module('app').__package__ == 'asgilook'


def test_project(app_folder):
    """The project says what it is called and what it needs, for pip to install it."""
    path = app_folder / 'pyproject.toml'
    assert path.is_file(), 'The folder has no pyproject.toml yet.'
    text = path.read_text(encoding='utf-8')
    project = tomllib.loads(text)['project']
    assert project['name'] == 'asgilook'
    assert {'falcon', 'uvicorn'} <= {
        name.partition('>')[0] for name in project['dependencies']
    }


def test_application(app):
    """The application is an asynchronous Falcon app."""
    assert isinstance(app, falcon.asgi.App)


@pytest.mark.parametrize(
    'path', ['/', '/image', '/images/', '/thumbnails', '/%00', '/é', '//']
)
@pytest.mark.parametrize('method', ['GET', 'POST', 'DELETE'])
def test_nothing_there(client, method, path):
    """A path that nothing was added for answers 404, in JSON, to any method."""
    result = client.simulate_request(method, path)
    assert result.status_code == 404
    assert result.headers['Content-Type'] == 'application/json'
    assert result.json['title'] == '404 Not Found'


def test_lifespan(app, run):
    """The application starts up and shuts down when its server does."""

    async def live():
        async with falcon.testing.ASGIConductor(app) as conductor:
            return await conductor.simulate_get('/')

    assert run(live()).status_code == 404


def answer(port, path):
    """Return the status that the server answers with, once it does."""
    for _ in range(100):
        connection = http.client.HTTPConnection('127.0.0.1', port, timeout=5)
        try:
            connection.request('GET', path)
            return connection.getresponse().status
        except ConnectionRefusedError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise AssertionError('No server came up within five seconds.')


def test_hosted(app_folder, free_port, tmp_path, monkeypatch):
    """Uvicorn hosts the application, and tells its log of each request."""
    monkeypatch.setenv('ASGI_LOOK_STORAGE_PATH', str(tmp_path))
    monkeypatch.setenv('ASGI_LOOK_REDIS_HOST', f'redis://127.0.0.1:{free_port}')
    module = 'asgi' if (app_folder / 'asgilook' / 'asgi.py').exists() else 'app'
    command = [sys.executable, '-m', 'uvicorn', f'asgilook.{module}:app', '--port']
    with subprocess.Popen(
        [*command, str(free_port)],
        cwd=app_folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        try:
            assert answer(free_port, '/nothing') == 404
        finally:
            server.terminate()
        log = server.communicate()[0]
    assert '"GET /nothing HTTP/1.1" 404 Not Found' in log
    assert 'Traceback' not in log
