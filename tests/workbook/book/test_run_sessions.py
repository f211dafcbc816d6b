"""`tox -e transcripts` runs what the book's pages show, and compares."""

import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import textwrap

import pytest

from workbook import processes
from workbook.book import sessions
from workbook.layout import ROOT, steps
from workbook.reader.check import book

if os.name != 'posix':
    pytest.skip('Windows has no such terminals', allow_module_level=True)
from workbook.book import ports, run_sessions

RUN_SESSIONS = ['-m', 'workbook.book.run_sessions']
OVERLAY = """
import falcon.asgi

async def answer(req, resp):
    resp.status = 418
    raise RuntimeError('wrong')

app = falcon.asgi.App()
app.add_sink(answer)
"""
ONE = '0c66d0f6-f1ca-4e93-8c9b-9a3b0d1b1c11'
TWO = '49af4412-4ac0-451b-99d2-3963b906206a'


@pytest.fixture
def docs(tmp_path):
    """Make a folder for made-up pages."""
    folder = tmp_path / 'docs'
    folder.mkdir()
    overlay = tmp_path / 'examples' / 'tea' / 'asgilook'
    overlay.mkdir(parents=True)
    (overlay / 'app.py').write_text(OVERLAY)
    return folder


@pytest.fixture
def write(docs):
    """Return what writes a page, which may be indented as in this file."""

    def write(text, name='page.rst'):
        page = docs / name
        page.write_text(textwrap.dedent(text).lstrip('\n'))
        return page

    return write


@pytest.fixture
def run(docs, capsys):
    """Return what runs a command on the made-up pages."""

    def run(command):
        status = run_sessions.main([command, '--docs', str(docs)])
        return status, capsys.readouterr().out

    return run


RIGHT = """
    :step: 1

    A page
    ======

    Text.

    .. session::

       $ ls notes.txt
       notes.txt
       $ cd asgilook; word=three; export word; false

    And indented:

       .. session::

          $ echo $? ${word} \\
          >     four
          1 three four
          $ ls
          __init__.py  app.py

    The end.
"""


def test_right(write, run):
    """A page that shows what comes passes; folder, variables and status are kept."""
    page = write(RIGHT)
    before = page.read_bytes()
    status, output = run('check')
    assert status == 0, output
    assert 'docs: 2 blocks run, 0 not\n' in output
    run('refresh')
    assert page.read_bytes() == before


def test_wrong(write, run):
    """A page that shows something else fails, with the difference and what to do."""
    page = write(RIGHT.replace('three four', 'three five'))
    before = page.read_bytes()
    status, output = run('check')
    assert status == 1
    assert '-      1 three five\n+      1 three four\n' in output
    line = before.decode().split('\n').index('      1 three five') + 1
    assert f'@@ -{line - 3},7 +{line - 3},7 @@' in output
    assert 'tox -e transcripts -- refresh' in output
    assert page.read_bytes() == before


def test_refresh(write, run):
    """What came is written into the page, and nothing else; then the page passes."""
    page = write(RIGHT)
    right = page.read_text()
    page.write_text(right.replace('1 three four', 'wrong').replace('   a note\n', ''))
    assert run('refresh')[0] == 0
    assert page.read_text() == right
    assert run('refresh')[0] == 0
    assert page.read_text() == right
    assert run('check')[0] == 0


def server_page(port):
    """Return a page with two servers, one of which goes wrong."""
    return f"""
    :step: 1

    .. session::
       :server:

       $ uvicorn --port {port} asgilook.app:app
       INFO:     Started server process [1]
       INFO:     Waiting for application startup.
       INFO:     Application startup complete.
       INFO:     Uvicorn running on http://127.0.0.1:1 (Press CTRL+C to quit)

    .. session::

       $ http --headers localhost:{port}/nothing
       HTTP/1.1 404 Not Found
       content-length: 26
       content-type: application/json
       date: Sat, 21 Nov 2026 02:35:16 GMT
       server: uvicorn

    .. session::
       :log:

       INFO:     127.0.0.1:40994 - "GET /nothing HTTP/1.1" 404 Not Found

    .. session::
       :server:
       :with: tea

       $ uvicorn --port {port} --log-level warning asgilook.app:app

    .. session::

       $ curl -s localhost:{port} | tail -c 30
       {{"title": "500 Internal Server Error"}}

    .. session::
       :log:

       Traceback (most recent call last):
         ...
         File "/home/you/asgilook/asgilook/app.py", line 6, in answer
           raise RuntimeError('wrong')
       RuntimeError: wrong
    """


def test_server(write, run, free_port):
    """A server runs until the next one, or the page's end; its log can be shown."""
    page = write(server_page(free_port))
    assert run('refresh')[0] == 0
    text = page.read_text()
    assert 'date: Sat, 21 Nov 2026 02:35:16 GMT' in text
    assert 'process [1]' in text
    assert '127.0.0.1:40994 - "GET /nothing HTTP/1.1" 404' in text
    assert '500 Internal Server Error' in text
    assert 'RuntimeError: wrong' in text
    status, output = run('check')
    assert status == 0, output
    with contextlib.suppress(ConnectionRefusedError):
        socket.create_connection(('127.0.0.1', free_port)).close()
        pytest.fail('the server still runs')


def test_server_that_does_not_start(write, run, free_port):
    """What a server says when it ends at once is what the page shows."""
    write(f"""
    .. session::
       :server:

       $ uvicorn --port {free_port} asgilook.app:no_app
       ERROR:    Error loading ASGI app. Attribute "no_app" not found in module \
"asgilook.app".
    """)
    status, output = run('check')
    assert status == 0, output


REPL = """
    :step: 1

    .. session::

       $ python -m asyncio
       asyncio REPL 3.14.1 (elsewhere) on linux
       Use "await" directly instead of "asyncio.run()".
       Type "help", "copyright", "credits" or "license" for more information.
       >>> import asyncio

    .. session::

       >>> async def double(number):
       ...     await asyncio.sleep(0)
       ...     return 2 * number
       ...
       >>> await double(21)
       42
       >>> print('a'); print('b')
       a
       b

    .. session::

       >>> await double(None)
       Traceback (most recent call last):
         ...
         File "<console>", line 1, in <module>
         File "<console>", line 3, in double
       TypeError: unsupported operand type(s) for *: 'int' and 'NoneType'
       >>> print('/tmp/x')
       /tmp/x
"""


def test_repl(write, run):
    """Statements are run in one REPL, with `await` and with tracebacks."""
    page = write(REPL)
    before = page.read_bytes()
    status, output = run('check')
    assert status == 0, output
    write(REPL.replace('42', '43').replace("'NoneType'", "'str'"))
    status, output = run('refresh')
    assert '-   43\n+   42\n' in output
    assert "and 'NoneType'\n" in page.read_text()
    assert os.environ['HOME'] not in page.read_text()
    page.write_bytes(before.replace(b'       ...\n', b''))
    assert run('refresh')[0] == 0
    assert run('check')[0] == 0


def test_not_run(write, run):
    """A block that no machine can run is counted, and its reason told."""
    write("""
    .. session::
       :not-run: needs
          a browser

       $ exit 3
       anything

    .. session::

       $ echo 1
       1
    """)
    status, output = run('check')
    assert status == 0, output
    assert 'docs: 1 blocks run, 1 not:\n' in output
    assert 'page.rst:5: needs a browser\n' in output


@pytest.mark.parametrize(
    'line',
    [
        '$ echo begun; touch {begun}; sleep 1000',
        '>>> import pathlib, time; print("begun"); '
        'pathlib.Path("{begun}").touch(); time.sleep(1000)',
    ],
)
def test_endless(write, run, monkeypatch, tmp_path, line):
    """A command that does not end is stopped, and the page is left as it is."""
    begun = tmp_path / 'begun'
    line = line.format(begun=f'/{begun}')  # What is in /tmp alone would be moved.

    def wait_until_begun(true, seconds):
        processes.wait_until(lambda: true() or begun.exists(), seconds)
        return true()

    monkeypatch.setattr(run_sessions, 'wait_until', wait_until_begun)
    page = write(f"""
    .. session::

       {line}
    """)
    before = page.read_bytes()
    status, output = run('refresh')
    assert status == 1
    limit = run_sessions.TIME_LIMIT
    assert f'page.rst, line 3: Stopped after {limit:g} s: ' in output
    assert 'begun' in output
    assert page.read_bytes() == before


def test_background(write, run):
    """What a command leaves running goes on, and ends with the page."""
    write("""
    .. session::

       $ sleep 1000 > /dev/null 2>&1 & child=$!; export child; echo $child
       its number
       $ kill -0 $child && echo runs
       runs
    """)
    output = run('check')[1]
    assert '    runs\n' in output
    [number] = re.findall(r'^\+ +(\d+)$', output, re.MULTILINE)
    gone = processes.wait_until(lambda: not pathlib.Path('/proc', number).exists(), 60)
    assert gone, 'it still runs'


def test_ids(write, run):
    """Each run's ids are those of the page by another name, also when typed."""
    page = write(f"""
    .. session::

       $ python -c 'import uuid; print(uuid.uuid4(), uuid.uuid4())' | tee ids
       {ONE} {TWO}
       $ echo {TWO.upper()}
       {TWO.upper()}
       $ grep -c {TWO} ids
       1
       $ cat ids
       {ONE} {TWO}
    """)
    status, output = run('check')
    assert status == 0, output
    page.write_text(
        page.read_text().replace(f'cat ids\n   {ONE}', f'cat ids\n   {TWO}')
    )
    status, output = run('check')
    assert status == 1
    assert f'-   {TWO} {TWO}\n+   {ONE} {TWO}\n' in output


def test_redis(write, run):
    """From the step that needs it, there is a Redis, unless the page wants none."""
    ask = 'import os, redis; redis.from_url(os.environ["ASGI_LOOK_REDIS_HOST"]).ping()'
    text = f"""
    .. session::

       $ python -c '{ask}' && echo there
       there
    """
    page = write(text)
    status, output = run('check')
    assert status == 0, output
    page.write_text(f':redis: none\n{page.read_text()}')
    status, output = run('check')
    assert status == 1
    assert 'localhost:6379' in output


@pytest.mark.parametrize(
    ('shown', 'came'),
    [
        ('HTTP/1.1 200 OK', 'HTTP/1.1 404 Not Found'),
        (
            '127.0.0.1:5000 - "GET / HTTP/1.1" 200 OK',
            '127.0.0.1:5001 - "GET / HTTP/1.1" 500 OK',
        ),
        ('content-length: 10', 'content-length: 11'),
        ('http://127.0.0.1:8000', 'http://127.0.0.1:8001'),
        ('12 passed in 0.20s', '11 passed in 0.30s'),
        ('"size": [400, 300]', '"size": [400, 301]'),
        ('x-asgilook-cache: Hit', 'x-asgilook-cache: Miss'),
        ('TOTAL 120 0 100%', 'TOTAL 120 1 99%'),
        ('ValueError: a', 'ValueError: b'),
    ],
)
def test_masks_hide_no_change(shown, came):
    """What matters is compared: a status, a length, a count."""
    assert sessions.mend([shown], [came]) == [came]


@pytest.mark.parametrize(
    ('shown', 'came'),
    [
        ('Date: Sat, 21 Nov 2026 02:35:16 GMT', 'Date: Mon, 23 Nov 2026 02:35:17 GMT'),
        ('127.0.0.1:5000 - "GET', '127.0.0.1:5001 - "GET'),
        ('Started server process [1]', 'Started server process [22]'),
        ('User-Agent: HTTPie/3.2.4', 'User-Agent: HTTPie/3.3'),
        (
            '[2026-11-21 02:36:55 +0000] [18] [INFO] 127.0.0.1:4 - - '
            '[21/Nov/2026:02:36:56 +0000] "GET / 2" 200',
            '[2026-11-22 02:36:57 +0000] [19] [INFO] 127.0.0.1:5 - - '
            '[22/Nov/2026:02:36:57 +0000] "GET / 2" 200',
        ),
        ('Spawning worker-1 with PID: 17', 'Spawning worker-1 with PID: 18'),
        ('"GET / HTTP/2" 200 1.389', '"GET / HTTP/2" 200 0.31'),
        ('ETag: "6b01-f814"', 'ETag: "6b02-f815"'),
        ('=== 12 passed in 0.20s ===', '==== 12 passed in 10.30s ==='),
        ('Drawn with random.Random(497438835).', 'Drawn with random.Random(6).'),
        ('<object at 0x7f0011223344>', '<object at 0x7f0011223355>'),
        (
            'created at .../uvicorn/protocols/http/h11_impl.py:258> took 0.3 seconds',
            'created at /home/you/asgilook/.venv/lib/python3.13/site-packages'
            '/uvicorn/protocols/http/h11_impl.py:260> took 0.4 seconds',
        ),
        (
            'Content-Length: 10\nX: 1\nContent-Type: image/jpeg',
            'Content-Length: 11\nX: 1\nContent-Type: image/jpeg',
        ),
        (
            '-rw-r--r-- 1 root root 10 Nov 21 02:37 z',
            '-rw-r--r-- 1 you staff 10 Dec  1 02:38 z',
        ),
        (
            'file:///home/you/workbook/.tox/book/html/tutorial/step4.html#step4-check',
            book.UNBUILT,
        ),
    ],
)
def test_masks_hide_what_must_vary(shown, came):
    """What no two runs share is not compared, and stays as the page has it."""
    assert sessions.mend(shown.split('\n'), came.split('\n')) == shown.split('\n')


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        (':step: 99\n\n.. session::\n\n   $ true\n', 'line 1: there is no step 99'),
        ('.. session::\n   :sever:\n\n   $ true\n', 'line 2: no block has the option'),
        ('.. session::\n\n   true\n', 'line 3: the block begins with no prompt'),
        ('.. session::\n   :log:\n\n   INFO\n', 'line 4: there is no server'),
        ('.. session::\n   :with: no\n\n   $ true\n', 'there is no folder'),
        ('.. session::\n   :fault: wsgi\n\n   $ true\n', 'line 4: There is no fault'),
    ],
)
def test_mistakes(write, run, text, says):
    """A page that cannot be run is named, with the line and what is wrong."""
    write(text)
    status, output = run('check')
    assert status == 1
    assert says in output


def test_port_in_use(write, run, free_port, monkeypatch):
    """A port that something else uses is named; that is not taken for the server."""
    monkeypatch.setattr(run_sessions, 'PORT_LIMIT', 0.2)
    write(f"""
    .. session::
       :server:

       $ uvicorn --port {free_port} asgilook.app:app
    """)
    with socket.create_server(('127.0.0.1', free_port)):
        status, output = run('check')
    assert status == 1
    assert f'something uses port {free_port}' in output


@contextlib.contextmanager
def taken(*numbers):
    """Have something listen on these ports: a server of this test, or any other."""
    with contextlib.ExitStack() as stack:
        for number in numbers:
            with contextlib.suppress(OSError):
                stack.enter_context(socket.create_server(('127.0.0.1', number)))
        yield


def test_ports_that_something_else_uses(write, run, docs):
    """A page's ports are free ones when it is run, and the output has the page's."""
    overlay = docs.parent / 'examples' / 'front'
    overlay.mkdir()
    (overlay / 'nginx.conf').write_text('listen 127.0.0.1:8000; timeout 8000s;\n')
    page = write("""
    :step: 4
    :with: front

    .. session::
       :server:

       $ uvicorn asgilook.asgi:app
       INFO:     Started server process [1]
       INFO:     Waiting for application startup.
       INFO:     Application startup complete.
       INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)

    .. session::
       :server:
       :port: 8080

       $ python -m http.server --bind 127.0.0.1 8080 >/dev/null 2>&1

    .. session::

       $ http --body :8000/images
       []
       $ curl -so page.html -w '%{http_code}\\n' 127.0.0.1:8080
       200
       $ cat nginx.conf
       listen 127.0.0.1:8000; timeout 8000s;
       $ uvicorn asgilook.asgi:app --log-level error
       ERROR:    [Errno 98] error while attempting to bind on address \
('127.0.0.1', 8000): address already in use
    """)
    with taken(8000, 8080):
        status, output = run('check')
    assert status == 0, output
    assert ':8000' in page.read_text()


def test_ports_of_four_digits_are_kept_apart():
    """Each port has another, as long as itself; no other number is taken for a port."""
    server = sessions.Block(0, 0, '', {'server': '', 'port': '8080'}, ['$ x -p 6390'])
    pair = ports.Ports([server])
    numbers = [pair.used(number) for number in (8000, 8080, 6390)]
    assert len({*numbers, 8000, 8080, 6390}) == 6
    assert all(len(str(number)) == 4 for number in numbers)
    shown = "http://localhost:8000 ('::1', 6390) tcp:port=8080 port 8000"
    assert pair.to_use(shown) != shown
    assert pair.to_show(pair.to_use(shown)) == shown
    kept = [f'{ONE[:8]}-8000-8080-{ONE[-12:]}', '80001', 'v8000', '0.8000']
    for text in [*kept, 'new((8000, 8000))', 'size = 8000, 640']:
        assert pair.to_use(text) == text
    for text in [f'content-length: {numbers[0]}', f'{numbers[1]} bytes']:
        assert pair.to_show(text) == text
    assert pair.used(40_000) == 40_000


def test_two_servers(write, run, free_port):
    """A server whose block names its port runs beside those at others."""
    other = processes.free_port()
    serve = 'python -m http.server --bind 127.0.0.1'
    write(f"""
    .. session::
       :server:

       $ uvicorn --port {free_port} --log-level warning asgilook.asgi:app

    .. session::
       :server:
       :port: {other}

       $ {serve} {other} >/dev/null 2>&1

    .. session::
       :server:
       :port: {other}

       $ {serve} {other} >/dev/null 2>&1

    .. session::

       $ curl -s localhost:{free_port}/images
       []
       $ curl -so page.html -w '%{{http_code}}\\n' 127.0.0.1:{other}
       200

    .. session::
       :server:

       $ uvicorn --port {free_port} --log-level warning asgilook.asgi:app

    .. session::

       $ curl -s -m 2 127.0.0.1:{other} || echo gone
       gone
    """)
    status, output = run('check')
    assert status == 0, output


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_stopped(write, docs, free_port, number):
    """Whoever stops the program stops the servers that it has started."""
    page = write(
        f"""
        .. session::
           :server:

           $ python -m http.server --bind 127.0.0.1 {free_port}

        .. session::

           $ sleep 15
        """
    )
    started = subprocess.Popen(
        [
            sys.executable,
            '-m',
            'workbook.book.run_sessions',
            'check',
            page,
            '--docs',
            docs,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert processes.comes_up(started, free_port)
    started.send_signal(number)
    started.send_signal(number)
    _, told = started.communicate(timeout=60)
    assert started.returncode == 130
    assert told == b''
    assert not processes.listens(free_port)


def test_overlay_of_a_page(write, run):
    """A page can begin with an overlay, which all its blocks see."""
    write("""
    :step: 1
    :with: tea

    .. session::

       $ python -c 'from asgilook.app import answer; print(answer.__name__)'
       answer
    """)
    status, output = run('check')
    assert status == 0, output


def test_another_step(write, run):
    """A block can run on another step's snapshot, which has no newer module, either."""
    write("""
    :step: 5

    .. session::
       :step: 1

       $ echo asgilook/*.py
       asgilook/__init__.py asgilook/app.py
    """)
    status, output = run('check')
    assert status == 0, output


def test_a_step_that_is_not_there(write, run):
    """A step that isn't there is named."""
    write("""
    .. session::
       :step: 99

       $ ls
    """)
    status, output = run('check')
    assert status == 1
    assert 'there is no step 99' in output


def test_fault(write, run):
    """A block can run on the page's snapshot with a fault in it, and others without."""
    write("""
    :step: 1

    .. session::
       :fault: wsgi_app

       $ grep import asgilook/app.py
       import falcon

    .. session::

       $ grep import asgilook/app.py
       import falcon.asgi
    """)
    status, output = run('check')
    assert status == 0, output


def test_needed_program(write, run, monkeypatch):
    """A block that needs a program is left out without it, but not so in CI."""
    write("""
    .. session::
       :needs: bash

       $ echo 1
       1

    .. session::
       :needs: no-such-program

       $ no-such-program
    """)
    monkeypatch.delenv('CI', raising=False)
    status, output = run('check')
    assert status == 0, output
    assert '1 blocks run, 1 not' in output
    assert 'no-such-program is not installed' in output
    monkeypatch.setenv('CI', 'true')
    status, output = run('check')
    assert status == 1
    assert 'install no-such-program' in output


def test_all_terminals_are_sessions():
    """No page of the book shows a terminal in a block that is not run."""
    for page in (ROOT / 'docs').rglob('*.rst'):
        typed = re.findall(
            r'\.\. code-block:: (?:console|pycon|text)',
            page.read_text(encoding='utf-8'),
        )
        assert not typed, page.name


def test_exercises(docs, run):
    """What the exercises show is run as well, on the step that they are of."""
    page = docs.parent / 'exercises' / steps()[0].name / 'tea' / 'solution.rst'
    page.parent.mkdir(parents=True)
    page.write_text('.. code-block:: console\n\n   $ ls asgilook\n   cup.py\n')
    status, output = run('check')
    assert status == 1
    assert '-   cup.py\n+   __init__.py  app.py\n' in output
