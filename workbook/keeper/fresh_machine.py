"""Follow the README on a bare machine: Python, its venv module, and nothing else.

    python -m workbook.keeper.fresh_machine [serve] [test]

Clones what is committed into a folder with a blank in its path, and types the
README's commands there, in an environment without what developers have: an empty
home, no caches, no Redis, no browser, no settings of git.
"""

import contextlib
import fnmatch
import json
import os
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator

from workbook.cli import Parser, UserError
from workbook.layout import ROOT
from workbook.processes import comes_up, free_port, listens

PATIENCE = 600
"""How long the first start may take, in seconds: packages are downloaded."""

PIXELS = b'\xc0\x80\x40' * (320 * 240)
HEADER = struct.pack('<2sIII', b'BM', 54 + len(PIXELS), 0, 54)
HEADER += struct.pack('<IiiHHIIiiII', 40, 320, 240, 1, 24, 0, len(PIXELS), *[0] * 4)
PICTURE = HEADER + PIXELS
"""A picture of one colour, as a BMP: that takes no Pillow to write."""

MISSING = [
    'chrom*',
    'google-chrome*',
    'http',
    'https',
    'hypercorn',
    'uvicorn',
    'nginx*',
    'redis*',
    'wrk',
    'tox*',
    'uv',
    'uvx',
    'pip*',
    'virtualenv*',
    'ruff',
    'mypy',
    'git-*',
]
"""Programs that a bare machine lacks."""

KEPT = ('PIP_', 'UV_', 'SSL_', 'REQUESTS_', 'HTTP_', 'HTTPS_', 'NO_PROXY')
"""How the names begin of those settings without which nothing can be installed."""


def cloned(folder: pathlib.Path) -> pathlib.Path:
    """Clone what is committed; return the clone."""
    target = folder / 'a folder with blanks'
    subprocess.run(['git', 'clone', '-q', str(ROOT), str(target)], check=True)
    return target


def bare_environment(folder: pathlib.Path) -> dict[str, str]:
    """Return an environment with no more in it than the system's own programs."""
    programs, home, temporary = folder / 'bin', folder / 'home', folder / 'tmp'
    for made in [programs, home, temporary]:
        made.mkdir()
    for place in ['/usr/bin', '/bin']:
        for program in pathlib.Path(place).iterdir():
            link = programs / program.name
            missing = any(fnmatch.fnmatch(program.name, name) for name in MISSING)
            if not (missing or program.name.startswith('python') or link.exists()):
                link.symlink_to(program)
    python = pathlib.Path(sys.base_prefix, 'bin', 'python3').resolve()
    (programs / 'python3').symlink_to(python)
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper().startswith(KEPT)
    }
    places = {'PATH': str(programs), 'HOME': str(home), 'TMPDIR': str(temporary)}
    return {**kept, **places, 'LANG': 'C.UTF-8'}


def commands(folder: pathlib.Path) -> list[str]:
    """Return the commands of the README that begin with nothing but Python."""
    text = (folder / 'README.rst').read_text(encoding='utf-8')
    lines = [line.strip().removeprefix('$ ') for line in text.splitlines()]
    found = list(
        dict.fromkeys(line for line in lines if line.startswith('python3 -m venv'))
    )
    if len(found) != 2:
        raise UserError(
            f'README.rst has {len(found)} commands for a bare machine, not 2'
        )
    return found


@contextlib.contextmanager
def running(
    command: str, folder: pathlib.Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a line in a shell; interrupt it at the end, as Ctrl-C does."""
    process = subprocess.Popen(
        command, shell=True, cwd=folder, env=environment, start_new_session=True
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise UserError('Ctrl-C did not stop the service') from None


def serve(command: str, folder: pathlib.Path, environment: dict[str, str]) -> None:
    """Type the command that serves, upload a picture, and look at a thumbnail."""
    started, port = time.monotonic(), free_port()
    url = f'http://127.0.0.1:{port}'
    with running(f'{command} -- --port {port}', folder, environment) as process:
        if not comes_up(process, port, PATIENCE):
            raise UserError(f'`{command}` ended, or took over {PATIENCE} s')
        answered = time.monotonic() - started
        upload = urllib.request.Request(f'{url}/images', data=PICTURE)
        with urllib.request.urlopen(upload) as answer:
            record = json.load(answer)
        uploaded = time.monotonic() - started
        said = []
        for _ in range(2):
            with urllib.request.urlopen(url + record['thumbnails'][0]) as answer:
                said.append(answer.headers['X-ASGILook-Cache'])
        if said != ['Miss', 'Hit']:
            raise UserError(f'the cache said {said}')
    if listens(port):
        raise UserError('something still listens after Ctrl-C')
    print(f'One command served after {answered:.0f} s; first picture {uploaded:.1f} s.')


def test(command: str, folder: pathlib.Path, environment: dict[str, str]) -> None:
    """Type the command that tests everything that can be tested there."""
    started = time.monotonic()
    ended = subprocess.run(command, shell=True, cwd=folder, env=environment)
    if ended.returncode:
        raise UserError(f'`{command}` ended with {ended.returncode}')
    print(f'One command tested everything in {time.monotonic() - started:.0f} s.')


def main() -> int:
    """Do what was asked, or both; return the exit status."""
    parser = Parser(
        prog='tox -e bare --',
        description='Follow the README on a machine with nothing but Python.',
    )
    what = "what to follow: 'serve', 'test', or both"
    parser.add_argument('wanted', nargs='*', metavar='WHAT', help=what)
    wanted = parser.parse_args().wanted or ['serve', 'test']
    if unknown := set(wanted) - {'serve', 'test'}:
        parser.error(f'there is no {unknown.pop()!r}: name serve, test, or both')
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        try:
            folder, environment = cloned(place), bare_environment(place)
            to_serve, to_test = commands(folder)
            if 'serve' in wanted:
                serve(to_serve, folder, environment)
            if 'test' in wanted:
                test(to_test, folder, environment)
        except UserError as error:
            print(f'The README does not hold: {error}', file=sys.stderr)
            return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
