"""Shows which planted bugs a reader's own suite catches, without giving them away."""

import dataclasses
import difflib
import pathlib
import re
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from workbook import faults, suites
from workbook.cli import UserError
from workbook.faults import Fault
from workbook.layout import steps
from workbook.suites import Report

from .submission import TESTS, display_path

FAILED_TEST = re.compile(r'FAILED (?:[^\s\[]*/)?([^\s\[]+)(?:\[.*)?(?: - .*)?')
LAST_LINES = 12
"""How many lines of pytest's are shown where a suite fails without a bug."""

OnProgress = Callable[[int, int], None]
"""Called with how many bugs were tried, of how many."""


@dataclasses.dataclass(frozen=True)
class BugReport:
    """Each bug that was tried, and how the suite ended with it."""

    tried: list[tuple[Fault, Report]]

    @property
    def missed(self) -> list[tuple[int, Fault]]:
        """The bugs that no test caught, each with its number."""
        numbered = enumerate(self.tried, start=1)
        return [(number, bug) for number, (bug, run) in numbered if not run.caught]

    @property
    def caught(self) -> int:
        """How many were caught."""
        return len(self.tried) - len(self.missed)


def refuse_unfit(folder: pathlib.Path) -> None:
    """Refuse a folder in which there is no suite to try."""
    if not folder.is_dir():
        raise UserError(f'There is no folder {display_path(folder)}: look at --app.')
    if not any((folder / TESTS).rglob('test_*.py')):
        step = next(step for step in steps() if step.has_own_tests)
        raise UserError(
            f'{display_path(folder)} has no folder {TESTS}/ with tests yet: you write '
            f'them in chapter {step.number}.'
        )
    if not (folder / 'pyproject.toml').is_file():
        raise UserError(
            f'{display_path(folder)} has no pyproject.toml, which contains the '
            "tests' settings: you create it in chapter 1."
        )


def refuse_failing(outcome: Report, folder: pathlib.Path) -> None:
    """Refuse a suite that fails where there is no bug."""
    name = f'{display_path(folder)}/{TESTS}'
    if outcome.passed:
        return
    if not outcome.found_tests:
        raise UserError(
            f'pytest finds no test in {name}: their names begin with test_.'
        )
    last = outcome.output.rstrip().splitlines()[-LAST_LINES:]
    raise UserError(
        f"The tests in {name} fail on the workbook's own snapshot, which is correct. "
        "So it wouldn't mean anything if they failed with a bug. pytest says:\n"
        + '\n'.join(f'    {line}' for line in last)
    )


def try_bugs(folder: pathlib.Path, progress: OnProgress) -> BugReport:
    """Try a folder's suite on its step's snapshot, and on a copy with each bug."""
    refuse_unfit(folder)
    step = suites.step_reached(folder)
    [(_, outcome)] = suites.try_suite(folder, step, [None])
    refuse_failing(outcome, folder)
    planted = faults.bugs(step)
    tried: list[tuple[Fault, Report]] = []
    for bug, outcome in suites.try_suite(folder, step, planted):
        if bug:
            tried.append((bug, outcome))
        progress(len(tried), len(planted))
    return BugReport(tried)


def caught_by(outcome: Report) -> str:
    """Return which test caught a bug, or how else the suite ended."""
    if outcome.caught:
        match = FAILED_TEST.fullmatch(outcome.reason)
        return f'by {match[1]}' if match else ''
    if outcome.passed:
        return ''
    return f'no test failed, but the suite broke off: {outcome.reason}'


def table(found: BugReport) -> Table:
    """Return a row for each bug."""
    grid = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for number, (_, outcome) in enumerate(found.tried, start=1):
        how = Text('caught', 'green') if outcome.caught else Text('got through', 'bold')
        grid.add_row(f'bug {number}', how, Text(caught_by(outcome), 'dim'))
    return grid


def changed_lines(bug: Fault) -> Iterator[str]:
    """Yield what a bug changes, line by line, as a comparison shows it."""
    for right, wrong in bug.changes:
        before, after = right.strip('\n'), wrong.strip('\n')
        for line in difflib.ndiff(before.splitlines(), after.splitlines()):
            if not line.startswith('?'):
                yield line.rstrip()


def show_missed(console: Console, number: int, bug: Fault, change: bool) -> None:
    """Show what a client would see of a bug; and the change, if that is wanted."""
    console.print(Text(f'\nBug {number}: {bug.fault}'))
    if change:
        console.print(Text(f'  In {bug.path}:', 'dim'))
        styles = {'-': 'green', '+': 'red'}
        for line in changed_lines(bug):
            text = Text(f'    {line}', styles.get(line[:1], ''))
            console.print(text, no_wrap=True, overflow='ignore', crop=False)


def show_result(
    console: Console, folder: pathlib.Path, found: BugReport, fault: bool, change: bool
) -> None:
    """Show what came of trying the bugs: faults and changes only if asked for."""
    console.print(Text(f'{display_path(folder)}/{TESTS}\n', 'bold'))
    console.print(table(found))
    console.print(
        Text(f'\nYour suite catches {found.caught} of {len(found.tried)} bugs.', 'bold')
    )
    if not found.missed:
        return
    if not fault and not change:
        console.print(
            '`--bugs --hint` shows how a client would notice the first bug that got '
            'through, and `--bugs --all` shows the lines that were changed for each.'
        )
        return
    # One hint at a time; who wants to see them all asks for the changes.
    for number, bug in found.missed if change else found.missed[:1]:
        show_missed(console, number, bug, change)
    if change:
        console.print('\nLines with - are right, lines with + are the bug.')
