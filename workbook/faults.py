"""Plant bugs in a snapshot, to see which of them a suite of tests catches.

A step's tests may hold a file bugs.toml: each bug in it is a change to that step's
snapshot. The suite under test runs on the snapshot as it is, which it must pass, and
on a copy with each bug, which it should not.
"""

import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator

from workbook.layout import Step, copy_tree, steps

PATIENCE = 120
"""How long one run of a suite may take, in seconds."""

PASSED, FAILED, NO_TESTS = 0, 1, 5
"""What pytest ends with."""

IN_SUMMARY = re.compile(r'(FAILED|ERROR) \S+\.py\b')
"""What names a failure at the end of what pytest prints."""


@dataclasses.dataclass(frozen=True)
class Bug:
    """A bug: what a client would see of it, and what it changes in which module."""

    number: int
    name: str
    fault: str
    file: str
    changes: tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a run of a suite ended: pytest's exit status, and what it printed."""

    status: int
    output: str

    @property
    def passed(self) -> bool:
        """Whether every test passed."""
        return self.status == PASSED

    @property
    def found_tests(self) -> bool:
        """Whether there was any test to run."""
        return self.status != NO_TESTS

    @property
    def caught(self) -> bool:
        """Whether a test failed, and not the suite as such."""
        return self.status == FAILED and ' failed' in self.output

    @property
    def reason(self) -> str:
        """The line that says which test failed, or else the last that was printed."""
        lines = self.output.strip().splitlines()
        failed = [line for line in lines if IN_SUMMARY.match(line)]
        return next(iter(failed or lines[-1:]), 'pytest printed nothing.')

    @property
    def report(self) -> str:
        """The reason, and below it all that was printed."""
        return f'{self.reason}\n{self.output}'


def step_with_bugs() -> Step:
    """Return the last step that has planted bugs."""
    return [step for step in steps() if (step.tests / 'bugs.toml').exists()][-1]


def bugs(step: Step) -> list[Bug]:
    """Return a step's planted bugs."""
    return read_bugs(step.tests / 'bugs.toml')


def read_bugs(path: pathlib.Path) -> list[Bug]:
    """Return the bugs in a file, numbered as they stand in it."""
    text = path.read_text(encoding='utf-8')
    found = []
    for number, (name, bug) in enumerate(tomllib.loads(text).items(), start=1):
        changes = [(bug['right'], bug['wrong'])]
        if 'also_right' in bug:
            changes.append((bug['also_right'], bug['also_wrong']))
        found.append(Bug(number, name, bug['fault'], bug['file'], tuple(changes)))
    return found


def plant(bug: Bug, folder: pathlib.Path) -> None:
    """Put a bug into the package in a folder."""
    path = folder / 'asgilook' / bug.file
    text = path.read_text(encoding='utf-8')
    for right, wrong in bug.changes:
        if text.count(right) != 1:
            raise ValueError(f'{bug.name}: {bug.file} has changed: {right!r}')
        text = text.replace(right, wrong)
    path.write_text(text, encoding='utf-8')


def set_up(suite: pathlib.Path, package: pathlib.Path, folder: pathlib.Path) -> None:
    """Put a suite beside a package: what is run, and what it is run on."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(suite / 'pyproject.toml', folder)
    copy_tree(suite / 'tests', folder / 'tests')
    copy_tree(package, folder / 'asgilook')


def run_suite(folder: pathlib.Path, *options: str) -> Outcome:
    """Run the suite in a folder, on the package beside it."""
    environment = {**os.environ, 'PYTHONPATH': str(folder)}
    environment.pop('ASGI_LOOK_REDIS_HOST', None)
    command = [sys.executable, '-m', 'pytest', '-p', 'no:cacheprovider', '-q']
    try:
        ended = subprocess.run(
            [*command, *options],
            cwd=folder,
            env=environment,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            errors='replace',
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return Outcome(-1, f'The suite was stopped after {PATIENCE} seconds.')
    return Outcome(ended.returncode, ended.stdout + ended.stderr)


def try_suite(
    suite: pathlib.Path, step: Step, chosen: Iterable[Bug | None], *options: str
) -> Iterator[tuple[Bug | None, Outcome]]:
    """Run a suite on the snapshot with each bug, or with none; yield each outcome.

    Whoever wants no more of them closes the generator; what has not begun never does.
    """
    with tempfile.TemporaryDirectory() as name:

        def run(bug: Bug | None) -> tuple[Bug | None, Outcome]:
            folder = pathlib.Path(name, bug.name if bug else 'none')
            set_up(suite, step.snapshot / 'asgilook', folder)
            if bug:
                plant(bug, folder)
            return bug, run_suite(folder, '-x', *options)

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as executor:
            try:
                yield from executor.map(run, chosen)
            finally:
                executor.shutdown(cancel_futures=True)
