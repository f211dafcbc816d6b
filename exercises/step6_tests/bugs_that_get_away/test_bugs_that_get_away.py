"""The project's tests catch the bugs that the chapter's suite lets through."""

import pathlib

import pytest

from workbook import faults

BUGS = faults.of_exercise(pathlib.Path(__file__).parent.name)

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope='module')
def outcomes(own_suite):
    """Return how the project's tests ended, without a bug and with each."""
    # The snapshot's own tests let all of these pass: there is no need to wait for them.
    return own_suite.run_each(BUGS, without=own_suite.old_tests())


def test_passes(outcomes):
    """The project's tests pass on the correct package."""
    assert outcomes[''].passed, outcomes[''].explanation


@pytest.mark.parametrize('bug', [bug.name for bug in BUGS])
def test_catches(outcomes, bug):
    """One of the project's tests fails on a package with the bug in it."""
    assert outcomes[''].passed, outcomes[''].explanation
    assert outcomes[bug].caught, 'No test fails with the bug in it.'
