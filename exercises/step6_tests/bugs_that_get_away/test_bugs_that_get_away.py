"""The project's tests catch what the suite of the chapter lets pass."""

import pathlib

import pytest

HERE = pathlib.Path(__file__).parent


@pytest.fixture(scope='module')
def outcomes(own_suite, read_bugs):
    """Return how the project's tests ended, without a bug and with each."""
    return own_suite.run_each(read_bugs(HERE / 'bugs.toml'), only_new=True)


def test_passes(outcomes):
    """The project's tests pass on the package as it should be."""
    assert outcomes[''].status == 0, outcomes[''].output


@pytest.mark.parametrize(
    'bug',
    [
        'entries_never_expire',
        'connections_stay_open',
        'the_environment_is_not_read',
        'the_list_is_not_sorted',
    ],
)
def test_catches(outcomes, bug):
    """One of the project's tests fails on a package with the bug in it."""
    assert outcomes[''].status == 0, outcomes[''].output
    assert outcomes[bug].status == 1, outcomes[bug].output
