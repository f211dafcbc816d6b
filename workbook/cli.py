"""What the commands have in common: their options, and one error."""

import argparse
from typing import Any, NoReturn

from workbook.layout import Step, steps


class UserError(Exception):
    """What was asked for can't be done; the message says what to do."""


class Parser(argparse.ArgumentParser):
    """A parser that refuses in one line, and takes options by their whole names."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and how to learn more."""
        self.exit(2, f'{message[:1].upper()}{message[1:]} (`{self.prog} --help`).\n')


def step_number(text: str) -> Step:
    """Return the step of that number; refuse one that there is not."""
    for step in steps():
        if text == str(step.number):
            return step
    last = steps()[-1].number
    raise argparse.ArgumentTypeError(
        f'there is no step {text!r}: they are numbered 1 to {last}'
    )
