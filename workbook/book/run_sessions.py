"""Run the sessions that the book shows, and compare what they print.

    python -m workbook.book.run_sessions check [PAGE ...]
    python -m workbook.book.run_sessions refresh [PAGE ...]

Run by `tox -e transcripts`, in an environment with what all steps depend on. The
blocks of a page are run in their order, in one folder that holds the page's snapshot.
`check` says what differs, `refresh` writes what came into the page. What must vary is
not compared; sessions.MASKS has it all.
"""

import contextlib
import dataclasses
import difflib
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import sys
import sysconfig
import tempfile
import time
import types
from collections.abc import Iterator
from typing import NoReturn

from workbook import faults
from workbook.book import samples
from workbook.book.ports import DEFAULT, OPTION, Ports
from workbook.book.sessions import (
    REPL,
    Block,
    Exchange,
    PageError,
    blocks,
    fields,
    mend,
)
from workbook.book.terminal import Terminal
from workbook.cli import Parser, UserError
from workbook.layout import ROOT, Step, by_number, copy_tree, steps
from workbook.processes import free_port, listens, wait_until
from workbook.reader.serve import REDIS, STORAGE, embedded_redis

TIME_LIMIT = 60.0
"""How long a command may take, in seconds."""
PORT_LIMIT = 60.0
"""How long to wait for a port that something else uses, in seconds."""
SIGNALS = [signal.SIGINT, signal.SIGTERM]
"""What asks this program to end; tox sends the one, and soon after the other."""
LOG_LIMIT = 5.0
"""How long to wait for as many lines of a server as the page shows, in seconds."""
QUIET = 0.3
"""How long a server prints nothing when it has said what it had to, in seconds."""

UUID = re.compile(r'\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b', re.IGNORECASE)

# Python 3.13.0's REPL understands no statement of several lines, unless it is typed
# in a terminal: then it has the console that the Pythons before it had.
RUN_REPL = """
import code, runpy
try:
    from _pyrepl import console
except ImportError:
    pass
else:
    console.InteractiveColoredConsole = code.InteractiveConsole
runpy.run_module('asyncio', run_name='__main__', alter_sys=True)
"""


# What the workbook's commands do once tox has made their environment. This one has all
# that they need.
TOX = """#!/bin/sh
[ "$1" = -q ] && shift
environment=$2
shift 2
[ "$1" = -- ] && shift
export PYTHONPATH="{root}:$PYTHONPATH"
case "$environment" in
    start|check) exec "{python}" -m "workbook.reader.$environment" "$@" ;;
    step*) cd "{root}" &&
        exec "{python}" -m workbook.suites "${{environment#step}}" "$@" ;;
esac
echo "No session runs tox -e $environment" >&2
exit 2
"""


class Sandbox:
    """Where a page's blocks are run: folders, a shell, a REPL, and a server."""

    def __init__(
        self,
        step: Step,
        docs: pathlib.Path,
        stack: contextlib.ExitStack,
        metadata: dict[str, str],
        ports: Ports,
    ) -> None:
        self.ports = ports
        self.examples = docs.parent / 'examples'
        self.terminals: list[Terminal] = []
        self.root = pathlib.Path(
            stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        ).resolve()
        if step.uses_redis and metadata.get('redis') != 'none':
            url = stack.enter_context(embedded_redis())
        else:
            url = f'redis://localhost:{free_port()}'
        self.redis_port = url.rpartition(':')[2]
        stack.callback(self.close)
        self.root.chmod(0o755)  # A server that root starts may work as somebody else.
        self.home, self.temp = self.root / 'home', self.root / 'tmp'
        self.folder, self.state = self.home / 'asgilook', self.root / 'state'
        copy_tree(step.snapshot, self.folder)
        self.lay_over(self.folder, metadata)
        samples.write(self.folder)
        self.make_workbook()
        config = self.home / '.config' / 'httpie' / 'config.json'
        for folder in (config.parent, self.temp):
            folder.mkdir(parents=True)
        config.write_text(json.dumps({'disable_update_warnings': True}))

        environment = {
            'PATH': f'{self.root}/bin:{sys.prefix}/bin:{os.environ["PATH"]}',
            'HOME': str(self.home),
            'TMPDIR': str(self.temp),
            'PYTHONPATH': str(self.folder),
            STORAGE: str(self.temp / 'asgilook'),
            **({REDIS: url} if step.uses_redis else {}),
            'TERM': 'dumb',
            'PAGER': 'cat',
            'LANG': 'C.UTF-8',
            'TZ': 'UTC',
            'PYTHON_BASIC_REPL': '1',
            'NO_COLOR': '1',
        }
        exports = [f'export {k}={shlex.quote(v)}' for k, v in environment.items()]
        self.state.write_text('\n'.join([*exports, f'cd {self.folder}\n']))

        self.ids: dict[str, str] = {}  # from the page's to the run's
        self.overlays = 0
        self.repl: Terminal | None = None
        self.server: Terminal | None = None
        self.servers: dict[int, Terminal] = {}

    def make_workbook(self) -> None:
        """Put the workbook and its commands where a reader has them."""
        (self.home / 'workbook').symlink_to(ROOT)
        tox = self.root / 'bin' / 'tox'
        tox.parent.mkdir()
        tox.write_text(TOX.format(root=ROOT, python=sys.executable))
        tox.chmod(0o755)
        self.ports.write_commands(tox.parent, pathlib.Path(sys.prefix, 'bin'))

    def close(self) -> None:
        """End all that still runs."""
        while self.terminals:
            self.stop(self.terminals[-1])

    def stop(self, terminal: Terminal | None, number: int = signal.SIGINT) -> None:
        """End what runs in a terminal, if anything still does."""
        if terminal in self.terminals:
            self.terminals.remove(terminal)
            terminal.end(number)

    def forget_ended(self, terminal: Terminal) -> None:
        """Have a terminal no longer among those to end, if nothing runs in it."""
        if terminal.ended and not terminal.send(0):
            self.terminals.remove(terminal)

    def typed(self, text: str) -> str:
        """Return what to run for what a page shows as typed."""
        for name in UUID.findall(text):
            self.ids.setdefault(name.lower(), name.lower())
        text = self.ports.to_use(rename(text, self.ids))
        return re.sub(r'(?<![\w./-])/tmp\b', str(self.temp), text)

    def printed(self, text: str, shown: list[str]) -> list[str]:
        """Return what to show for what was printed, by the names that a page has."""
        known = {new: old for old, new in self.ids.items()}
        came = [name.lower() for name in UUID.findall(text)]
        wanted = [name.lower() for name in UUID.findall('\n'.join(shown))]
        pairs = zip(
            dict.fromkeys(name for name in wanted if name not in self.ids),
            dict.fromkeys(name for name in came if name not in known),
            strict=False,
        )
        self.ids |= pairs
        text = rename(text, {new: old for old, new in self.ids.items()})
        text = re.sub(rf'{self.root}/overlay\d+', '/home/you/asgilook', text)
        text = text.replace(ROOT.as_uri(), 'file:///home/you/workbook')
        standard = pathlib.Path(sysconfig.get_path('stdlib')).parent
        for real, name in {
            self.home: '/home/you',
            self.temp: '/tmp',  # noqa: S108 - it is a name to show
            pathlib.Path(sys.prefix): '/home/you/asgilook/.venv',
            standard.resolve(): '/usr/lib',
            standard: '/usr/lib',
            ROOT: '/home/you/workbook',
        }.items():
            text = text.replace(str(real), name)
        text = re.sub(rf'\b127\.0\.0\.1:{self.redis_port}\b', 'localhost:6379', text)
        text = re.sub(rf'\b{self.redis_port}\b', '6379', text)
        text = self.ports.to_show(text)
        return [line.rstrip() for line in text.rstrip().split('\n')] if text else []

    def start(self, script: str, piped: bool = False) -> Terminal:
        """Run a script in a terminal that is ended with the page."""
        self.terminals.append(Terminal(script, piped))
        return self.terminals[-1]

    def overlay(self, options: dict[str, str]) -> str:
        """Return what to run before a block, with what it lays over the snapshot."""
        if not options.keys() & {'with', 'fault', 'step'}:
            return f'. {self.state}'
        self.overlays += 1
        copy = self.root / f'overlay{self.overlays}'
        shutil.copytree(self.folder, copy)
        if number := options.get('step'):
            shutil.rmtree(copy / 'asgilook')
            copy_tree(snapshot(number), copy)
        self.lay_over(copy, options)
        return f'. {self.state}; cd {copy}; export PYTHONPATH={copy}'

    def lay_over(self, folder: pathlib.Path, options: dict[str, str]) -> None:
        """Copy a folder of examples over the files in a folder; plant a fault there."""
        if name := options.get('with'):
            if not (self.examples / name).is_dir():
                raise PageError(f'there is no folder {self.examples / name}')
            shutil.copytree(self.examples / name, folder, dirs_exist_ok=True)
        if name := options.get('fault'):
            faults.find(name).plant(folder)
        self.ports.rewrite(folder)

    def run(self, block: Block) -> Iterator[tuple[Exchange, list[str]]]:
        """Run a block; yield each exchange, and the lines that came in its place."""
        if 'log' in block.options:
            if self.server is None:
                raise PageError('there is no server, so it has no log')
            self.server.settle(QUIET, len(block.lines), LOG_LIMIT)
            yield (
                Exchange([], block.lines),
                self.printed(self.server.take(), block.lines),
            )
            return
        before = self.overlay(block.options)
        exchanges = block.exchanges()
        for exchange in exchanges:
            if not exchange.is_shell:
                yield exchange, self.type(exchange)
                continue
            command = self.typed(exchange.command)
            if command == REPL:
                text = self.start_repl(before)
            elif 'server' in block.options and exchange is exchanges[-1]:
                shown = len(exchange.output)
                text = self.serve(command, before, block.options.get('port'), shown)
            else:
                text = self.execute(command, before)
            yield exchange, [*exchange.typed, *self.printed(text, exchange.output)]

    def execute(self, command: str, before: str) -> str:
        """Run a command in the shell; return what it printed."""
        # The next command goes on where it left off; but an overlay is left behind.
        state = os.devnull if 'overlay' in before else self.state
        kept = 'export -p; printf "cd %q\\n(exit %d)\\n" "$PWD" "$status"'
        keep = f"trap 'status=$?; {{ {kept}; }} >{state}' EXIT"
        terminal = self.start(f'{keep}\n{before}\n{command}')
        if not wait_until(lambda: terminal.ended, TIME_LIMIT):
            self.stop(terminal, signal.SIGKILL)
            raise PageError(too_long(command, terminal))
        terminal.reader.join(0.1)
        self.forget_ended(terminal)
        return terminal.take()

    def serve(
        self, command: str, before: str, beside: str | None, shown_lines: int
    ) -> str:
        """Start a server, in place of those before; return what it printed.

        One whose block names its port is started beside those at others.
        """
        match = OPTION.search(command)
        shown = int(beside or (match[1] if match else DEFAULT))
        port = self.ports.used(shown)
        for other in self.servers:
            if not beside or other == port:
                self.stop(self.servers[other])
        if not wait_until(lambda: not listens(port), PORT_LIMIT):
            raise PageError(f'something uses port {shown}: stop it, and try again')
        self.server = self.servers[port] = server = self.start(f'{before}\n{command}')
        if not wait_until(lambda: server.ended or listens(port), TIME_LIMIT):
            raise PageError(
                f'nothing listens on port {shown}. ' + too_long(command, server)
            )
        server.settle(QUIET, shown_lines, LOG_LIMIT)
        self.forget_ended(server)
        return server.take()

    def start_repl(self, before: str) -> str:
        """Start the REPL, in place of the one before; return its greeting."""
        self.stop(self.repl)
        script = f'{before}\nexec python -c {shlex.quote(RUN_REPL)}'
        self.repl = self.start(script, piped=True)
        if not wait_until(self.repl.waits, TIME_LIMIT):
            raise PageError(too_long(REPL, self.repl))
        return self.repl.take().removesuffix('>>> ')

    def type(self, exchange: Exchange) -> list[str]:
        """Type a statement in the REPL; return it with what was printed."""
        if self.repl is None or self.repl.ended:
            self.start_repl(self.overlay({}))
        assert self.repl is not None  # noqa: S101
        lines, prompt = [], '>>> '
        shown = exchange.command.split('\n')
        while shown or prompt == '... ':  # A statement may lack its empty last line.
            line = shown.pop(0) if shown else ''
            lines.append(f'{prompt}{line}'.rstrip())
            self.repl.type(self.typed(line))
            if not wait_until(self.repl.waits, TIME_LIMIT):
                self.stop(self.repl, signal.SIGKILL)
                raise PageError(too_long(exchange.command, self.repl))
            text = self.repl.take()
            prompt = text[-4:] if text[-4:] == '... ' else '>>> '
            lines += self.printed(text.removesuffix(prompt), exchange.output)
        return lines


def snapshot(number: str) -> pathlib.Path:
    """Return the snapshot of a step that a block is about, instead of its page's."""
    for step in steps():
        if str(step.number) == number:
            return step.snapshot
    raise PageError(f'there is no step {number}')


def too_long(command: str, terminal: Terminal) -> str:
    """Return what to say of a command that takes too long."""
    return f'Stopped after {TIME_LIMIT:g} s: {command}\n{terminal.take()}'.rstrip()


def rename(text: str, names: dict[str, str]) -> str:
    """Return a text with ids renamed, in the case in which they stand there."""

    def renamed(match: re.Match[str]) -> str:
        name = names.get(match[0].lower(), match[0].lower())
        return name.upper() if match[0].isupper() else name

    return UUID.sub(renamed, text)


@dataclasses.dataclass
class Result:
    """What became of a page."""

    old: list[str]
    new: list[str]
    run: int = 0
    not_run: list[tuple[int, str]] = dataclasses.field(default_factory=list)
    mistake: str = ''


def run_page(page: pathlib.Path, docs: pathlib.Path) -> Result:
    """Run a page's blocks in their order."""
    lines = page.read_bytes().decode().split('\n')
    result = Result(lines, [])
    start, done = 1, 0
    try:
        metadata = fields(lines)
        by_number = {str(step.number): step for step in steps()}
        exercised = [step for step in steps() if step.name in page.resolve().parts]
        number = metadata.get('step', str((exercised or steps())[-1].number))
        if number not in by_number:
            raise PageError(f'there is no step {number}')
        found = list(blocks(lines, plain=docs.resolve() not in page.resolve().parents))
        with contextlib.ExitStack() as stack:
            sandbox = Sandbox(by_number[number], docs, stack, metadata, Ports(found))
            for block in found:
                start = block.start + 1
                if reason := block.options.get('not-run'):
                    result.not_run.append((start, reason))
                    continue
                needed = block.options.get('needs')
                if needed and not shutil.which(needed):
                    if os.environ.get('CI'):
                        raise PageError(f'install {needed}: in CI nothing is left out')
                    result.not_run.append((start, f'{needed} is not installed'))
                    continue
                new = [line for pair in sandbox.run(block) for line in replace(*pair)]
                came = [(block.indent + line).rstrip() for line in new]
                if new != block.lines:
                    result.new += [*lines[done : block.start], *came]
                    done = block.end
                result.run += 1
    except PageError as mistake:
        result.mistake = f'line {mistake.line or start}: {mistake}'
    except UserError as error:
        result.mistake = f'line {start}: {error}'
    result.new += lines[done:]
    return result


def replace(exchange: Exchange, came: list[str]) -> list[str]:
    """Return the lines to show for an exchange: the old ones where they hold."""
    shown = [*exchange.typed, *exchange.output]
    blank = len(shown)
    while blank and not shown[blank - 1].strip():
        blank -= 1
    return [*mend(shown[:blank], came), *shown[blank:]]


def main(arguments: list[str] | None = None) -> int:
    """Check or refresh pages; return the exit status."""
    parser = Parser(
        prog='tox -e transcripts --', description="Run the book's sessions."
    )
    parser.add_argument('command', choices=['check', 'refresh'])
    parser.add_argument('pages', nargs='*', type=pathlib.Path, metavar='PAGE')
    parser.add_argument('--docs', type=pathlib.Path, default=ROOT / 'docs')
    chosen = parser.parse_intermixed_args(arguments)
    pages = chosen.pages or [
        page
        for page in [
            *sorted(chosen.docs.rglob('*.rst'), key=by_number),
            *sorted(chosen.docs.parent.glob('*.rst')),
            *sorted(chosen.docs.parent.glob('exercises/**/*.rst'), key=by_number),
        ]
        if re.search(
            r'\.\. (session::|code-block:: console)', page.read_text(encoding='utf-8')
        )
    ]
    results = {}
    failed = False
    differ = []
    for page in pages:
        name = os.path.relpath(page)
        before = time.monotonic()
        results[name] = result = run_page(page, chosen.docs)
        print(f'{name}: {result.run} run in {time.monotonic() - before:.1f} s')
        if result.old != result.new:
            names = (name, f'{name}, as it came')
            diff = difflib.unified_diff(result.old, result.new, *names, lineterm='')
            print('\n'.join(diff))
        if result.mistake:
            failed = True
            print(f'{name}, {result.mistake}')
        elif result.old != result.new and chosen.command == 'refresh':
            page.write_bytes('\n'.join(result.new).encode())
        elif result.old != result.new:
            differ.append(name)

    skipped = [(name, *each) for name in results for each in results[name].not_run]
    run = sum(result.run for result in results.values())
    print(
        f'{chosen.docs.name}: {run} blocks run, {len(skipped)} not{":" * bool(skipped)}'
    )
    for name, line, reason in skipped:
        print(f'  {name}:{line}: {reason}')
    if differ:
        print(
            'If what came is right, write it into the pages, and read the difference:'
        )
        print(f'  tox -e transcripts -- refresh {" ".join(differ)}')
    return 1 if failed or differ else 0


def interrupt(number: int, frame: types.FrameType | None) -> NoReturn:
    """End, so that whatever was started ends, too; let no second signal cut that."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == '__main__':
    for each in SIGNALS:
        signal.signal(each, interrupt)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
