"""Step 6: the project has a suite of its own, complete, and worth its name."""

import json
import pathlib

import pytest

from workbook import faults, suites

pytestmark = [
    pytest.mark.hint(section='step6-fixtures'),
    pytest.mark.timeout(900),
]

BUGS = [bug.name for bug in faults.read().values() if bug.bug]


@pytest.fixture(scope='session')
def suite(pytestconfig):
    """Return the folder with the suite under test."""
    folder = pathlib.Path(pytestconfig.getoption('app')).resolve()
    assert (folder / 'tests').is_dir(), 'The project has no folder tests/ yet.'
    return folder


@pytest.fixture(scope='session')
def outcomes(suite, planted, request):
    """Return how the suite ended for each bug, and for none."""
    step = suites.step_reached(suite)
    found = {}
    chosen = [None, *planted.values()]
    if suite == step.snapshot:
        found[None], _ = request.getfixturevalue('covered')
        chosen.remove(None)
    tried = suites.try_suite(suite, step, chosen)
    return found | {bug.name if bug else None: report for bug, report in tried}


@pytest.fixture(scope='session')
def temporary(tmp_path_factory):
    """Return the folder for temporary files, as the suite sees it on its only run."""
    return tmp_path_factory.mktemp('temporary')


@pytest.fixture(scope='session')
def covered(suite, tmp_path_factory, temporary):
    """Return how the suite ended on its own package, and what of that it ran."""
    folder = tmp_path_factory.mktemp('covered')
    suites.set_up(suite, suite / 'asgilook', folder)
    options = ['--cov=asgilook', '--cov-branch', '--cov-report=json']
    with pytest.MonkeyPatch.context() as patch:
        for name in ('TMPDIR', 'TEMP', 'TMP'):
            patch.setenv(name, str(temporary))
        outcome = suites.run_suite(folder, *options, '--cov-fail-under=0')
    path = folder / 'coverage.json'
    report = json.loads(path.read_text(encoding='utf-8')) if path.exists() else None
    return outcome, report


def not_run(report):
    """Return which lines the suite does not run, module by module, and branches."""
    found = []
    for name, file in report['files'].items():
        lines, ways = file['missing_lines'], file['missing_branches']
        what = [f'line {line}' for line in lines[:1]]
        what += [f'{len(lines) - 1} more'] if len(lines) > 1 else []
        what += [f'the way from line {start}' for start, _ in ways[:1] if not lines]
        if what:
            found.append(f'{pathlib.PurePath(name).name} ({" and ".join(what)})')
    return found


@pytest.mark.hint(
    'Run `pytest` in your folder: it says which test fails, and why.',
    'pytest collects the files `tests/test_*.py`, and in them the '
    'functions whose names begin with `test_`. It reads '
    '`tests/conftest.py` by itself.',
)
def test_passes(covered):
    """The suite has tests, and they pass."""
    outcome, _ = covered
    if outcome.status == suites.NO_TESTS:
        raise AssertionError('There is no test in tests/ yet.')
    last = (outcome.output.strip().splitlines() or ['It printed nothing.'])[-1]
    if outcome.status != suites.OK:
        raise AssertionError(f'Your suite does not pass: {last}')


@pytest.mark.hint(
    'Run your suite in your folder, with `pytest --cov=asgilook '
    '--cov-branch --cov-report=term-missing`. Which lines does the '
    'report list?',
    'For each line and branch in the report, write a test that gets '
    'there. You may only leave out `asgi.py`, with `omit = '
    '["*/asgilook/asgi.py"]` in `pyproject.toml`.',
    section='step6-coverage',
)
def test_complete(covered, suite):
    """The suite runs every line and every branch of the package."""
    _, report = covered
    assert report, 'The suite ended without a word of what it ran.'
    assert report['meta']['branch_coverage']
    left_out = {path.stem for path in (suite / 'asgilook').glob('*.py')}
    left_out -= {pathlib.Path(name).stem for name in report['files']}
    assert left_out <= {'asgi'}
    missing = not_run(report)
    if missing:
        raise AssertionError(f'Not run yet: {", ".join(missing)}.')


@pytest.mark.hint(
    'Your suite passes, or nearly, but its pictures end up in the folder '
    'of the real service.',
    "Set `config.storage_path = tmp_path / 'store'` in the fixture "
    '`config`, and create every app in your tests from that.',
)
def test_leaves_nothing(covered, temporary):
    """The suite doesn't write any pictures to the default folder."""
    assert covered[0].status == suites.OK
    assert not (temporary / 'asgilook').exists()


@pytest.mark.plants_bugs
@pytest.mark.hint(
    "Your suite fails on a correct service: the workbook's, not yours. "
    'Which of your tests asks for more than the chapters promise?',
    'Test what a client sees: statuses, headers and bodies. To find out '
    'which test fails, copy your `tests/` next to the package in the '
    'snapshot of this step, and run them there. Tests for an exercise '
    'belong in a file named after it, such as `tests/test_cool_down.py`.',
)
def test_passes_without_a_bug(outcomes):
    """The suite passes on the unchanged snapshot."""
    assert outcomes[None].passed, outcomes[None].explanation


@pytest.mark.plants_bugs
@pytest.mark.hint(
    'The service has a bug, and all your tests pass. What would a client '
    "see that you haven't looked at?",
    'The message says what a client would see. Send those requests, in '
    'that order, and assert what the client should have got.',
    section='step6-full-coverage',
)
@pytest.mark.parametrize('name', BUGS)
def test_catches_bug(outcomes, planted, name):
    """The suite fails on a snapshot with a bug in it, each time in a test."""
    assert outcomes[None].passed, outcomes[None].explanation
    assert not outcomes[name].passed, planted[name].fault
    assert outcomes[name].caught, outcomes[name].explanation
