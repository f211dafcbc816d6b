"""The project has a test that the list is cached, and it catches bugs."""

import pathlib

import pytest

from workbook import faults

BUGS = faults.of_exercise(pathlib.Path(__file__).parent.name)

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope='module')
def outcomes(own_suite):
    """Return how the project's tests ended, without a bug and with each."""
    return own_suite.run_each(BUGS)


def test_passes(outcomes):
    """The project's tests pass on the snapshot of this chapter."""
    assert outcomes[''].found_tests, 'There is no test yet.'
    assert outcomes[''].passed, outcomes[''].explanation


@pytest.mark.parametrize('bug', [bug.name for bug in BUGS])
def test_notices(outcomes, bug):
    """When the cache misbehaves, one of the project's tests fails."""
    assert outcomes[''].passed, outcomes[''].explanation
    assert outcomes[bug].caught, 'No test fails with the bug in it.'
