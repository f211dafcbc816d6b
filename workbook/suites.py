"""The steps' suites: which tests check a step, and how pytest is called for them.

    python -m workbook.suites STEP [PYTEST OPTION ...]

runs a step's suite on its snapshot, without the coverage gate of `tox -e stepN`.
"""

import subprocess
import sys

from workbook.layout import ROOT, Step, steps


def test_folders(step: Step) -> list[str]:
    """Return the folders of the tests for a step: its own, and those before it."""
    return [other.tests.relative_to(ROOT).as_posix() for other in [*step.before, step]]


def main(arguments: list[str]) -> int:
    """Run the suite of the step that the first argument numbers."""
    number, *options = arguments
    [step] = [step for step in steps() if str(step.number) == number]
    snapshot = step.snapshot.relative_to(ROOT).as_posix()
    command = [sys.executable, '-m', 'pytest', f'--app={snapshot}']
    return subprocess.call([*command, *test_folders(step), *options], cwd=ROOT)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
