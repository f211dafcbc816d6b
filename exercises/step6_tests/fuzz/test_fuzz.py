"""The project has a fuzz test, and it finds bugs."""

import pathlib

import pytest

from workbook import faults

BUGS = faults.of_exercise(pathlib.Path(__file__).parent.name)

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope='module')
def outcomes(own_suite):
    """Return how the project's fuzz tests ended, without a bug and with each."""
    return own_suite.run_each(BUGS, '-m', 'hypothesis')


def test_finds_nothing(outcomes):
    """There is a test that uses Hypothesis, and it passes on the snapshot."""
    assert outcomes[''].found_tests, 'No test uses Hypothesis yet.'
    assert outcomes[''].passed, outcomes[''].explanation


@pytest.mark.parametrize('bug', [bug.name for bug in BUGS])
def test_finds(outcomes, bug):
    """A test that uses Hypothesis fails on a package with the bug in it."""
    assert outcomes[''].passed, outcomes[''].explanation
    assert outcomes[bug].caught, 'No such test fails with the bug in it.'
