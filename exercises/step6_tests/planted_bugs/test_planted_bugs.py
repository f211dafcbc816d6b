"""The project's tests catch bugs that were planted in the package."""

import pytest
from layout import ROOT

WANTED = 10
BUGS = ROOT / 'tests' / 'step6_tests' / 'bugs.toml'


@pytest.fixture(scope='module')
def passing_suite(own_suite):
    """Return the project's tests, which pass on the package as it should be."""
    outcome = own_suite.run()
    assert outcome.status == 0, outcome.output
    return own_suite


def test_catches(passing_suite, read_bugs):
    """The project's tests pass on the right package, and catch ten bugs at least."""
    bugs = read_bugs(BUGS)
    caught = 0
    for outcome in passing_suite.as_they_end(bugs):
        caught += outcome.status == 1
        if caught == WANTED:
            break
    assert caught >= WANTED, f'{caught} of {len(bugs)} bugs are caught.'
