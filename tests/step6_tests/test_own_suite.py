"""Step 6: the project has a suite of its own, complete, and worth its name."""

import json
import pathlib

import bugs
import pytest
from layout import steps

pytestmark = [
    pytest.mark.hint(section='step6-fixtures'),
    pytest.mark.timeout(900),
]

[STEP] = [step for step in steps() if step.tests == pathlib.Path(__file__).parent]
BUGS = {bug.name: bug for bug in bugs.bugs(STEP)}


@pytest.fixture(scope='session')
def suite(pytestconfig):
    """Return the folder with the suite under test."""
    folder = pathlib.Path(pytestconfig.getoption('app')).resolve()
    assert (folder / 'tests').is_dir(), 'The project has no folder tests/ yet.'
    return folder


@pytest.fixture
def copy(suite, tmp_path):
    """Return a folder with the suite and its own package in it."""
    bugs.set_up(suite, suite / 'asgilook', tmp_path / 'copy')
    return tmp_path / 'copy'


@pytest.fixture(scope='session')
def outcomes(suite):
    """Return how the suite ended for each bug, and for none."""
    tried = bugs.try_suite(suite, STEP, [None, *BUGS.values()])
    return {bug.name if bug else None: outcome for bug, outcome in tried}


@pytest.mark.hint(
    'Run your suite in your folder, with `pytest --cov=asgilook --cov-branch '
    '--cov-report=term-missing`. Does it pass, and which lines does it name?',
    'Each line and branch that is named wants a test that gets there. Only '
    '`asgi.py` may be left out, with `omit = ["*/asgilook/asgi.py"]` in '
    '`pyproject.toml`.',
    section='step6-coverage',
)
def test_complete(copy):
    """The suite passes, and runs every line and every branch of the package."""
    options = ['--cov=asgilook', '--cov-branch', '--cov-report=json']
    outcome = bugs.run_suite(copy, *options, '--cov-fail-under=100')
    assert outcome.status == bugs.PASSED, outcome.output
    report = json.loads((copy / 'coverage.json').read_text(encoding='utf-8'))
    assert report['meta']['branch_coverage']
    left_out = {path.stem for path in (copy / 'asgilook').glob('*.py')}
    left_out -= {pathlib.Path(name).stem for name in report['files']}
    assert left_out <= {'asgi'}


@pytest.mark.hint(
    'Your suite passes, or nearly, but its pictures end up in the folder of the '
    'real service.',
    "Set `config.storage_path = tmp_path / 'store'` in the fixture `config`, and "
    'make every app of the tests from that.',
)
def test_leaves_nothing(copy, monkeypatch, tmp_path):
    """The suite keeps its pictures to itself: none goes to the default folder."""
    monkeypatch.setenv('ASGI_LOOK_STORAGE_PATH', str(tmp_path / 'default'))
    assert bugs.run_suite(copy).status == bugs.PASSED
    assert not (tmp_path / 'default').exists()


@pytest.mark.hint(
    "Your suite fails on a service that is right: on the workbook's, not on "
    'yours. Which of your tests asks for more than the chapters promise?',
    'Test what a client sees: statuses, headers and bodies. To see what fails, '
    'copy your `tests/` beside the package in the snapshot of this step, and run '
    'them there.',
)
def test_passes_without_a_bug(outcomes):
    """The suite passes on the snapshot as it is."""
    assert outcomes[None].status == bugs.PASSED, outcomes[None].output


@pytest.mark.hint(
    'The service has a bug, and every test of yours passes. What would a client '
    'see that nobody has looked at?',
    'The message says what a client would see. Make those requests, in that '
    'order, and assert what should have come.',
    section='step6-full-coverage',
)
@pytest.mark.parametrize('name', BUGS)
def test_catches_bug(outcomes, name):
    """The suite fails on a snapshot with a bug in it, each time in a test."""
    assert outcomes[None].status == bugs.PASSED, outcomes[None].output
    assert outcomes[name].status == bugs.FAILED, BUGS[name].fault
    assert outcomes[name].caught, outcomes[name].output
