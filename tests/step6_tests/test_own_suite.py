"""Step 6: the project has a suite of its own, complete, and worth its name."""

import concurrent.futures
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tomllib

import pytest

HERE = pathlib.Path(__file__).parent
SNAPSHOT = HERE.parent.parent / 'steps' / HERE.name
BUGS = tomllib.loads((HERE / 'bugs.toml').read_text(encoding='utf-8'))


@dataclasses.dataclass
class Outcome:
    """How a run of a suite ended: pytest's exit status, and what it printed."""

    status: int
    output: str


def run_suite(folder, *options):
    """Run the suite in a folder, against the package beside it."""
    environment = {**os.environ, 'PYTHONPATH': str(folder)}
    environment.pop('ASGI_LOOK_REDIS_HOST', None)
    ended = subprocess.run(
        [sys.executable, '-m', 'pytest', '-p', 'no:cacheprovider', '-q', *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    return Outcome(ended.returncode, ended.stdout + ended.stderr)


@pytest.fixture(scope='session')
def workshop(pytestconfig, tmp_path_factory):
    """Return a function that puts the suite under test beside some package."""
    app_folder = pathlib.Path(pytestconfig.getoption('app')).resolve()
    assert (app_folder / 'tests').is_dir(), 'The project has no folder tests/ yet.'
    leave_out = shutil.ignore_patterns('__pycache__', '.*')

    def build(package, name):
        folder = tmp_path_factory.mktemp(name)
        shutil.copy(app_folder / 'pyproject.toml', folder)
        shutil.copytree(app_folder / 'tests', folder / 'tests', ignore=leave_out)
        shutil.copytree(package, folder / 'asgilook', ignore=leave_out)
        return folder

    build.app_folder = app_folder
    return build


def plant(bug, folder):
    """Put a bug into the package in a folder."""
    path = folder / 'asgilook' / bug['file']
    text = path.read_text(encoding='utf-8')
    for also in ['', 'also_'] if 'also_right' in bug else ['']:
        right, wrong = bug[f'{also}right'], bug[f'{also}wrong']
        assert text.count(right) == 1, f'{path.name} has changed: {right!r}'
        text = text.replace(right, wrong)
    path.write_text(text, encoding='utf-8')


@pytest.fixture(scope='session')
def outcomes(workshop):
    """Return how the suite ended for each bug, and for none."""

    def try_it(name):
        folder = workshop(SNAPSHOT / 'asgilook', 'bug')
        if name:
            plant(BUGS[name], folder)
        return run_suite(folder, '-x')

    names = [None, *BUGS]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as executor:
        return dict(zip(names, executor.map(try_it, names), strict=True))


def test_complete(workshop):
    """The suite passes, and runs every line and every branch of the package."""
    folder = workshop(workshop.app_folder / 'asgilook', 'complete')
    options = ['--cov=asgilook', '--cov-branch', '--cov-report=json']
    outcome = run_suite(folder, *options, '--cov-fail-under=100')
    assert outcome.status == 0, outcome.output
    report = json.loads((folder / 'coverage.json').read_text(encoding='utf-8'))
    assert report['meta']['branch_coverage']
    left_out = {path.stem for path in (folder / 'asgilook').glob('*.py')}
    left_out -= {pathlib.Path(name).stem for name in report['files']}
    assert left_out <= {'asgi'}


def test_leaves_nothing(workshop, monkeypatch, tmp_path):
    """The suite keeps its pictures to itself: none goes to the default folder."""
    monkeypatch.setenv('ASGI_LOOK_STORAGE_PATH', str(tmp_path / 'default'))
    folder = workshop(workshop.app_folder / 'asgilook', 'tidy')
    assert run_suite(folder).status == 0
    assert not (tmp_path / 'default').exists()


def test_passes_without_a_bug(outcomes):
    """The suite passes on the snapshot as it is."""
    assert outcomes[None].status == 0, outcomes[None].output


@pytest.mark.parametrize('name', BUGS)
def test_catches_bug(outcomes, name):
    """The suite fails on a snapshot with a bug in it, each time in a test."""
    assert outcomes[None].status == 0, outcomes[None].output
    assert outcomes[name].status == pytest.ExitCode.TESTS_FAILED, BUGS[name]['fault']
    assert ' failed' in outcomes[name].output, outcomes[name].output
