"""Shared by the exercises' checks: the fixtures of the steps' tests, and the bugs."""

import pathlib

import pytest

from workbook import suites
from workbook.faults import Fault
from workbook.layout import Step, steps
from workbook.suites import Report

pytest_plugins = ['tests.conftest']


class OwnSuite:
    """The tests in the folder under test, to be run on the step's snapshot."""

    def __init__(self, folder: pathlib.Path, step: Step) -> None:
        assert (folder / 'tests').is_dir(), 'The project has no folder tests/ yet.'
        self._folder, self.step = folder, step

    def run(self, *options: str) -> Report:
        """Run the tests without a bug."""
        [(_, outcome)] = suites.try_suite(self._folder, self.step, [None], *options)
        return outcome

    def catches(self, planted: list[Fault], wanted: int) -> int:
        """Return how many bugs the tests catch; stop as soon as that is enough."""
        caught = 0
        for _, outcome in suites.try_suite(self._folder, self.step, planted):
            caught += outcome.caught
            if caught == wanted:
                break
        return caught

    def run_each(
        self, planted: list[Fault], *options: str, without: set[str] = frozenset()
    ) -> dict[str, Report]:
        """Run the tests without a bug; if they pass, with each. Return all by name.

        With a bug, some files of tests can be left out.
        """
        outcomes = {'': self.run(*options)}
        if outcomes[''].passed:
            left_out = [f'--ignore=tests/{name}' for name in sorted(without)]
            tried = suites.try_suite(
                self._folder, self.step, planted, *options, *left_out
            )
            outcomes |= {bug.name: outcome for bug, outcome in tried}
        return outcomes

    def old_tests(self) -> set[str]:
        """Return the names of the files of tests that are the snapshot's own."""
        return {
            path.name
            for path in (self.step.snapshot / 'tests').glob('test_*.py')
            if (own := self._folder / 'tests' / path.name).is_file()
            and own.read_bytes() == path.read_bytes()
        }


@pytest.fixture(scope='module')
def own_suite(request: pytest.FixtureRequest) -> OwnSuite:
    """Return the tests of the folder under test."""
    folder = pathlib.Path(request.config.getoption('app')).resolve()
    [step] = [step for step in steps() if step.name == request.path.parent.parent.name]
    return OwnSuite(folder, step)
