"""The suites: which tests check a step, how pytest is run, and what came of it.

    python -m workbook.suites STEP [PYTEST OPTION ...]

runs a step's suite on its snapshot, without the coverage gate of `tox -e stepN`.
"""

import concurrent.futures
import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
from collections.abc import Iterable, Iterator

from workbook import faults
from workbook.book.exercises import exercises
from workbook.faults import Fault
from workbook.layout import PACKAGE, ROOT, Step, copy_tree, steps
from workbook.reader.check import progress

PATIENCE = 120
"""How long one run of a suite may wait, or compute, in seconds."""
INTERVAL, IDLE = 1.0, 0.01
"""How often it is looked at what was computed, and how little of it is waiting."""

OK, FAILURES, NO_TESTS = 0, 1, 5
"""The exit statuses of pytest that matter here."""

PASSED, FAILED, SKIPPED = 'passed', 'failed', 'skipped'
UNFIT, BROKEN = 'unfit', 'broken'
"""How a test can end. Unfit: a fixture failed before it. Broken: it can't be run."""

IN_SUMMARY = re.compile(r'(FAILED|ERROR) \S+\.py\b')
"""The lines that name a failure at the end of pytest's output."""


@dataclasses.dataclass(frozen=True)
class Result:
    """How one test ended: its file, its name without parameters, and why it failed."""

    file: str
    name: str
    ended: str
    message: str = ''


@dataclasses.dataclass(frozen=True)
class Report:
    """How a run of pytest ended: its exit status, its output, and each result."""

    status: int
    output: str
    results: tuple[Result, ...] = dataclasses.field(default=(), repr=False)

    @property
    def passed(self) -> bool:
        """Whether every test passed."""
        return self.status == OK

    @property
    def found_tests(self) -> bool:
        """Whether there was any test to run."""
        return self.status != NO_TESTS

    @property
    def caught(self) -> bool:
        """Whether a test failed, and not the suite as such."""
        return self.status == FAILURES and bool(self.names(FAILED))

    @property
    def failed(self) -> list[Result]:
        """The results of the tests that failed, or whose fixtures did."""
        return [each for each in self.results if each.ended in (FAILED, UNFIT)]

    def names(self, *endings: str) -> set[str]:
        """Return the names of the tests that ended in one of these ways."""
        return {result.name for result in self.results if result.ended in endings}

    @property
    def reason(self) -> str:
        """The line that says which test failed, or else the last that was printed."""
        lines = self.output.strip().splitlines()
        failed = [line for line in lines if IN_SUMMARY.match(line)]
        return next(iter(failed or lines[-1:]), 'pytest printed nothing.')

    @property
    def explanation(self) -> str:
        """The reason, and below it the whole output."""
        return f'{self.reason}\n{self.output}'


def run_pytest(
    *arguments: str,
    folder: pathlib.Path = ROOT,
    path: pathlib.Path | None = None,
    seconds: float = PATIENCE,
) -> Report:
    """Run pytest once, in a folder; `path` is what it imports from besides."""
    environment = dict(os.environ)
    if path:
        environment['PYTHONPATH'] = str(path)
        for name in ('ASGI_LOOK_REDIS_HOST', 'ASGI_LOOK_STORAGE_PATH'):
            environment.pop(name, None)
    command = [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider']
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        written = pathlib.Path(name, 'report.xml')
        command += ['-o', 'junit_family=xunit1', f'--junitxml={written}']
        process = subprocess.Popen(
            [*command, *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors='replace',
        )
        output = output_of(process, seconds)
        if output is None:
            return Report(-1, f'The suite was stopped after {seconds:g} seconds.')
        results = tuple(read_results(written)) if written.exists() else ()
    return Report(process.returncode, output, results)


def output_of(process: subprocess.Popen[str], seconds: float) -> str | None:
    """Return all that a process prints; None, and end it, if it takes too long.

    Only time in which it computes nothing counts as waiting: on a busy machine, a
    process that wants to go on and isn't let is not to blame.
    """
    waited = before = 0.0
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return ''.join(process.communicate(timeout=INTERVAL))
            now = computed(process.pid)
            waited += INTERVAL if now - before < IDLE * INTERVAL else 0
            before = max(before, now)
            if max(waited, now) > seconds:
                return None
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def computed(pid: int) -> float:
    """Return for how many seconds a process, and what it started, has computed."""
    import psutil  # tox reads this module, too, and has no such package.

    total = 0.0
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                total += sum(process.cpu_times()[:4])
    return total


def read_results(path: pathlib.Path) -> Iterator[Result]:
    """Yield how each test ended, from a file that pytest wrote."""
    for case in xml.etree.ElementTree.parse(path).iter('testcase'):  # noqa: S314
        ended, message = PASSED, ''
        for child in case:
            message = child.get('message', '')
            if child.tag == 'failure':
                ended = FAILED
            elif child.tag == 'error':
                ended = UNFIT if 'failed on setup' in message else BROKEN
            elif child.tag == 'skipped':
                ended = SKIPPED
        name = case.attrib['name'].partition('[')[0]
        yield Result(case.get('file', ''), name, ended, message)


def set_up(suite: pathlib.Path, package: pathlib.Path, folder: pathlib.Path) -> None:
    """Put a suite beside a package: what is run, and what it is run on."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(suite / 'pyproject.toml', folder)
    copy_tree(suite / 'tests', folder / 'tests')
    copy_tree(package, folder / PACKAGE)


def leave_out_exercises(folder: pathlib.Path) -> None:
    """Remove the tests of what exercises add to the service: snapshots lack it."""
    for each in exercises():
        if each.step.has_own_tests and (each.overlay / PACKAGE).is_dir():
            folder.joinpath('tests', f'test_{each.name}.py').unlink(missing_ok=True)


def run_suite(folder: pathlib.Path, *options: str) -> Report:
    """Run the suite in a folder, on the package beside it."""
    return run_pytest(*options, folder=folder, path=folder)


def likely_catcher(fault: Fault, folder: pathlib.Path) -> list[str]:
    """Return the test in a folder that is known to catch a fault, if it's there."""
    file, _, name = fault.caught_by.partition('::')
    path = folder / 'tests' / file
    if name and path.is_file() and f'def {name}(' in path.read_text(encoding='utf-8'):
        return [f'tests/{fault.caught_by}']
    return []


def try_suite(
    suite: pathlib.Path, step: Step, chosen: Iterable[Fault | None], *options: str
) -> Iterator[tuple[Fault | None, Report]]:
    """Run a suite on the snapshot with each fault, or with none; yield each report.

    Close the generator to get no more of them: those that haven't begun never do.
    """
    with tempfile.TemporaryDirectory() as name:

        def run(fault: Fault | None) -> tuple[Fault | None, Report]:
            folder = pathlib.Path(name, fault.name if fault else 'none')
            set_up(suite, step.snapshot / PACKAGE, folder)
            leave_out_exercises(folder)
            if fault:
                fault.plant(folder)
                if not options and (test := likely_catcher(fault, folder)):
                    report = run_suite(folder, *test)
                    if report.caught:
                        return fault, report
            return fault, run_suite(folder, '-x', *options)

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as executor:
            try:
                yield from executor.map(run, chosen)
            finally:
                executor.shutdown(cancel_futures=True)


def step_reached(folder: pathlib.Path) -> Step:
    """Return the step whose snapshot a folder's own tests are for.

    It's the last that was begun there, but none before the first that has such tests.
    """
    begun = progress.begun(folder)
    with_tests = [step for step in steps() if step.has_own_tests]
    return [with_tests[0], *(step for step in with_tests if step in begun)][-1]


def bugs_to_plant(folder: pathlib.Path) -> list[Fault]:
    """Return the bugs that a folder's own tests are tried on.

    A snapshot gets those that its step introduces, and the last snapshot all of them.
    """
    step = step_reached(folder)
    with_tests = [each.number for each in steps() if each.has_own_tests]
    found = faults.bugs(step)
    if folder != step.snapshot or step.number == with_tests[-1]:
        return found
    return [bug for bug in found if max(bug.step, with_tests[0]) == step.number]


def test_folders(step: Step) -> list[str]:
    """Return the folders of the tests for a step: its own, and those before it."""
    return [other.tests.relative_to(ROOT).as_posix() for other in [*step.before, step]]


def main(arguments: list[str]) -> int:
    """Run the suite of the step that the first argument numbers."""
    number, *options = arguments
    [step] = [step for step in steps() if str(step.number) == number]
    snapshot = step.snapshot.relative_to(ROOT).as_posix()
    command = [sys.executable, '-m', 'pytest', f'--app={snapshot}']
    return subprocess.call([*command, *test_folders(step), *options], cwd=ROOT)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
