"""Checks a reader's attempt at an exercise, and remembers what came of it."""

import contextlib
import json
import pathlib
import re
import tempfile
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from workbook.book.exercises import Exercise, exercises
from workbook.layout import ROOT, Step, steps

from . import book, diagnose, progress, report, runner
from .runner import OnProgress
from .submission import display_path, is_empty

RECORD = ROOT / '.exercises.json'
"""The result of each exercise's last check, by the folder that was checked."""
SOLVED, TRIED = 'solved', 'tried'
ROLE = re.compile(r':[\w:]+:`([^`<]+?)(?:\s*<([^`>]*)>)?`')
LINK = re.compile(r'(?<!`)`([^`<]+?)\s*<[^`]*>`__?')


def plain(text: str) -> str:
    """Return a short text of the book on one line, without its markup."""

    def name(match: re.Match[str]) -> str:
        section = book.sections().get(match[1])
        return f'"{section.heading}"' if section else match[1]

    line = LINK.sub(r'\1', ROLE.sub(name, ' '.join(text.split())))
    return line.replace('``', '`')


def hints(exercise: Exercise) -> list[str]:
    """Return an exercise's hints."""
    return [plain(path.read_text(encoding='utf-8')) for path in exercise.hints]


def section(exercise: Exercise) -> book.Section | None:
    """Return where the book has an exercise."""
    chapter = book.chapter(exercise.step)
    if chapter is None:
        return None
    return book.Section(exercise.label, exercise.heading, chapter.page, chapter.heading)


def known() -> dict[str, dict[str, str]]:
    """Return what was found last, by folder and by exercise."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(RECORD.read_text(encoding='utf-8'))
        if isinstance(found, dict):
            return {key: it for key, it in found.items() if isinstance(it, dict)}
    return {}


def found_in(folder: pathlib.Path) -> Mapping[str, str]:
    """Return what was found last in a folder, by exercise."""
    return known().get(str(folder), {})


def remember(exercise: Exercise, folder: pathlib.Path, run: runner.Run) -> None:
    """Keep what was found, and forget the folders that are gone."""
    if not run.checks:
        return
    found = {key: it for key, it in known().items() if pathlib.Path(key).is_dir()}
    found.setdefault(str(folder), {})[exercise.name] = SOLVED if run.holds else TRIED
    text = json.dumps(found, indent=2, sort_keys=True) + '\n'
    # If it can't be kept, that's not worth a failure.
    with (
        contextlib.suppress(OSError),
        tempfile.TemporaryDirectory(prefix=RECORD.name, dir=RECORD.parent) as place,
    ):
        written = pathlib.Path(place, RECORD.name)
        written.write_text(text, encoding='utf-8')
        written.replace(RECORD)


def run(
    exercise: Exercise, folder: pathlib.Path, on_progress: OnProgress
) -> runner.Run:
    """Run an exercise's check on a folder's code."""
    if is_empty(folder):
        return runner.Run([])
    # One worker, as most of an exercise's tests share what takes long.
    found = runner.run(folder, exercise.checks, on_progress, workers=1, ahead=False)
    doctor = diagnose.Doctor(folder, exercise.step)
    for check in found.checks:
        check.hints, check.missing = hints_for(exercise, check), False
        if check.outcome == 'failed':
            cause = doctor.of_coroutines(check)
            check.cause, check.is_sure = cause.lines, cause.is_sure
    return found


def test_name(check: runner.Check) -> str:
    """Return the name of a check's test function."""
    return check.name.rpartition('::')[2].partition('[')[0]


def hints_for(exercise: Exercise, check: runner.Check) -> list[str]:
    """Return an exercise's hints, beginning with the one that a check calls for."""
    found = hints(exercise)
    first = exercise.first_hints.get(test_name(check), 1) - 1
    return [*found[first : first + 1], *found[:first], *found[first + 1 :]]


def unbegun(exercise: Exercise, folder: pathlib.Path) -> str:
    """Return what to say where the step that an exercise goes on from is not there."""
    step = exercise.step
    if exercise.unbegun or step in progress.begun(folder):
        return ''
    return (
        f'The exercise continues from step {step.number}, and {display_path(folder)} '
        "doesn't contain any of that step yet."
    )


def show_result(
    console: Console,
    exercise: Exercise,
    folder: pathlib.Path,
    found: runner.Run,
    options: report.Shown,
) -> None:
    """Show what came of an exercise's check."""
    # A check that passes before anything is solved is no progress.
    new = [
        check
        for check in found.checks
        if test_name(check) not in exercise.holds_already
    ]
    held = sum(check.holds for check in new)
    console.print(Text(f'{display_path(folder)}\n', 'bold'))
    line = f'{held} of {len(new)} checks pass' if found.checks else 'not started'
    console.print(Text(f'exercise {exercise.name}: {line}'))
    for reason in report.skipped(found):
        console.print(Text(f'\n{reason}', 'dim'))
    if options.all:
        console.print()
        for check in found.checks:
            report.show_line(console, check)
    if not found.holds and (why := unbegun(exercise, folder)):
        console.print(Text(f'\n{why}', 'yellow'))
    if wrong := found.first_wrong:
        console.print(Text('\nThe first check that fails:', 'bold'))
        console.print(
            report.of_check(wrong, exercise.step, options, place(exercise)),
            crop=False,
        )
    if found.remark:
        console.print(Text(f'\n{found.remark}', 'yellow'))
    if found.holds:
        console.print(Text('\nSolved.', 'green'))
        lines = ["The book's solution is folded below the task:", *place(exercise)]
        console.print(report.paragraph('Compare', lines, whole=True), crop=False)


def place(exercise: Exercise) -> list[str]:
    """Return where the book has an exercise, in words and as a place to open."""
    found = section(exercise)
    return found.lines if found else []


def chapter_title(step: Step) -> str:
    """Return the heading of a chapter."""
    chapter = book.chapter(step)
    return chapter.title if chapter else step.name


def show_list(console: Console, folder: pathlib.Path) -> None:
    """List all exercises, with what was found last in a folder."""
    listed = exercises()
    last = found_in(folder)
    widest = max(len(each.name) for each in listed)
    for step in steps():
        console.print(Text(chapter_title(step), 'bold'))
        grid = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
        grid.add_column(min_width=widest + 2)
        grid.add_column(min_width=max(len(each.title) for each in listed))
        grid.add_column()
        for each in listed:
            if each.step == step:
                state = last.get(each.name, '')
                style = 'green' if state == SOLVED else 'yellow'
                grid.add_row(f'  {each.name}', each.title, Text(state, style))
        console.print(grid)
        console.print()
    count = sum(last.get(each.name) == SOLVED for each in listed)
    console.print(
        Text(f'Solved in {display_path(folder)}: {count} of {len(listed)}.', 'bold')
    )
    console.print('As of the last `--exercise NAME` for each of them.')
