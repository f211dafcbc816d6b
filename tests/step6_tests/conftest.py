"""Which bugs are planted depends on the folder whose suite is under test."""

import pathlib

import pytest

from workbook import suites


def to_plant(config):
    """Return the bugs to plant, by their names."""
    folder = pathlib.Path(config.getoption('app') or '.').resolve()
    return {bug.name: bug for bug in suites.bugs_to_plant(folder)}


@pytest.fixture(scope='session')
def planted(pytestconfig):
    """Return the bugs to plant, by their names."""
    return to_plant(pytestconfig)


def pytest_collection_modifyitems(config, items):
    """Leave out the bugs that aren't planted here."""
    names = to_plant(config)
    left_out = [
        item
        for item in items
        if getattr(item, 'originalname', '') == 'test_catches_bug'
        and item.callspec.params['name'] not in names
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
