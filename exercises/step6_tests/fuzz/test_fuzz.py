"""The project has a fuzz test, and it finds what it is there for."""

import pytest
from layout import ROOT

BUGS = ROOT / 'tests' / 'step6_tests' / 'bugs.toml'
NAMES = ['a_text_is_an_error_of_ours', 'half_a_picture_is_an_error_of_ours']
NONE_COLLECTED = 5

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope='module')
def outcomes(own_suite, read_bugs):
    """Return how the project's fuzz tests ended, without a bug and with each."""
    bugs = [bug for bug in read_bugs(BUGS) if bug['name'] in NAMES]
    return own_suite.run_each(bugs, ['-m', 'hypothesis'])


def test_finds_nothing(outcomes):
    """There is a test that uses Hypothesis, and it passes on the snapshot."""
    assert outcomes[''].status != NONE_COLLECTED, 'No test uses Hypothesis yet.'
    assert outcomes[''].status == 0, outcomes[''].output


@pytest.mark.parametrize('bug', NAMES)
def test_finds(outcomes, bug):
    """A test that uses Hypothesis fails on a package with the bug in it."""
    assert outcomes[''].status == 0, outcomes[''].output
    assert outcomes[bug].status == 1, outcomes[bug].output
