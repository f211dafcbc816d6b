"""Kill a process while it stores pictures, at a bad moment; look at what's left."""

import asyncio
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import uuid

from asgilook.config import Config
from asgilook.store import Store

PHOTO = pathlib.Path('photo.jpeg').read_bytes()


async def store_pictures() -> None:
    """Store one picture after the other."""
    store = Store(Config())
    while True:
        await store.save(str(uuid.uuid4()), PHOTO)


def wait_for_a_file(folder: pathlib.Path) -> None:
    """Return as soon as there is one more file in a folder."""
    count = len(os.listdir(folder))
    while (now := len(os.listdir(folder))) <= count:
        count = now


def is_whole(path: pathlib.Path) -> bool:
    """Return whether a file has the end that each JPEG has."""
    return path.read_bytes().endswith(b'\xff\xd9')


def main() -> None:
    """Stop a process when it begins a file, and kill it if one is cut short."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        os.environ['ASGI_LOOK_STORAGE_PATH'] = name
        folder = pathlib.Path(name)
        command = [sys.executable, __file__, 'child']
        pipes = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE}
        with subprocess.Popen(command, **pipes) as child:  # noqa: S603
            for attempt in range(1000):
                child.send_signal(signal.SIGCONT)
                wait_for_a_file(folder)
                child.send_signal(signal.SIGSTOP)
                whole = all(map(is_whole, folder.glob('*.jpeg')))
                if not whole or (attempt > 9 and [*folder.glob('*.part')]):
                    break
            child.kill()
        print('Each picture is whole.' if whole else 'A picture is cut short.')
        if [*folder.glob('*.part')]:
            print('There are unfinished files.')
            Store(Config())
            left = len([*folder.glob('*.part')])
            print('After the next start, there are', left)


if __name__ == '__main__':
    if sys.argv[1:]:
        asyncio.run(store_pictures())
    else:
        main()
