"""The project's tests catch bugs that were planted in the package."""

import pytest

from workbook import faults

WANTED = 10

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope='module')
def outcome(own_suite):
    """Return how the project's tests ended on the correct package."""
    return own_suite.run()


def test_passes(outcome):
    """The project's tests pass on the correct package."""
    assert outcome.found_tests, 'There is no test yet.'
    assert outcome.passed, outcome.explanation


def test_catches(outcome, own_suite):
    """The project's tests catch at least ten bugs."""
    assert outcome.passed, 'They do not pass without a bug.'
    planted = faults.bugs(own_suite.step)
    caught = own_suite.catches(planted, WANTED)
    assert caught >= WANTED, f'{caught} of {len(planted)} bugs are caught.'
