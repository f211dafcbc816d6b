"""What the checks share: the fixtures of the steps' tests, and bugs to plant."""

import concurrent.futures
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
import tomllib

import pytest
from layout import ROOT

AT_ONCE = os.cpu_count()
TIME_LIMIT = 120
"""How long one run of the reader's tests may take, in seconds."""

pytest_plugins = ['conftest']


@dataclasses.dataclass
class Outcome:
    """How a run of a suite ended: pytest's exit status, and what it printed."""

    status: int
    output: str


class OwnSuite:
    """The tests in the folder under test, to be run on the step's snapshot."""

    def __init__(
        self, app_folder: pathlib.Path, snapshot: pathlib.Path, temp: pathlib.Path
    ) -> None:
        assert (app_folder / 'tests').is_dir(), 'The project has no folder tests/ yet.'
        self._app_folder, self._snapshot, self._temp = app_folder, snapshot, temp

    def run(self, bug=None, options=()):
        """Run the tests, with a bug planted in the snapshot or with none."""
        name = bug['name'] if bug else 'no_bug'
        folder = self._temp / name
        ignored = shutil.ignore_patterns('__pycache__', '.*')
        shutil.copytree(self._app_folder / 'tests', folder / 'tests', ignore=ignored)
        shutil.copy(self._app_folder / 'pyproject.toml', folder)
        package = folder / 'asgilook'
        shutil.copytree(self._snapshot / 'asgilook', package, ignore=ignored)
        if bug:
            plant(bug, package / bug['file'])
        command = [sys.executable, '-m', 'pytest', '-p', 'no:cacheprovider', '-q', '-x']
        try:
            ended = subprocess.run(
                [*command, *options, 'tests'],
                cwd=folder,
                env={**os.environ, 'PYTHONPATH': str(folder)},
                capture_output=True,
                text=True,
                timeout=TIME_LIMIT,
            )
        except subprocess.TimeoutExpired:
            return Outcome(-1, f'The tests took longer than {TIME_LIMIT} s.')
        return Outcome(ended.returncode, ended.stdout + ended.stderr)

    def old_tests(self):
        """Return the names of the files of tests that the snapshot has as well."""
        return {
            path.name
            for path in (self._snapshot / 'tests').glob('test_*.py')
            if (own := self._app_folder / 'tests' / path.name).is_file()
            and own.read_bytes() == path.read_bytes()
        }

    def run_each(self, bugs, options=(), only_new=False):
        """Run the tests without a bug; if they pass, with each. Return all by name.

        With each bug, only the new tests are run where the others let it pass.
        """
        outcomes = {'': self.run(None, options)}
        names = [bug['name'] for bug in bugs]
        old = self.old_tests() if only_new else set()
        if (
            not {path.name for path in self._app_folder.glob('tests/**/test_*.py')}
            - old
        ):
            return outcomes | dict.fromkeys(
                names, Outcome(0, 'There are no new tests.')
            )
        if outcomes[''].status == 0:
            options = [*options, *(f'--ignore=tests/{name}' for name in sorted(old))]
            with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as executor:
                each = executor.map(lambda bug: self.run(bug, options), bugs)
                outcomes |= zip(names, each, strict=True)
        return outcomes

    def as_they_end(self, bugs):
        """Run the tests with each bug; yield the outcomes until no more are wanted."""
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as executor:
            running = [executor.submit(self.run, bug) for bug in bugs]
            try:
                for ended in concurrent.futures.as_completed(running):
                    yield ended.result()
            finally:
                executor.shutdown(cancel_futures=True)


def plant(bug, path):
    """Put a bug into a file."""
    text = path.read_text(encoding='utf-8')
    for also in ['', 'also_'] if 'also_right' in bug else ['']:
        right, wrong = bug[f'{also}right'], bug[f'{also}wrong']
        assert text.count(right) == 1, f'{path.name} has changed: {right!r}'
        text = text.replace(right, wrong)
    path.write_text(text, encoding='utf-8')


@pytest.fixture(scope='module')
def own_suite(request, pytestconfig, tmp_path_factory):
    """Return the tests of the folder under test."""
    app_folder = pathlib.Path(pytestconfig.getoption('app')).resolve()
    snapshot = ROOT / 'steps' / request.path.parent.parent.name
    return OwnSuite(app_folder, snapshot, tmp_path_factory.mktemp('own'))


@pytest.fixture(scope='session')
def read_bugs():
    """Return a function that reads a file of bugs."""

    def read(path):
        found = tomllib.loads(path.read_text(encoding='utf-8'))
        return [{**bug, 'name': name} for name, bug in found.items()]

    return read
