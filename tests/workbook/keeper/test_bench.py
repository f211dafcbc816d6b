"""What the bench counts as a server's."""

import subprocess
import sys

import pytest

from workbook.keeper.bench import Server

PARENT = 'import subprocess, sys; subprocess.run([sys.executable, "-c", sys.argv[1]])'
CHILD = """
import time
data = b'x' * 100_000_000
while time.process_time() < 0.5:
    pass
print('ready', flush=True)
input()
"""


@pytest.mark.skipif("sys.platform != 'linux'", reason='It needs /proc.')
def test_processes_of_a_server(tmp_path):
    """A server's processes count, too: from step 7 on, it converts images in them."""
    with subprocess.Popen(
        [sys.executable, '-c', PARENT, CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout.readline() == b'ready\n'
        server = Server(0, process.pid, tmp_path)
        assert server.computed() >= 450
        assert server.peak() >= 100
