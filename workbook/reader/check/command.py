"""Check your own code, step by step, with the tests that guard the snapshots.

tox -e check [-- OPTION ...]
"""

import argparse
import os
import pathlib
from collections.abc import Callable

from rich.console import Console
from rich.status import Status
from rich.text import Text

from workbook.book.exercises import Exercise, find
from workbook.cli import Parser, UserError, step_number
from workbook.layout import WORK, Step
from workbook.reader.check import (
    book,
    bug_check,
    diagnose,
    exercise_check,
    planted,
    progress,
    report,
    runner,
    submission,
    summary,
)
from workbook.reader.check.runner import Run
from workbook.reader.check.submission import display_path

ENDING = """
The exit status is 0 if your code could be checked at all, even if some checks fail; the
failures are on the screen. With --strict, or if the variable CI is set, it's 1 unless
all checks pass: every check of every step you've begun (later chapters don't count
until you begin them), with --step N every check of steps 1 to N, and with --exercise
every check of the exercise. With --bugs, your tests have to catch every bug. With
several folders, all of them must pass.

If --list calls an exercise solved, it was solved the last time you ran --exercise on
that folder. That's stored in .exercises.json, in the root of the workbook: delete it to
start over.
"""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Return the options."""
    parser = Parser(
        prog='tox -e check --',
        description='Check your own code, step by step.',
        epilog=ENDING,
    )
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument(
        '--step', type=step_number, metavar='N', help='check steps 1 to N, begun or not'
    )
    asked.add_argument(
        '--exercise',
        type=exercise_named,
        metavar='NAME',
        help='check your attempt at an exercise',
    )
    asked.add_argument(
        '--list', action='store_true', help='list the exercises, and which are solved'
    )
    asked.add_argument(
        '--bugs',
        action='store_true',
        help='plant bugs, and show which of them your own tests catch',
    )
    parser.add_argument(
        '--all',
        action='store_true',
        help='show every check, not only the first failure; with --bugs, the changes',
    )
    parser.add_argument(
        '--hint',
        action='store_true',
        help='show the stronger hints too; with --bugs, how a client would notice the '
        'first bug that got through',
    )
    parser.add_argument(
        '--watch', action='store_true', help='check again whenever a file changes'
    )
    parser.add_argument(
        '--app',
        type=pathlib.Path,
        nargs='+',
        action='extend',
        metavar='PATH',
        help='the folder with your code (or several folders), instead of work/',
    )
    parser.add_argument(
        '--strict',
        action='store_true',
        help='exit with 1 unless everything works, as in CI',
    )
    parser.add_argument(
        '--summary', action='store_true', help='show one line for each folder'
    )
    parser.add_argument(
        '--csv',
        type=pathlib.Path,
        metavar='FILE',
        help=f'the file for the summary, a new one ({summary.DEFAULT}, or with a '
        'number if that is there)',
    )
    options = parser.parse_args(arguments)
    if options.csv and not options.summary:
        parser.error('--csv goes with --summary')
    if options.summary and options.watch:
        parser.error("--summary doesn't go with --watch")
    if options.summary and (options.exercise or options.list or options.bugs):
        parser.error('--summary checks the steps: leave out the other option')
    options.app = summary.expand(options.app or [WORK])
    return options


def assess(
    folder: pathlib.Path,
    step: Step | None,
    on_progress: runner.OnProgress = runner.ignore,
) -> report.Progress:
    """Check a folder, as far as it was begun or up to a step; return how far it is."""
    submission.inspect(folder)
    begun = asked = progress.begun(folder)
    if step:
        asked = [*step.before, step]
    run = Run([])
    if asked and not submission.is_empty(folder):
        run = run_steps(folder, asked, on_progress)
    parts = (0, 0)
    if asked:
        explain_failures(folder, asked[-1], run)
        parts = diagnose.parts_typed(folder, asked[-1])
    return report.Progress(display_path(folder), begun, asked, run, parts)


def run_steps(
    folder: pathlib.Path, asked: list[Step], on_progress: runner.OnProgress
) -> Run:
    """Run the checks of some steps; those that plant bugs only when the rest passes.

    Bugs take minutes, and mean nothing to a suite that isn't complete.
    """
    tests: list[pathlib.Path | str] = [other.tests for other in asked]
    run = runner.run(folder, [*tests, '-m', 'not plants_bugs'], on_progress)
    planting = [step for step in asked if plants_bugs(step)]
    if not planting:
        return run
    if not run.holds:
        run.left_out = (
            'The planted bugs come last, once your suite passes and covers everything. '
            'To try them now, run `tox -e check -- --bugs`.'
        )
        return run
    more = planted.remembered(folder, planting)
    if more is None:
        tests = [step.tests for step in planting]
        found = runner.run(
            folder, [*tests, '-m', 'plants_bugs'], on_progress, workers=1
        )
        planted.remember(folder, planting, found)
        more, run.remark = found.checks, found.remark
    run.checks += more
    return run


def plants_bugs(step: Step) -> bool:
    """Return whether any of a step's checks tries a suite on planted bugs."""
    texts = [path.read_text('utf-8') for path in step.tests.glob('test_*.py')]
    return any('pytest.mark.plants_bugs' in text for text in texts)


def explain_failures(folder: pathlib.Path, step: Step, run: Run) -> None:
    """Add to each failure its cause in the folder's code, and where to read of it.

    A folder that has come further than the step asked for is compared with what it has
    come to.
    """
    failed = [check for check in run.checks if check.outcome == 'failed']
    if not failed and not run.not_imported:
        return
    step = progress.furthest(folder, step)
    doctor = diagnose.Doctor(folder, step)
    for check in failed:
        found = doctor.of(check)
        check.cause, check.is_sure = found.lines, found.is_sure
        if doctor.is_to_be_changed(found.file, found.name):
            more = diagnose.to_be_changed(found.name)
            check.cause = list(dict.fromkeys([*found.lines, *more]))
            check.to_be_changed = True
        elif check.of_suite and check.step < step.number:
            check.to_be_changed = diagnose.READ_ON in found.lines
        if not found.file:
            continue
        if not found.name and check.unfinished and check.step < step.number:
            continue  # It is the chapter under way that has it, from its beginning.
        if section := book.shows(step, found.file, found.name, found.code):
            check.where = section.lines
    run.elsewhere = doctor.in_what_is_there()


def exercise_named(text: str) -> Exercise:
    """Return the exercise of that name; refuse one that doesn't exist."""
    try:
        return find(text)
    except UserError as error:
        message = str(error)[0].lower() + str(error)[1:].rstrip('.')
        raise argparse.ArgumentTypeError(message) from None


def check(console: Console, folder: pathlib.Path, options: argparse.Namespace) -> bool:
    """Check what was asked of a folder, and show it; return whether it holds."""
    if options.list:
        if folder != WORK and not folder.is_dir():
            raise UserError(
                f'There is no folder {display_path(folder)}: look at --app.'
            )
        exercise_check.show_list(console, folder)
        return True
    if options.exercise:
        return check_exercise(console, folder, options)
    if options.bugs:
        return check_suite(console, folder, options)
    return check_steps(console, folder, options)


def check_exercise(
    console: Console, folder: pathlib.Path, options: argparse.Namespace
) -> bool:
    """Check an attempt at an exercise; return whether it is solved."""
    submission.inspect(folder)
    with console.status('Checking ...') as status:
        run = exercise_check.run(options.exercise, folder, show_in(console, status))
    exercise_check.remember(options.exercise, folder, run)
    shown = report.Shown(stronger=options.hint, all=options.all)
    exercise_check.show_result(console, options.exercise, folder, run, shown)
    return run.holds


def check_suite(
    console: Console, folder: pathlib.Path, options: argparse.Namespace
) -> bool:
    """Plant bugs, and try a folder's own tests; return whether they catch all."""
    submission.inspect(folder)
    with console.status('Planting bugs ...') as status:
        found = bug_check.try_bugs(
            folder,
            lambda done, total: status.update(f'{done} of {total} bugs tried'),
        )
    bug_check.show_result(console, folder, found, options.hint, options.all)
    return not found.missed


def check_steps(
    console: Console, folder: pathlib.Path, options: argparse.Namespace
) -> bool:
    """Check a folder, step by step; return whether what was asked holds."""
    with console.status('Checking ...') as status:
        standing = assess(folder, options.step, show_in(console, status))
    report.report(
        console, standing, report.Shown(stronger=options.hint, all=options.all)
    )
    return standing.holds


def show_in(
    console: Console, status: Status
) -> Callable[[runner.Check, int, int], None]:
    """Return a function that shows how far the checks are."""

    def show(check: runner.Check, done: int, total: int) -> None:
        width = max(console.width - 20, 20)
        status.update(Text(f'{done} of {total}: {check.sentence}'[:width]))

    return show


def check_all(console: Console, options: argparse.Namespace) -> bool:
    """Check each folder that was named; return whether all is as it was asked."""
    holds = True
    for index, folder in enumerate(options.app):
        if index:
            console.print()
        try:
            holds &= check(console, folder.resolve(), options)
        except UserError as error:
            if not folder.is_dir() and len(options.app) == 1:
                raise
            console.print(Text(str(error)))
            holds = False
    return holds


def main(arguments: list[str] | None = None) -> int:
    """Check; return the exit status."""
    options = parse(arguments)
    console = Console(highlight=False)
    try:
        if options.watch:
            from workbook.reader.check import watch

            watch.watch(console, options.app, lambda: check_all(console, options))
            return 0
        if options.summary:
            holds = summary.summarise(
                console,
                options.app,
                lambda folder: assess(folder, options.step),
                options.csv,
            )
            return status(holds, options)
        return status(check_all(console, options), options)
    except UserError as error:
        console.print(Text(str(error)))
        return 1
    except KeyboardInterrupt:
        return 0 if options.watch else 130


def status(holds: bool, options: argparse.Namespace) -> int:
    """Return the exit status: a reader who has read what is wrong needs no other."""
    return 1 if not holds and (options.strict or os.environ.get('CI')) else 0
