"""Restore a backup, while the service is stopped: python restore.py FOLDER."""

import contextlib
import pathlib
import shutil
import sqlite3
import sys
import uuid

import sqlalchemy

from asgilook.config import Config

config = Config()
database = pathlib.Path(str(sqlalchemy.make_url(config.database_url).database))
backup = pathlib.Path(sys.argv[1])

shutil.copytree(backup / 'images', config.storage_path, dirs_exist_ok=True)
for leftover in ('-wal', '-shm'):
    database.with_name(database.name + leftover).unlink(missing_ok=True)
shutil.copy2(backup / 'asgilook.db', database)

with contextlib.closing(sqlite3.connect(database)) as restored, restored:
    restored.execute('UPDATE collection SET version = ?', [uuid.uuid4().hex])
