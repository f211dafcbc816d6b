"""What the tests of the workbook's tools share."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that has records written anew."""
    parser.addoption(
        '--refresh', action='store_true', help='write what was seen into the records'
    )
