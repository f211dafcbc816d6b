"""Run PostgreSQL until it's interrupted: in a new folder, with the password `secret`.

    python workbook/book/run_postgres.py --port 5432

The book's sessions use it where a reader has a container.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from workbook.cli import Parser

USER = 'nobody' if os.geteuid() == 0 else None
"""Who runs it instead of root, for whom PostgreSQL refuses to run."""


def programs() -> pathlib.Path:
    """Return the folder that PostgreSQL's programs are in."""
    found = subprocess.run(
        ['pg_config', '--bindir'], capture_output=True, text=True, check=True
    )
    return pathlib.Path(found.stdout.strip())


def run(folder: pathlib.Path, port: int) -> None:
    """Make a database in a folder, and serve it on a port."""
    password = folder / 'password'
    password.write_text('secret', encoding='utf-8')
    if USER:
        shutil.chown(folder, USER)
        shutil.chown(password, USER)
    data, local = folder / 'data', '127.0.0.1'
    options = ['-U', 'postgres', '-A', 'scram-sha-256', '--no-sync', '--pwfile']
    subprocess.run(
        [programs() / 'initdb', '-D', data, *options, password],
        stdout=subprocess.DEVNULL,
        user=USER,
        cwd=folder,
        check=True,
    )
    server = subprocess.Popen(
        [programs() / 'postgres', '-D', data, '-p', str(port), '-h', local, '-k', ''],
        user=USER,
        cwd=folder,
        start_new_session=True,
    )
    try:
        server.wait()
    except KeyboardInterrupt:
        server.send_signal(signal.SIGINT)
        server.wait()


def main() -> None:
    """Run it on the port that the command line names."""
    parser = Parser(description='Run PostgreSQL in a new folder.')
    parser.add_argument('--port', type=int, default=5432)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix='pg') as folder:
        run(pathlib.Path(folder), parser.parse_args().port)


if __name__ == '__main__':
    main()
