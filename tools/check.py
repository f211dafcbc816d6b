"""Check your own code, step by step, with the tests that guard the snapshots.

tox -e check [-- OPTION ...]
"""

import argparse
import pathlib
import sys
from collections.abc import Callable

from checking import progress, reading, reporting, running
from checking.reading import Refusal, shown
from checking.running import Run
from layout import ROOT, steps
from options import Parser, step_number
from rich.console import Console
from rich.status import Status
from rich.text import Text

WORK = ROOT / 'work'
ENDING = """
The exit status is 0 if what was asked holds, and 1 if it does not. Without --step, that
is every check of every step that was begun: whoever has finished chapter 3 gets 0, and
later chapters do not count until something of them is there. With --step N it is every
check of the steps from 1 to N. With several folders, it must hold for each.
"""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Return the options."""
    parser = Parser(
        prog='tox -e check --',
        description='Check your own code, step by step.',
        epilog=ENDING,
    )
    parser.add_argument(
        '--step', type=step_number, metavar='N', help='check steps 1 to N, begun or not'
    )
    parser.add_argument(
        '--all', action='store_true', help='show every check, not only the first wrong'
    )
    parser.add_argument(
        '--hint', action='store_true', help='show the second, stronger hint as well'
    )
    parser.add_argument(
        '--watch', action='store_true', help='check again whenever a file changes'
    )
    parser.add_argument(
        '--app',
        type=pathlib.Path,
        nargs='+',
        default=[WORK],
        metavar='PATH',
        help='the folder that holds your code (or more than one), in place of work/',
    )
    return parser.parse_args(arguments)


def check(console: Console, folder: pathlib.Path, options: argparse.Namespace) -> bool:
    """Check a folder, and show what came of it; return whether what was asked holds."""
    reading.inspect(folder)
    begun = asked = progress.begun(folder)
    if options.step:
        asked = [step for step in steps() if step.number <= options.step.number]
    run = Run([])
    if asked and not reading.is_empty(folder):
        with console.status('Looking ...') as status:
            run = running.run(
                folder, [step.tests for step in asked], show_in(console, status)
            )
    standing = reporting.Standing(shown(folder), begun, asked, run)
    reporting.report(
        console, standing, reporting.Shown(stronger=options.hint, all=options.all)
    )
    return standing.holds


def show_in(
    console: Console, status: Status
) -> Callable[[running.Check, int, int], None]:
    """Return a function that shows how far the checks are."""

    def told(check: running.Check, done: int, total: int) -> None:
        width = max(console.width - 20, 20)
        status.update(Text(f'{done} of {total}: {check.sentence}'[:width]))

    return told


def check_all(console: Console, options: argparse.Namespace) -> bool:
    """Check each folder that was named; return whether all is as it was asked."""
    holds = True
    for index, folder in enumerate(options.app):
        if index:
            console.print()
        try:
            holds &= check(console, folder.resolve(), options)
        except Refusal as refusal:
            console.print(Text(str(refusal)))
            holds = False
    return holds


def main(arguments: list[str] | None = None) -> int:
    """Check; return the exit status."""
    options = parse(arguments)
    console = Console(highlight=False)
    try:
        if options.watch:
            from checking import watching

            watching.watch(console, options.app, lambda: check_all(console, options))
            return 0
        return 0 if check_all(console, options) else 1
    except Refusal as refusal:
        console.print(Text(str(refusal)))
        return 1
    except KeyboardInterrupt:
        return 0 if options.watch else 130


if __name__ == '__main__':
    sys.exit(main())
