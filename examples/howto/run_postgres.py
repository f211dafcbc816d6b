"""Run PostgreSQL on a port, in a new folder, until Ctrl-C; its password is `secret`."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

found = subprocess.run(
    ['pg_config', '--bindir'], capture_output=True, text=True, check=True
)
programs = pathlib.Path(found.stdout.strip())
# PostgreSQL refuses to run as root.
user = 'nobody' if os.geteuid() == 0 else None
folder = pathlib.Path(tempfile.mkdtemp(prefix='pg', dir='/var/tmp'))
password = folder / 'password'
password.write_text('secret', encoding='utf-8')
if user:
    for path in (folder, password):
        shutil.chown(path, user)
signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    subprocess.run(
        [programs / 'initdb', '--pgdata', folder / 'data', '--username', 'postgres',
         '--auth', 'scram-sha-256', '--pwfile', password, '--no-sync'],
        stdout=subprocess.DEVNULL, user=user, cwd=folder, check=True,
    )  # fmt: skip
    server = subprocess.Popen(
        [programs / 'postgres', '-D', folder / 'data', '-p', sys.argv[1],
         '-h', '127.0.0.1', '-k', folder],
        user=user, cwd=folder, start_new_session=True,
    )  # fmt: skip
    try:
        server.wait()
    except KeyboardInterrupt:
        server.send_signal(signal.SIGINT)
        server.wait()
finally:
    shutil.rmtree(folder)
