"""The project has a test that the list is cached, and it is worth its name."""

import pathlib

import pytest

HERE = pathlib.Path(__file__).parent


@pytest.fixture(scope='module')
def outcomes(own_suite, read_bugs):
    """Return how the project's tests ended, without a bug and with each."""
    return own_suite.run_each(read_bugs(HERE / 'bugs.toml'))


def test_passes(outcomes):
    """The project's tests pass on the snapshot of this chapter."""
    assert outcomes[''].status == 0, outcomes[''].output


@pytest.mark.parametrize(
    'bug', ['nothing_is_cached', 'nothing_is_forgotten', 'an_empty_list_is_kept']
)
def test_notices(outcomes, bug):
    """One of the project's tests fails where the cache does not do what it should."""
    assert outcomes[''].status == 0, outcomes[''].output
    assert outcomes[bug].status == 1, outcomes[bug].output
