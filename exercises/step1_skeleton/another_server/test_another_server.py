"""The package can be run as a program, with a server of its own choice."""

import http.client
import re
import subprocess
import sys
import time
import tomllib

import pytest


def ask(port, server):
    """Return the status and the `Server` header of an answer, once there is one."""
    for _ in range(200):
        connection = http.client.HTTPConnection('127.0.0.1', port, timeout=5)
        try:
            connection.request('GET', '/nothing')
            answer = connection.getresponse()
            return answer.status, answer.getheader('Server', '')
        except ConnectionRefusedError:
            assert server.poll() is None, server.communicate()[0]
            time.sleep(0.05)
        finally:
            connection.close()
    raise AssertionError(f'Nothing listens on port {port} after ten seconds.')


@pytest.fixture
def answered(app_folder, free_port):
    """Run the package as a program; return how it answered."""
    command = [sys.executable, '-m', 'asgilook', str(free_port)]
    with subprocess.Popen(
        command,
        cwd=app_folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        try:
            return ask(free_port, server)
        finally:
            server.kill()


def test_hosted(answered):
    """`python -m asgilook PORT` hosts the application on that port."""
    assert answered[0] == 404


def test_other_server(answered):
    """The server that answers isn't uvicorn."""
    assert answered[1]
    assert not answered[1].startswith('uvicorn')


def test_named(app_folder):
    """The project lists another server among its dependencies."""
    text = (app_folder / 'pyproject.toml').read_text(encoding='utf-8')
    needed = tomllib.loads(text)['project']['dependencies']
    names = {re.split(r'[^\w-]', name.lower())[0] for name in needed}
    assert names & {'hypercorn', 'granian', 'daphne'}
