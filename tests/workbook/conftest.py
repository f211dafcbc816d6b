"""What the tests of the workbook's tools share."""

import os

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that has records written anew."""
    parser.addoption(
        '--refresh', action='store_true', help='write what was seen into the records'
    )


def pytest_configure() -> None:
    """Have each pytest that a test starts do without a plugin it has no use for.

    Loading that of Hypothesis takes as long as all the rest.
    """
    os.environ['PYTEST_ADDOPTS'] = '-p no:hypothesispytest'


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no process is left with one."""
    longest = ['test_walk.py', 'test_mistakes.py', 'test_snapshots.py']
    order = {name: place for place, name in enumerate(longest)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))
