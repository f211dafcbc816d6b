"""The configuration of nginx in the book serves the last step."""

import http.client
import io
import json
import os
import shutil
import subprocess
import sys

import PIL.Image
import pytest

from workbook.layout import ROOT, steps
from workbook.processes import comes_up, free_port

HOWTO = ROOT / 'examples' / 'howto'
NGINX = shutil.which('nginx')
MISSING = '/images/00000000-0000-0000-0000-000000000000.jpeg'

pytestmark = pytest.mark.skipif(NGINX is None, reason='nginx is not installed')


class Site:
    """The service behind nginx, and what both of them logged."""

    def __init__(self, folder, port, app_port):
        self.folder, self.port, self.app_port = folder, port, app_port

    def ask(self, method, path, body=None, source='127.0.0.1', port=None):
        """Make a request of nginx; return the response, and its body."""
        connection = http.client.HTTPConnection(
            '127.0.0.1', port or self.port, timeout=20, source_address=(source, 0)
        )
        connection.request(method, path, body)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response, content

    def upload(self):
        """Upload a picture; return its path."""
        data = io.BytesIO()
        PIL.Image.new('RGB', (200, 100), 'red').save(data, 'PNG')
        response, content = self.ask('POST', '/images', data.getvalue())
        assert response.status == 201
        return json.loads(content)['image']

    def app_log(self):
        """Return what uvicorn logged so far."""
        return (self.folder / 'uvicorn.log').read_text(encoding='utf-8')


@pytest.fixture(scope='module', params=['asgilook.asgi:app', 'handover:app'])
def target(request):
    """Return the name of the app that is served."""
    return request.param


@pytest.fixture(scope='module')
def site(target, tmp_path_factory):
    """Return the service behind nginx, on two free ports."""
    port, app_port = free_port(), free_port()
    tmp_path = tmp_path_factory.mktemp('nginx')
    text = (HOWTO / 'nginx.conf').read_text(encoding='utf-8')
    assert text.count('127.0.0.1:8080') == text.count('127.0.0.1:8000') == 1
    text = text.replace('127.0.0.1:8080', f'127.0.0.1:{port}')
    text = text.replace('127.0.0.1:8000', f'127.0.0.1:{app_port}')
    if target == 'handover:app':  # nothing but the app may find the pictures
        begin, end = text.index('# begin pictures'), text.index('# end pictures')
        text = text[:begin] + text[end:]
    (tmp_path / 'nginx.conf').write_text(text, encoding='utf-8')
    shutil.copy(HOWTO / 'handover.py', tmp_path)

    environ = {
        **os.environ,
        'PYTHONPATH': str(steps()[-1].snapshot),
        'ASGI_LOOK_STORAGE_PATH': str(tmp_path / 'pictures'),
        'ASGI_LOOK_REDIS_HOST': 'redis://127.0.0.1:1',  # no Redis: no cache
    }
    command = [sys.executable, '-m', 'uvicorn', target, '--port', str(app_port)]
    serve = [NGINX, '-p', str(tmp_path), '-c', 'nginx.conf', '-e', 'stderr']
    if os.geteuid() == 0:
        serve += ['-g', 'user root;']
    with (
        (tmp_path / 'uvicorn.log').open('w', encoding='utf-8') as log,
        subprocess.Popen(
            command, cwd=tmp_path, env=environ, stdout=log, stderr=log
        ) as app,
        subprocess.Popen(serve, cwd=tmp_path) as server,
    ):
        try:
            assert comes_up(app, app_port)
            assert comes_up(server, port)
            yield Site(tmp_path, port, app_port)
        finally:
            server.terminate()
            app.terminate()


def test_upload_and_download(site, target):
    """Nginx passes an upload on, and sends the stored file itself."""
    path = site.upload()
    response, content = site.ask('GET', path)
    stored = site.folder / 'pictures' / path.rpartition('/')[2]
    assert content == stored.read_bytes()
    assert response.status == 200
    assert response.headers['Content-Type'] == 'image/jpeg'
    assert response.headers['Content-Length'] == str(len(content))
    assert response.headers['Server'].startswith('nginx')
    assert response.headers['ETag']  # nginx's, for a file of its own
    assert 'X-Accel-Redirect' not in response.headers
    assert (f'GET {path}' in site.app_log()) == (target == 'handover:app')


def test_app_does_not_send_what_it_hands_over(site, target):
    """The app names the file in a header, and sends nothing of it."""
    path = site.upload()
    response, content = site.ask('GET', path, port=site.app_port)
    named = response.headers['X-Accel-Redirect']
    if target == 'handover:app':
        assert (named, content) == (path.replace('/images/', '/stored/'), b'')
    else:
        assert named is None
        assert len(content) > 0


def test_stored_files_are_internal(site):
    """No client can ask for the folder of stored files by itself."""
    name = site.upload().rpartition('/')[2]
    assert site.ask('GET', f'/stored/{name}')[0].status == 404


def test_missing_picture(site):
    """The app answers for a file that is not there: in JSON."""
    response, content = site.ask('GET', MISSING)
    assert response.status == 404
    assert 'GET /images' in json.loads(content)['description']


def test_large_upload(site):
    """Nginx refuses a body that is too large; the app never sees it."""
    seen = site.app_log().count('POST')
    connection = http.client.HTTPConnection('127.0.0.1', site.port, timeout=20)
    connection.putrequest('POST', '/images')
    connection.putheader('Content-Length', str(21 * 2**20))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    assert site.app_log().count('POST') == seen


def test_client_address(site):
    """The app learns from nginx who the client is."""
    site.ask('GET', '/images', source='127.0.0.2')
    assert '127.0.0.2:0 - "GET /images' in site.app_log()
