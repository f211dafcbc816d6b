"""Run a page's servers on free ports, and show the ports that the page names.

A page says 8000, as a reader does. When it's run, that is another port of four digits,
so that nothing else on the machine is in the way. It's as long as the one shown,
because a response may contain it, and its length is shown too.
"""

import contextlib
import pathlib
import random
import re
import shlex
import socket
from collections.abc import Iterable

from workbook.book.sessions import Block

DEFAULT = 8000
"""The port of a server whose command names none."""
FREE = range(1024, 10_000)
OPTION = re.compile(r'(?:--port|--bind|-p|-b)[ =](?:\S*:)?(\d+)')
SERVERS = {
    'uvicorn': '--port {}',
    'granian': '--port {}',
    'daphne': '-p {}',
    'hypercorn': '--bind 127.0.0.1:{}',
}
"""The servers that listen on the default port, and the option that names another."""
COMMAND = """#!/bin/sh
case " $* " in
    *" --port"* | *" -p"* | *" --bind"* | *" -b"*) ;;
    *) set -- {option} "$@" ;;
esac
exec {program} "$@"
"""


def free(besides: Iterable[int]) -> int:
    """Return a port of four digits on which nothing listens, and none of these."""
    for port in random.sample(FREE, len(FREE)):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(('127.0.0.1', port))
            if port not in besides:
                return port
    raise OSError('Every port of four digits is taken.')


class Ports:
    """The ports that a page shows, each with the one that is used."""

    def __init__(self, blocks: Iterable[Block] = ()) -> None:
        named = [DEFAULT]
        for block in blocks:
            if 'server' in block.options:
                named += map(int, OPTION.findall('\n'.join(block.lines)))
                named += map(int, filter(None, [block.options.get('port')]))
        self._used: dict[int, int] = {}
        for port in named:
            if port in FREE:
                self._used[port] = free({*named, *self._used.values()})

    def used(self, port: int) -> int:
        """Return the port that is used for one that the page shows."""
        return self._used.get(port, port)

    def to_use(self, text: str) -> str:
        """Return a text that names the ports that are used.

        A number in front of another one, or after it, is a size or a colour.
        """
        return re.sub(
            r'(?<![\w.-])(?<!\d, )\d{4}\b(?!-|, \d)',
            lambda it: str(self.used(int(it[0]))),
            text,
        )

    def to_show(self, text: str) -> str:
        """Return a text that names the ports that the page shows."""
        shown = {str(used): str(port) for port, used in self._used.items()}
        return re.sub(
            r"(?:(?<=:)|(?<=port[= ])|(?<=', ))\d{4}\b(?!-)",
            lambda it: shown.get(it[0], it[0]),
            text,
        )

    def write_commands(self, folder: pathlib.Path, programs: pathlib.Path) -> None:
        """Put the servers' commands into a folder, each with its port."""
        for name, option in SERVERS.items():
            if (program := programs / name).exists():
                named = option.format(self.used(DEFAULT))
                quoted = shlex.quote(str(program))
                command = folder / name
                command.write_text(COMMAND.format(option=named, program=quoted))
                command.chmod(0o755)

    def rewrite(self, folder: pathlib.Path) -> None:
        """Have the files in a folder name the ports that are used."""
        for path in folder.rglob('*'):
            with contextlib.suppress(UnicodeDecodeError):
                if path.is_file():
                    text = path.read_text(encoding='utf-8')
                    if (new := self.to_use(text)) != text:
                        path.write_text(new, encoding='utf-8')
