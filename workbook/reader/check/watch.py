"""Checks again whenever something in a folder changes."""

import pathlib
import time
from collections.abc import Callable

import watchfiles
from rich.console import Console
from rich.text import Text

from workbook.cli import UserError

from .submission import display_path

DEBOUNCE = 100
"""How long to wait for more changes, in milliseconds."""


def watch(
    console: Console, folders: list[pathlib.Path], check: Callable[[], object]
) -> None:
    """Check now, and again after each change, until Ctrl-C."""
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f'There is no folder {display_path(folder)} to watch.')
    changes = watchfiles.watch(
        *folders,
        debounce=DEBOUNCE,
        step=DEBOUNCE // 2,
        rust_timeout=1,
        yield_on_timeout=True,
        raise_interrupt=True,
    )
    # The first yield comes immediately: from then on, no change is missed.
    first = True
    for changed in changes:
        if not changed and not first:
            continue
        if not first:
            console.clear()
        first = False
        check()
        clock = time.strftime('%H:%M:%S')
        console.print(Text(f'\n{clock}: waiting for a change. Ctrl-C ends it.', 'dim'))
