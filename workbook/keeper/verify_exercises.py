"""Prove the exercises: that each can be failed, and can be solved.

    python -m workbook.keeper.verify_exercises [NAME ...]

Run by `tox -e exercises`. Of each exercise it is seen that its check fails on what the
reader begins with, test by test, and passes with the solution; that all tests of the
steps so far pass with the solution as well; and that nothing is missing, untidy, or
older than the snapshot.
"""

import ast
import concurrent.futures
import difflib
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator

from workbook.book.exercises import (
    EXERCISES,
    Exercise,
    begin,
    check_arguments,
    exercises,
    find,
)
from workbook.cli import Parser, UserError
from workbook.faults import overlaid_copy
from workbook.layout import ROOT, files_in
from workbook.suites import BROKEN, FAILED, PASSED, UNFIT, Report, run_pytest

AT_ONCE = os.cpu_count() or 2
"""How many exercises are proven at the same time."""
TIME_LIMIT = 300
"""How long one run of tests may take, in seconds."""
FEW = 2
"""How many failed tests of a whole suite are tried again, with all of their files."""
SHOWN = 15
"""How many lines of a failed command are shown."""
MYPY = threading.Lock()
"""Held while mypy runs: all share its cache, with what it knows of the libraries."""


def pytest(arguments: list[str], folder: pathlib.Path) -> Report:
    """Run pytest, with a folder for what it writes."""
    temp = f'--basetemp={folder / "temp"}'
    return run_pytest('--no-header', temp, *arguments, seconds=TIME_LIMIT)


def run(command: list[str], folder: pathlib.Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder; return how it ended."""
    try:
        return subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            errors='replace',
            timeout=TIME_LIMIT,
        )
    except subprocess.TimeoutExpired:
        said = f'It took longer than {TIME_LIMIT} s: {" ".join(command)}'
        return subprocess.CompletedProcess(command, 1, said, '')


def end_of(text: str) -> str:
    """Return the last lines of what a command printed, indented."""
    lines = text.strip().splitlines()[-SHOWN:]
    return ''.join(f'\n      {line}' for line in lines)


def same(one: pathlib.Path, other: pathlib.Path) -> bool:
    """Return whether both files are there and hold the same."""
    return other.is_file() and one.read_bytes() == other.read_bytes()


def overlaid(exercise: Exercise) -> Iterator[tuple[pathlib.Path, pathlib.Path]]:
    """Yield each file of the solution, with the snapshot's of the same name."""
    for path in files_in(exercise.overlay):
        yield path, exercise.step.snapshot / path.relative_to(exercise.overlay)


def lines(path: pathlib.Path) -> list[str]:
    """Return the lines of a file that are not empty, without their indents."""
    text = path.read_text(encoding='utf-8') if path.is_file() else ''
    return [line.strip() for line in text.splitlines() if line.strip()]


def missing(exercise: Exercise) -> Iterator[str]:
    """Yield what the exercise lacks."""
    for path in (exercise.task, exercise.words):
        if not path.is_file() or not path.read_text(encoding='utf-8').strip():
            yield f'it has no {path.name}'
    wanted = [f'{number + 1}.rst' for number in range(len(exercise.hints))]
    if not wanted:
        yield 'it has no hint: write hints/1.rst'
    elif [path.name for path in exercise.hints] != wanted:
        yield 'its hints are not numbered 1, 2, 3, ...'
    if not exercise.checks:
        yield f'it has no check: write test_{exercise.name}.py'
    if not list(overlaid(exercise)) and not exercise.unbegun:
        yield 'it has no solution'
    for name in exercise.unbegun:
        if not (exercise.step.snapshot / name).exists():
            yield f'unbegun names {name}, which the snapshot has not got'
    for name in exercise.out_of_sight:
        file, _, test = name.partition('::')
        path = ROOT / file
        if not path.is_file() or f'def {test}(' not in path.read_text('utf-8'):
            yield f"out_of_sight names {name}, and there's no such test"


def misled(exercise: Exercise) -> Iterator[str]:
    """Yield where [hints] names a test or a hint that isn't there."""
    tests = {
        node.name
        for path in exercise.checks
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8')))
        if isinstance(node, ast.FunctionDef)
    }
    for name, number in exercise.first_hints.items():
        if name not in tests:
            yield f'[hints] names {name}, but no test is called that'
        if not 1 <= number <= len(exercise.hints):
            yield f'[hints] sends {name} to hint {number}, which is not there'


def undocumented(exercise: Exercise) -> Iterator[str]:
    """Yield which tests of the check do not say what should hold."""
    for path in exercise.checks:
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith('test_'):
                sentence = ast.get_docstring(node) or ''
                if not sentence.endswith('.') or '\n' in sentence:
                    yield f'{node.name} does not say in one sentence what should hold'


def outdated(exercise: Exercise) -> Iterator[str]:
    """Yield where the solution does not follow from today's snapshot."""
    lost: list[str] = []
    for path, original in overlaid(exercise):
        name = path.relative_to(exercise.overlay).as_posix()
        if same(path, original):
            yield f'solution/{name} is the same as in the snapshot: leave it out'
        difference = difflib.ndiff(lines(original), lines(path))
        taken = [line[2:] for line in difference if line.startswith('- ')]
        for line in taken:
            if taken.count(line) > exercise.replaced.count(line):
                yield f'solution/{name} lacks a line of the snapshot: {line!r}'
        lost += taken
    for line in exercise.replaced:
        if exercise.replaced.count(line) > lost.count(line):
            yield f'replaced has a line that the solution does not take out: {line!r}'


def fails(exercise: Exercise, folder: pathlib.Path) -> Iterator[str]:
    """Yield why the check does not fail as it should before anything is solved."""
    begin(exercise, folder / 'begun')
    report = pytest(check_arguments(exercise, folder / 'begun'), folder)
    broken = [each for each in report.results if each.ended == BROKEN]
    passed, failed = report.names(PASSED), report.names(FAILED, UNFIT)
    if broken or not passed | failed:
        why = ''.join(f'\n      {each.name}: {each.message}' for each in broken)
        yield f'its check cannot be run:{why or end_of(report.output)}'
        return
    if not failed:
        yield 'its check passes before anything is solved'
    for name in sorted(passed - failed - exercise.holds_already.keys()):
        yield f'{name} passes before anything is solved: say why in [holds_already]'
    for name in sorted(exercise.holds_already.keys() - passed):
        yield f'{name} is in [holds_already], but does not pass before'


def passes(exercise: Exercise, folder: pathlib.Path) -> Iterator[str]:
    """Yield what does not pass with the solution."""
    step = exercise.step
    solved = overlaid_copy(step.snapshot, exercise.overlay, folder / 'solved')
    report = pytest(check_arguments(exercise, solved), folder)
    if report.status:
        yield f'its check does not pass with the solution:{end_of(report.output)}'
    elif suite := suite_arguments(exercise):
        suite = [f'--app={solved}', *suite]
        report = pytest(suite, folder)
        failed = sorted({each.name for each in report.failed})
        if 0 < len(failed) <= FEW and not report.names(BROKEN):
            # Some tests watch the clock, and the machine was busy. But one that fails
            # only after others must do so again, so all of its file is run.
            print(f'   {exercise.name}: tries again {", ".join(failed)}', flush=True)
            files = {pathlib.Path(each.file).name for each in report.failed}
            report = pytest([*suite, '-k', ' or '.join(sorted(files))], folder)
        if report.status:
            yield f"the steps' tests fail with the solution:{end_of(report.output)}"


def suite_arguments(exercise: Exercise) -> list[str]:
    """Return pytest's arguments for the steps' tests that the solution could break.

    A solution that leaves a part of the snapshot as it is cannot break what is tested
    of that part alone; `tox -e stepN` runs it on the snapshot.
    """
    names = [
        path.relative_to(exercise.overlay).parts[0] for path, _ in overlaid(exercise)
    ]
    so_far = [*exercise.step.before, exercise.step]
    if any(name != 'tests' for name in names):
        blind = [f'--deselect={name}' for name in exercise.out_of_sight]
        return [*blind, *(str(step.tests) for step in so_far)]
    chosen = [step for step in so_far if step.has_own_tests] if names else []
    only_more = all(not original.exists() for _, original in overlaid(exercise))
    # More tests catch what fewer did, and the check sees that they pass.
    leave_out = ['-m', 'not plants_bugs'] if only_more else []
    return [*leave_out, *(str(step.tests) for step in chosen)] if chosen else []


def typed(exercise: Exercise, folder: pathlib.Path) -> Iterator[str]:
    """Yield what mypy says against the solution's package."""
    if not (exercise.overlay / 'asgilook').is_dir():
        return
    command = [sys.executable, '-m', 'mypy', f'--config-file={ROOT / "pyproject.toml"}']
    command += [f'--cache-dir={ROOT / ".mypy_cache" / "exercises"}', 'asgilook']
    with MYPY:
        ended = run(command, folder / 'solved')
    if ended.returncode:
        yield f'mypy: {end_of(ended.stdout + ended.stderr)}'


def untidy(exercise: Exercise) -> Iterator[str]:
    """Yield what ruff says against the exercise."""
    for arguments in (['check', '-q'], ['format', '--check', '-q', '--diff']):
        command = [sys.executable, '-m', 'ruff', *arguments, '--no-cache']
        ended = run([*command, str(exercise.folder)], ROOT)
        if ended.returncode:
            yield f'ruff {arguments[0]}: {end_of(ended.stdout + ended.stderr)}'


def verify(exercise: Exercise) -> tuple[list[str], float]:
    """Return what is wrong with an exercise, and how long it took to find out."""
    start = time.monotonic()
    problems = [*missing(exercise), *undocumented(exercise), *outdated(exercise)]
    problems += misled(exercise)
    problems += untidy(exercise)
    if exercise.checks and not problems:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            folder = pathlib.Path(name).resolve()
            for stage in (fails, passes, typed):
                problems += stage(exercise, folder) if not problems else ()
    return problems, time.monotonic() - start


def main(arguments: list[str] | None = None) -> int:
    """Prove exercises; return the exit status."""
    parser = Parser(prog='tox -e exercises --', description='Prove the exercises.')
    parser.add_argument('names', nargs='*', metavar='NAME')
    parser.add_argument('--exercises', type=pathlib.Path, default=EXERCISES)
    chosen = parser.parse_args(arguments)
    try:
        found = exercises(chosen.exercises)
        if chosen.names:
            found = [find(name, chosen.exercises) for name in chosen.names]
        return report_on(found)
    except UserError as error:
        print(error)
        return 2


def report_on(found: list[Exercise]) -> int:
    """Prove exercises, several at once, and print how it went; return the status."""
    wrong = 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as executor:
        proofs = [executor.submit(verify, each) for each in found]
        for exercise, proof in zip(found, proofs, strict=True):
            problems, seconds = proof.result()
            wrong += bool(problems)
            verdict = 'wrong ' if problems else 'proven'
            line = (
                f'{exercise.step.number}  {exercise.name:24}{verdict}{seconds:6.1f} s'
            )
            print(line, flush=True)
            for problem in problems:
                print(f'   - {problem}')
    print(f'{len(found) - wrong} of {len(found)} exercises proven.')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
