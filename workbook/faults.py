"""The faults that are put into code on purpose; examples/faults.toml describes them.

    python -m workbook.faults plant NAME FOLDER

plants one in the code in a folder, which has to be the snapshot's in that place.
"""

import argparse
import dataclasses
import difflib
import functools
import pathlib
import sys
import tomllib

from workbook.cli import Parser, UserError
from workbook.layout import PACKAGE, ROOT, Step, copy_tree

FAULTS = ROOT / 'examples' / 'faults.toml'


@dataclasses.dataclass(frozen=True)
class Fault:
    """A fault: what a client sees of it, and what it changes in which module."""

    name: str
    fault: str
    file: str
    changes: tuple[tuple[str, str], ...]
    step: int = 1
    until: int | None = None
    bug: bool = False
    exercises: tuple[str, ...] = ()
    caught_by: str = ''

    @property
    def path(self) -> str:
        """The module's path in a snapshot."""
        return f'{PACKAGE}/{self.file}'

    def fits(self, step: Step) -> bool:
        """Return whether a step's snapshot can have the fault."""
        return self.step <= step.number <= (self.until or step.number)

    def in_text(self, text: str) -> str:
        """Return the module's text with the fault in it."""
        for right, wrong in self.changes:
            if (count := text.count(right)) != 1:
                times = f"it's there {count} times" if count else "it isn't there"
                code = right.strip('\n')
                raise UserError(
                    f"{self.path} isn't the same as in the snapshot where {self.name} "
                    f'changes it. This should be there once, but {times}:'
                    f'\n\n{code}\n'
                )
            text = text.replace(right, wrong)
        return text

    def in_snapshot(self, step: Step) -> str:
        """Return the text of the module in a step's snapshot, with the fault in it."""
        return self.in_text((step.snapshot / self.path).read_text(encoding='utf-8'))

    def plant(self, folder: pathlib.Path) -> None:
        """Put the fault into the package in a folder, or else change nothing."""
        path = folder / self.path
        if not path.is_file():
            raise UserError(f'{folder} has no {self.path} to plant {self.name} in.')
        path.write_text(
            self.in_text(path.read_text(encoding='utf-8')), encoding='utf-8'
        )


@functools.cache
def read(path: pathlib.Path = FAULTS) -> dict[str, Fault]:
    """Return all faults by their names, in the order of the file."""
    found = {}
    for name, table in tomllib.loads(path.read_text(encoding='utf-8')).items():
        table['changes'] = tuple((right, wrong) for right, wrong in table['changes'])
        table['exercises'] = tuple(table.get('exercises', ()))
        found[name] = Fault(name, **table)
    return found


def find(name: str) -> Fault:
    """Return the fault of that name."""
    if name in read():
        return read()[name]
    near = difflib.get_close_matches(name, read(), n=3, cutoff=0.5) or read()
    raise UserError(f'There is no fault {name!r}. Try {" or ".join(near)}.')


def bugs(step: Step) -> list[Fault]:
    """Return the bugs that a suite of that step should catch."""
    return [fault for fault in read().values() if fault.bug and fault.fits(step)]


def of_exercise(name: str) -> list[Fault]:
    """Return the faults that an exercise plants."""
    return [fault for fault in read().values() if name in fault.exercises]


def overlaid_copy(
    snapshot: pathlib.Path, overlay: pathlib.Path, into: pathlib.Path
) -> pathlib.Path:
    """Make a folder with a snapshot, and an overlay on it; return the folder."""
    copy_tree(snapshot, into)
    if overlay.is_dir():
        copy_tree(overlay, into)
    return into


def main(arguments: list[str] | None = None) -> int:
    """Plant a fault; return the exit status."""
    parser = Parser(prog='python -m workbook.faults', description='Plant a fault.')
    parser.add_argument('command', choices=['plant'])
    parser.add_argument('name', metavar='NAME', help=f'a table of {FAULTS.name}')
    parser.add_argument(
        'folder', type=pathlib.Path, metavar='FOLDER', help=f'what has {PACKAGE}/ in it'
    )
    chosen: argparse.Namespace = parser.parse_args(arguments)
    try:
        fault = find(chosen.name)
        fault.plant(chosen.folder)
    except UserError as error:
        print(f'{error}\nNothing was changed.', file=sys.stderr)
        return 1
    print(f'Planted {fault.name} in {chosen.folder / fault.path}.\n{fault.fault}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
