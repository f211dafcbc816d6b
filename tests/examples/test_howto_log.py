"""What the book says on logging holds."""

import json
import logging
import os
import re
import runpy
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from workbook.layout import ROOT, steps

HOWTO = ROOT / 'examples' / 'howto'


@pytest.fixture
def log(tmp_path, free_port):
    """Return a function that serves the faulty app, and returns what it logged."""

    def serve(*paths, **environ):
        for name in ('faulty.py', 'redact.py', 'log_config.json'):
            shutil.copy(HOWTO / name, tmp_path)
        written = tmp_path / 'log'
        command = ['uvicorn', 'faulty:app', '--log-config', 'log_config.json']
        with (
            written.open('w', encoding='utf-8') as file,
            subprocess.Popen(
                [sys.executable, '-m', *command, '--port', str(free_port)],
                cwd=tmp_path,
                env={
                    **os.environ,
                    'PYTHONPATH': str(steps()[3].snapshot),
                    'ASGI_LOOK_STORAGE_PATH': str(tmp_path / 'pictures'),
                    **environ,
                },
                stderr=file,
            ) as process,
        ):
            try:
                while 'running on' not in written.read_text('utf-8'):
                    assert process.poll() is None, written.read_text('utf-8')
                    time.sleep(0.1)
                for path in paths:
                    try:
                        url = f'http://127.0.0.1:{free_port}{path}'
                        urllib.request.urlopen(url, timeout=10).close()
                    except urllib.error.HTTPError as error:
                        error.close()
            finally:
                process.terminate()
        return written.read_text('utf-8')

    return serve


def test_unhandled_exception(log):
    """An unhandled exception goes to the logger of Falcon, with its traceback."""
    text = log('/fault')
    assert 'ERROR   falcon: [FALCON] Unhandled exception in ASGI app' in text
    assert "KeyError: 'width'" in text
    assert 'INFO    uvicorn.access: ' in text


def test_secrets_stay_out(log):
    """The value of a secret parameter does not get into the log."""
    text = log('/images?token=abc&page=2', '/images?api_key=abc')
    assert 'GET /images?token=***&page=2 HTTP/1.1' in text
    assert 'GET /images?api_key=*** HTTP/1.1' in text
    assert 'abc' not in text


@pytest.fixture
def formatter():
    """Return the formatter that blots out secrets."""
    return runpy.run_path(str(HOWTO / 'redact.py'))['RedactingFormatter']()


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('?token=abc', '?token=***'),
        ('?access_token=abc&page=2', '?access_token=***&page=2'),
        ('?X-API-Key=abc', '?X-API-Key=***'),
        ('"POST /?a=1&PASSWORD=abc HTTP/1.1"', '"POST /?a=1&PASSWORD=*** HTTP/1.1"'),
        ('redis://:abc@host:6379/0', 'redis://:***@host:6379/0'),
        ('redis://ada:abc@host and rest', 'redis://ada:***@host and rest'),
        ('http://127.0.0.1:8000/images', 'http://127.0.0.1:8000/images'),
        ('page=2, size=3', 'page=2, size=3'),
    ],
)
def test_what_is_blotted_out(formatter, text, expected):
    """Secrets in queries and URLs are blotted out, and nothing else."""
    record = logging.LogRecord('it', logging.INFO, 'it.py', 1, '%s', (text,), None)
    assert formatter.format(record) == expected


def test_record_is_left_as_it_is(formatter):
    """Whatever else is told of a record hears all of it."""
    record = logging.LogRecord('it', logging.INFO, 'it.py', 1, '%s', ('key=a',), None)
    assert formatter.format(record) == 'key=***'
    assert record.getMessage() == 'key=a'
    assert record.args == ('key=a',)


def test_traceback_is_blotted_out(formatter):
    """A secret in an exception's message is one, too."""
    try:
        raise ConnectionError('redis://:abc@host')
    except ConnectionError:
        seen = sys.exc_info()
    record = logging.LogRecord('it', logging.ERROR, 'it.py', 1, 'Gone.', (), seen)
    assert formatter.format(record).endswith('ConnectionError: redis://:***@host')


@pytest.mark.parametrize('piece', ['a', 'key', '://', '://a:', 'key=', ':'])
def test_long_lines_are_no_burden(formatter, piece):
    """Nobody can stall the service by a long path."""

    def needed(length):
        text = piece * (length // len(piece))
        record = logging.LogRecord('it', logging.INFO, 'it.py', 1, text, (), None)
        start = time.process_time()
        formatter.format(record)
        return time.process_time() - start

    # Eight times as long takes eight times as much, and not 64 times.
    short = min(needed(2_000) for _ in range(5))
    assert min(needed(16_000) for _ in range(3)) < 24 * short


def test_blocking_call(log):
    """Debug mode of asyncio names a call that blocks the event loop."""
    assert 'Executing' not in log('/slow')
    text = log('/slow', PYTHONASYNCIODEBUG='1')
    assert re.search(
        r'WARNING asyncio: Executing <Task .*run_asgi.* took [0-9.]+', text
    )


def test_configuration_is_a_dictionary_for_logging():
    """The file has the form that logging.config.dictConfig takes."""
    config = json.loads((HOWTO / 'log_config.json').read_text(encoding='utf-8'))
    assert config['version'] == 1
    assert set(config['loggers']) == {'asgilook', 'uvicorn.access'}
    assert logging.getLevelName(config['root']['level']) == logging.INFO
