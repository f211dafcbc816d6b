"""Back up the database, then the files, into a new folder: python back_up.py FOLDER."""

import contextlib
import pathlib
import shutil
import sqlite3
import sys

import sqlalchemy

from asgilook.config import Config

config = Config()
database = sqlalchemy.make_url(config.database_url).database
backup = pathlib.Path(sys.argv[1])
(backup / 'images').mkdir(parents=True)

with (
    contextlib.closing(sqlite3.connect(str(database))) as source,
    contextlib.closing(sqlite3.connect(backup / 'asgilook.db')) as copy,
):
    source.backup(copy)

for path in pathlib.Path(config.storage_path).glob('*.jpeg'):
    with contextlib.suppress(FileNotFoundError):  # It was deleted a moment ago.
        shutil.copy2(path, backup / 'images')
