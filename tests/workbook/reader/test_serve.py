"""`tox -e serveN` serves a step, and says what to do when it cannot."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import fakeredis
import pytest

from workbook import processes
from workbook.layout import ROOT, steps
from workbook.pictures import upload
from workbook.reader import serve

STEPS = steps()
LAST = STEPS[-1]
WITH_REDIS = [step for step in STEPS if step.uses_redis]
WITH_DATABASE = [
    step for step in STEPS if (step.snapshot / 'asgilook' / 'database.py').exists()
]


def start(command, **environment):
    """Start a command as from a terminal: in a group that Ctrl-C reaches."""
    if os.name != 'posix':
        pytest.skip('Windows has no groups of processes that Ctrl-C is sent to')
    clean = {name: value for name, value in os.environ.items() if 'ASGI' not in name}
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**clean, 'PYTHONUNBUFFERED': '1', **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def serve_command(step, *options):
    """Return the command behind `tox -e serveN`."""
    return [
        sys.executable,
        '-m',
        'workbook.reader.serve',
        str(step.number),
        *map(str, options),
    ]


def ctrl_c(process):
    """Press Ctrl-C; return what was printed."""
    os.killpg(process.pid, signal.SIGINT)
    return process.communicate(timeout=60)[0]


@contextlib.contextmanager
def serving(process, port):
    """Wait until something is served on a port, and end it whatever happens."""
    try:
        up = processes.comes_up(process, port, 60)
        assert up, process.communicate()[0] if process.poll() else 'nothing listens'
        yield f'http://127.0.0.1:{port}'
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def fetch(url, data=None):
    """Return the status, the headers and the body of an answer."""
    try:
        with urllib.request.urlopen(url, data) as answer:  # noqa: S310
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def nothing_runs(process, *used):
    """Return whether neither a process of the group nor a listener is left.

    The processes that Python starts for others end a moment after those.
    """
    for _ in range(200):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 0)
            time.sleep(0.1)
            continue
        return not any(processes.listens(port) for port in used)
    return False


@pytest.mark.parametrize('step', STEPS, ids=lambda step: step.name)
def test_serve(step, free_port, tmp_path):
    """A step is served until Ctrl-C, and nothing is left running then."""
    environment = {
        'PYTHONPATH': str(step.snapshot),
        'ASGI_LOOK_STORAGE_PATH': str(tmp_path / 'pictures'),
        'ASGI_LOOK_REDIS_HOST': 'redis://user:secret@127.0.0.1:1/2',
    }
    process = start(serve_command(step, '--port', free_port), **environment)
    with serving(process, free_port) as url:
        assert fetch(f'{url}/nothing')[0] == 404
        output = ctrl_c(process)
        assert process.returncode == 0, output
        assert nothing_runs(process, free_port)
    assert f'Serving {step.name}: open {url}/' in output
    assert 'Traceback' not in output
    assert 'secret' not in output
    if (step.snapshot / 'asgilook' / 'config.py').exists():
        assert f'pictures go to {tmp_path / "pictures"}' in output
    if step.uses_redis:
        assert 'Redis is redis://127.0.0.1:1/2' in output
    if step in WITH_DATABASE:
        assert f'their records are in {tmp_path / "pictures.db"}' in output


@pytest.mark.parametrize('step', WITH_REDIS, ids=lambda step: step.name)
def test_redis(step, free_port, tmp_path):
    """Where no Redis answers, one is embedded, and it goes when the server does."""
    there_is_one = processes.listens(6379)
    environment = {
        'PYTHONPATH': str(step.snapshot),
        'ASGI_LOOK_STORAGE_PATH': str(tmp_path),
    }
    process = start(serve_command(step, '--port', free_port), **environment)
    with serving(process, free_port) as url:
        status, _, body = fetch(f'{url}/images', upload())
        assert status == 201
        uri = json.loads(body)['thumbnails'][0]
        answers = [fetch(url + uri) for _ in range(2)]
        says = [headers['X-ASGILook-Cache'] for _, headers, _ in answers]
        assert says == ['Miss', 'Hit']
        output = ctrl_c(process)
        [line] = [line for line in output.splitlines() if 'Redis is' in line]
        used = [free_port]
        if there_is_one:
            assert line.endswith('redis://localhost')
        else:
            assert 'embedded' in line
            used.append(int(line.partition('127.0.0.1:')[2].partition(',')[0]))
        assert process.returncode == 0, output
        assert nothing_runs(process, *used)


@pytest.mark.parametrize('step', WITH_DATABASE[-1:], ids=lambda step: step.name)
def test_workers(step, free_port, tmp_path):
    """Two workers share what there is, with nothing but Python installed."""
    environment = {
        'PYTHONPATH': str(step.snapshot),
        'ASGI_LOOK_STORAGE_PATH': str(tmp_path / 'pictures'),
    }
    command = serve_command(step, '--port', free_port, '--workers', '2')
    process = start(command, **environment)
    with serving(process, free_port) as url:
        for count in range(1, 5):
            assert fetch(f'{url}/images', upload())[0] == 201
            lists = [json.loads(fetch(f'{url}/images')[2]) for _ in range(4)]
            assert [len(records) for records in lists] == [count] * 4
        output = ctrl_c(process)
        assert process.returncode == 0, output
        assert 'Traceback' not in output
        assert nothing_runs(process, free_port)


@pytest.mark.parametrize('url', ['secret', 'postgresql//secret@h', 'postgresql://h:x'])
def test_database_that_is_no_url(url, free_port, tmp_path):
    """What is no URL of a database is refused, with the form of one, and not shown."""
    line = refusal(
        serve_command(WITH_DATABASE[0], '--port', free_port),
        ASGI_LOOK_STORAGE_PATH=str(tmp_path),
        ASGI_LOOK_DATABASE_URL=url,
    )
    assert 'ASGI_LOOK_DATABASE_URL' in line
    assert 'postgresql://user:password@host:port/name' in line
    assert 'secret' not in line


def test_place_of_records():
    """Where a database is, is shown without a password, wherever that stands."""
    url = 'postgresql://jo:secret@h:1/name?password=secret'
    assert serve.place_of_records(url) == 'postgresql://h:1/name'
    assert serve.place_of_records('sqlite:////a%20b/50%25.db') == '/a b/50%.db'


def begin_upload(port):
    """Begin an upload; return a function that finishes it, and returns its status."""
    data = upload()
    connection = http.client.HTTPConnection('127.0.0.1', port)
    connection.putrequest('POST', '/images')
    connection.putheader('Content-Length', str(len(data)))
    connection.endheaders()
    connection.send(data[:100])

    def finish():
        with contextlib.closing(connection):
            connection.send(data[100:])
            return connection.getresponse().status

    return finish


@pytest.mark.timeout(300)
def test_tox_serve(free_port, tmp_path):
    """`tox -e serve` serves the last step, and Ctrl-C leaves nothing running."""
    command = [
        sys.executable,
        '-m',
        'tox',
        '-e',
        'serve',
        '--',
        '--port',
        str(free_port),
    ]
    process = start(command, ASGI_LOOK_STORAGE_PATH=str(tmp_path))
    with serving(process, free_port) as url:
        assert fetch(f'{url}/images')[::2] == (200, b'[]')
        finish = begin_upload(free_port)
        os.killpg(process.pid, signal.SIGINT)
        lines = []
        for line in process.stdout:
            lines.append(line)
            if 'Waiting for connections to close' in line:
                assert finish() == 201
        process.wait(timeout=60)
        assert nothing_runs(process, free_port)
    output = ''.join(lines)
    assert 'Waiting for connections to close' in output
    assert f'Serving {LAST.name}: open {url}/' in output
    assert 'Traceback' not in output
    assert 'unsupported' not in output


def refusal(command, **environment):
    """Run a command that refuses; return the one line that it prints."""
    process = start(command, PYTHONPATH=str(LAST.snapshot), **environment)
    output = process.communicate(timeout=60)[0]
    assert process.returncode != 0
    [line] = output.splitlines()
    return line


def test_port_in_use(free_port, tmp_path):
    """A port in use is named, with a way out."""
    with socket.create_server(('127.0.0.1', free_port)):
        line = refusal(
            serve_command(LAST, '--port', free_port),
            ASGI_LOOK_STORAGE_PATH=str(tmp_path),
        )
    assert f'port {free_port}' in line
    assert f'-- --port {free_port + 1}' in line


def test_no_such_port():
    """A port that no machine has is named."""
    assert '99999' in refusal(serve_command(LAST, '--port', 99999))


def test_unwritable_folder(free_port, tmp_path):
    """A folder in which nothing can be kept is named, with a way out."""
    (tmp_path / 'file').touch()
    line = refusal(
        serve_command(LAST, '--port', free_port),
        ASGI_LOOK_STORAGE_PATH=str(tmp_path / 'file' / 'pictures'),
    )
    assert str(tmp_path / 'file' / 'pictures') in line
    assert 'ASGI_LOOK_STORAGE_PATH' in line


@pytest.mark.parametrize(
    'url',
    ['localhost:6379', ':secret@localhost', 'redis://h:secret', 'redis://h?secret=1'],
)
def test_redis_that_is_no_url(url, free_port, tmp_path):
    """What is no URL of a Redis is refused, with the form of one, and kept secret."""
    line = refusal(
        serve_command(WITH_REDIS[0], '--port', free_port),
        ASGI_LOOK_STORAGE_PATH=str(tmp_path),
        ASGI_LOOK_REDIS_HOST=url,
    )
    assert 'ASGI_LOOK_REDIS_HOST' in line
    assert 'redis://host:port' in line
    assert 'secret' not in line


@pytest.mark.parametrize(
    ('host', 'shown'),
    [
        ('127.0.0.1', '127.0.0.1'),
        ('::1', '[::1]'),
        ('0.0.0.0', '127.0.0.1'),  # noqa: S104
        ('::', '[::1]'),
    ],
)
def test_where(host, shown, free_port, monkeypatch):
    """An address is shown as a browser takes it: one of IPv6 in brackets."""
    monkeypatch.setattr(serve, 'check_address', lambda host, port: port)
    options = {
        'uds': None,
        'fd': None,
        'host': host,
        'port': free_port,
        'ssl_certfile': None,
    }
    assert serve.where(options) == f'open http://{shown}:{free_port}/'
    options['ssl_certfile'] = 'certificate.pem'
    assert serve.where(options) == f'open https://{shown}:{free_port}/'


def test_any_free_port(tmp_path):
    """Port 0 is any port that is free, and the one that was found is shown."""
    options = {
        'uds': None,
        'fd': None,
        'host': '127.0.0.1',
        'port': 0,
        'ssl_certfile': None,
    }
    shown = serve.where(options)
    assert options['port'] > 0
    assert shown == f'open http://127.0.0.1:{options["port"]}/'


def test_unknown_option():
    """An option that uvicorn lacks is named."""
    assert '--no-such-option' in refusal(serve_command(LAST, '--no-such-option'))


@pytest.mark.parametrize('command', ['serve', 'step'])
def test_unknown_step(command):
    """A step that does not exist is named, and those that do."""
    number = LAST.number + 1
    line = refusal([sys.executable, '-m', 'tox', '-e', f'{command}{number}'])
    assert f'There is no step {number}' in line
    assert f'tox -e {command}{LAST.number}' in line


@pytest.mark.parametrize(
    'place', ['user:secret@127.0.0.1:1/2', '127.0.0.1:1/2?password=secret']
)
def test_password_is_not_shown(monkeypatch, place):
    """What is said of a Redis has no password in it, wherever the URL has one."""
    monkeypatch.setenv(serve.REDIS, f'redis://{place}')
    with serve.some_redis() as said:
        assert said.startswith('redis://127.0.0.1:1/2, as ')
        assert 'secret' not in said


@pytest.fixture
def ready(monkeypatch):
    """Return an event that an embedded Redis waits for before it answers."""
    ready = threading.Event()

    class SlowServer(fakeredis.TcpFakeServer):
        def serve_forever(self):
            ready.wait()
            super().serve_forever()

        def shutdown(self):
            ready.set()
            super().shutdown()

    monkeypatch.setattr(fakeredis, 'TcpFakeServer', SlowServer)
    return ready


def test_embedded_redis_that_is_slow_to_start(ready, monkeypatch):
    """An embedded Redis is not handed on before it answers."""
    answered, redis_answers = [], serve.redis_answers

    def ask(url):
        answered.append(redis_answers(url))
        ready.set()
        return answered[-1]

    monkeypatch.setattr(serve, 'redis_answers', ask)
    with serve.embedded_redis() as url:
        assert answered[0] is False
        assert answered[-1] is True
        assert redis_answers(url)


def test_embedded_redis_that_does_not_answer(ready, monkeypatch):
    """An embedded Redis that never answers is not handed on: a line says so."""
    monkeypatch.setattr(serve, 'ATTEMPTS', 1)
    with (
        pytest.raises(serve.UserError, match=f'does not answer.*{serve.REDIS}'),
        serve.embedded_redis(),
    ):
        pytest.fail('it was handed on')
