"""The viewer answers where a service has no page, and passes on all the rest."""

import asyncio
import contextlib
import gzip
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from workbook import processes
from workbook.layout import ROOT, steps
from workbook.reader import viewer

STEPS = steps()
LAST = STEPS[-1]
GALLERY = 10
"""The step from which on there is a page of the service's own."""

SERVE = [sys.executable, '-m', 'workbook.reader.serve']


def service(status, *chunks):
    """Return an ASGI app that answers everything in the same way."""

    async def app(scope, receive, send):
        headers = [(b'x-from', b'the app')]
        await send(
            {'type': 'http.response.start', 'status': status, 'headers': headers}
        )
        for chunk in chunks:
            await send({'type': 'http.response.body', 'body': chunk, 'more_body': True})
        await send({'type': 'http.response.body', 'body': b''})

    return app


def ask(app, method, path, **scope):
    """Return the status, the headers and the body that an ASGI app answers."""
    sent = []

    async def receive():
        return {'type': 'http.request', 'body': b'', 'more_body': False}

    async def send(message):
        sent.append(message)

    scope = {'type': 'http', 'method': method, 'path': path, 'headers': [], **scope}
    asyncio.run(app(scope, receive, send))
    start, *rest = sent
    assert [message['type'] for message in rest] == ['http.response.body'] * len(rest)
    headers = {name.decode(): value.decode() for name, value in start['headers']}
    return start['status'], headers, b''.join(message['body'] for message in rest)


NOT_FOUND = viewer.Viewer(service(404, b'nothing here'), 'Step 1')
OWN_PAGE = viewer.Viewer(service(200, b'my ', b'own ', b'page'))
FILES = ['icon.svg', 'viewer.css', 'viewer.js']


def test_a_page_where_there_is_none():
    """A service that answers 404 at `/` has the viewer there."""
    status, headers, body = ask(NOT_FOUND, 'GET', '/')
    assert status == 200
    assert headers['content-type'] == 'text/html; charset=utf-8'
    assert headers['content-length'] == str(len(body))
    assert b'<title>Step 1 \xc2\xb7 asgilook</title>' in body
    assert b'nothing here' not in body
    assert 'x-from' not in headers


def test_a_page_of_its_own_wins():
    """A service with a page at `/` is shown as it is."""
    for method in ('GET', 'HEAD'):
        answer = ask(OWN_PAGE, method, '/')
        assert answer == (200, {'x-from': 'the app'}, b'my own page')


@pytest.mark.parametrize('status', [204, 302, 401, 405, 500])
def test_only_a_404_is_replaced(status):
    """Any other answer at `/` is the service's."""
    app = viewer.Viewer(service(status, b'as it is'))
    assert ask(app, 'GET', '/') == (status, {'x-from': 'the app'}, b'as it is')


def test_what_is_streamed_is_passed_on_as_it_comes():
    """An answer at `/` isn't held back until it is complete: it may never be."""
    heard = []

    async def endless(scope, receive, send):
        await send({'type': 'http.response.start', 'status': 200, 'headers': []})
        await send({'type': 'http.response.body', 'body': b'1', 'more_body': True})
        assert len(heard) == 2
        raise ConnectionAbortedError

    async def send(message):
        heard.append(message)

    scope = {'type': 'http', 'method': 'GET', 'path': '/', 'headers': []}
    with pytest.raises(ConnectionAbortedError):
        asyncio.run(viewer.Viewer(endless)(scope, None, send))
    assert len(heard) == 2


@pytest.mark.parametrize('path', ['/', *(viewer.PREFIX + name for name in FILES)])
def test_head(path):
    """`HEAD` has the headers of `GET`, and no body."""
    status, headers, body = ask(NOT_FOUND, 'GET', path)
    assert ask(NOT_FOUND, 'HEAD', path) == (status, headers, b'')
    assert body


@pytest.mark.parametrize(
    ('method', 'path'),
    [
        ('GET', '/images'),
        ('GET', '//'),
        ('GET', '/-/viewer/'),
        ('GET', '/-/viewer/index.html'),
        ('GET', '/-/viewer/__init__.py'),
        ('GET', '/-/viewer/../viewer.js'),
        ('POST', '/'),
        ('OPTIONS', '/'),
        ('POST', '/-/viewer/viewer.js'),
    ],
)
def test_all_else_is_passed_on(method, path):
    """A 404 elsewhere, or for another method, stays a 404."""
    answer = ask(NOT_FOUND, method, path)
    assert answer == (404, {'x-from': 'the app'}, b'nothing here')


@pytest.mark.parametrize('kind', ['lifespan', 'websocket'])
def test_what_is_no_request_is_passed_on_untouched(kind):
    """The very same objects reach the app: start and stop, sockets and all."""
    heard = []

    async def app(*arguments):
        heard.append(arguments)

    scope, receive, send = {'type': kind, 'path': '/'}, object(), object()
    asyncio.run(viewer.Viewer(app)(scope, receive, send))
    [arguments] = heard
    assert all(a is b for a, b in zip(arguments, (scope, receive, send), strict=True))


def test_a_prefix():
    """Under a prefix, the page and its files are below it."""
    for path in ('/', viewer.PREFIX + 'viewer.js'):
        prefixed = ask(NOT_FOUND, 'GET', f'/pics{path}', root_path='/pics')
        assert prefixed == ask(NOT_FOUND, 'GET', path)
    page = ask(NOT_FOUND, 'GET', '/')[2].decode()
    assert set(re.findall(r'(?:src|href)="([^"]+)"', page)) == {
        f'-/viewer/{name}' for name in FILES
    }


def test_the_policy_is_strict():
    """Nothing is allowed but the page's own files, and what it needs no exception."""
    for path in ('/', viewer.PREFIX + 'viewer.js'):
        headers = ask(NOT_FOUND, 'GET', path)[1]
        policy = headers['content-security-policy']
        assert policy.startswith("default-src 'none'; script-src 'self'; ")
        assert "require-trusted-types-for 'script'" in policy
        assert 'unsafe' not in policy
        assert headers['x-content-type-options'] == 'nosniff'
    page = ask(NOT_FOUND, 'GET', '/')[2].decode()
    assert not re.search(r'<script[^>]*>[^<]|<style|style=|\son\w+=', page)


def test_the_title_is_text():
    """A folder may have any name."""
    app = viewer.Viewer(service(404), '<script>alert("$title")</script>')
    page = ask(app, 'GET', '/')[2].decode()
    assert '<script>alert' not in page
    assert page.count('&lt;script&gt;alert(&quot;$title&quot;)') == 2


def test_it_is_small():
    """The whole viewer is a few kilobytes on the way, and names no other host."""
    files = [viewer.FOLDER / name for name in ['index.html', *FILES]]
    texts = [file.read_bytes() for file in files]
    assert sum(len(gzip.compress(text)) for text in texts) < 12_000
    found = [re.findall(rb'https?://[^"\' ]+', text) for text in texts]
    assert [host for hosts in found for host in hosts] == [
        b'http://www.w3.org/2000/svg'
    ]


# ---- served ------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path):
    """Return a folder as a reader has it at the end of the last step."""
    folder = tmp_path / 'mine'
    shutil.copytree(LAST.snapshot / 'asgilook', folder / 'asgilook')
    return folder


def start(folder, *options, step=LAST, output=subprocess.PIPE):
    """Start `serve` for a step, as its environment has it."""
    return subprocess.Popen(
        [*SERVE, str(step.number), *map(str, options)],
        cwd=ROOT,
        env={
            **os.environ,
            'PYTHONPATH': str(step.snapshot),
            'PYTHONUNBUFFERED': '1',
            'ASGI_LOOK_STORAGE_PATH': str(folder / 'store'),
        },
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextlib.contextmanager
def serving(folder, port, *options, step=LAST):
    """Serve a step; yield its URL, and the file that its output goes to."""
    log = folder / 'output.txt'
    with log.open('w') as output:
        process = start(folder, '--port', port, *options, step=step, output=output)
    try:
        assert processes.comes_up(process, port, 60), log.read_text()
        yield f'http://127.0.0.1:{port}', log
    finally:
        process.terminate()
        process.wait(60)


def fetch(url):
    """Return the status and the body of an answer."""
    try:
        with urllib.request.urlopen(url) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize('step', STEPS, ids=lambda step: step.name)
def test_each_step_has_a_page(step, free_port, tmp_path):
    """A step is shown at `/`: on a page of its own, or in the viewer."""
    with serving(tmp_path, free_port, step=step) as (url, log):
        status, page = fetch(f'{url}/')
        assert status == 200
        viewed = f'Step {step.number} of {len(STEPS)}: ' in page
        assert viewed == (step.number < GALLERY)
        assert fetch(f'{url}/nothing')[0] == 404
        assert fetch(f'{url}/-/viewer/viewer.js')[0] == 200
    assert 'GET / ' in log.read_text()
    assert '/-/viewer/' not in log.read_text(), "the log is the service's"


def test_own_code(own, free_port, tmp_path):
    """`--app` serves the reader's code, not the step's."""
    errors = own / 'asgilook' / 'errors.py'
    text = errors.read_text(encoding='utf-8')
    errors.write_text(text.replace('Nothing is here.', 'Nothing of mine is here.'))
    with serving(tmp_path, free_port, '--app', own) as (url, log):
        assert f'Your own code in {own}' in fetch(f'{url}/')[1]
        assert 'Nothing of mine is here.' in fetch(f'{url}/nothing')[1]
    assert f'Serving your own code in {own}: open {url}/' in log.read_text()


def test_own_code_is_reloaded(own, free_port, tmp_path):
    """With `--reload`, what a reader saves is served, and a mistake is named."""
    errors = own / 'asgilook' / 'errors.py'
    text = errors.read_text(encoding='utf-8')
    options = [f'--app={own}', '--reload']
    with serving(tmp_path, free_port, *options) as (url, log):

        def says(word):
            with contextlib.suppress(OSError):
                return word in fetch(f'{url}/nothing')[1]
            return False

        assert processes.wait_until(lambda: says('Nothing is here.'), 60)
        errors.write_text('HINTS = {\n')
        named = 'asgilook/errors.py, line 1: SyntaxError'
        assert processes.wait_until(lambda: named in log.read_text(), 60)
        errors.write_text(text.replace('Nothing is here.', 'Reloaded.'))
        assert processes.wait_until(lambda: says('Reloaded.'), 60)
        assert 'Your own code' in fetch(f'{url}/')[1]
    assert 'Traceback' not in log.read_text()


def break_(own, name, text):
    """Replace a file of a reader's by another text."""
    (own / 'asgilook' / name).write_text(text, encoding='utf-8')


MISTAKES = {
    'syntax': (
        lambda own: break_(own, 'cache.py', 'x = 1\nclass RedisCache\n'),
        ['asgilook/cache.py, line 2: SyntaxError: ', 'run this again'],
    ),
    'missing module': (
        lambda own: break_(own, 'images.py', '\nimport lighthouse\n'),
        ['asgilook/images.py, line 2: ', "No module named 'lighthouse'"],
    ),
    'error when imported': (
        lambda own: break_(own, 'asgi.py', 'from .app import create_app\n1 / 0\n'),
        ['asgilook/asgi.py, line 2: ZeroDivisionError'],
    ),
    'error in the settings': (
        lambda own: break_(own, 'config.py', 'class Konfig: pass\n'),
        ["has no attribute 'Config'"],
    ),
    'no app': (
        lambda own: break_(own, 'asgi.py', '"""Nothing yet."""\n'),
        ["has no attribute 'app'"],
    ),
    'no module app': (
        lambda own: [(own / 'asgilook' / name).unlink() for name in MAKERS],
        ['asgilook has no app.py yet', 'step 1'],
    ),
    'no package': (
        lambda own: (own / 'asgilook' / '__init__.py').unlink(),
        ['it needs an __init__.py', 'step 1'],
    ),
    'no folder asgilook': (
        lambda own: shutil.rmtree(own / 'asgilook'),
        ["doesn't contain asgilook/"],
    ),
    'no folder': (shutil.rmtree, ['There is no folder', 'tox -e start']),
}
MAKERS = ['app.py', 'asgi.py']


@pytest.mark.parametrize('mistake', MISTAKES)
def test_own_code_that_cannot_be_served(mistake, own, free_port, tmp_path):
    """One line says why, and what to do next."""
    spoil, words = MISTAKES[mistake]
    spoil(own)
    process = start(tmp_path, '--port', free_port, '--app', own)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 1
    [line] = output.splitlines()
    for word in words:
        assert word in line


def test_app_without_a_folder(tmp_path):
    """`--app` alone says what is missing."""
    process = start(tmp_path, '--app')
    [line] = process.communicate(timeout=60)[0].splitlines()
    assert '-- --app work' in line
