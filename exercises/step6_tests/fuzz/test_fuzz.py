"""The project has a fuzz test, and it finds bugs."""

import pytest

from workbook import faults

NAMES = ['a_text_is_an_error_of_ours', 'half_a_picture_is_an_error_of_ours']

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope='module')
def outcomes(own_suite):
    """Return how the project's fuzz tests ended, without a bug and with each."""
    planted = [bug for bug in faults.bugs(faults.step_with_bugs()) if bug.name in NAMES]
    return own_suite.run_each(planted, '-m', 'hypothesis')


def test_finds_nothing(outcomes):
    """There is a test that uses Hypothesis, and it passes on the snapshot."""
    assert outcomes[''].found_tests, 'No test uses Hypothesis yet.'
    assert outcomes[''].passed, outcomes[''].report


@pytest.mark.parametrize('bug', NAMES)
def test_finds(outcomes, bug):
    """A test that uses Hypothesis fails on a package with the bug in it."""
    assert outcomes[''].passed, outcomes[''].report
    assert outcomes[bug].caught, 'No such test fails with the bug in it.'
