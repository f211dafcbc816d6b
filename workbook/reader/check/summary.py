"""Checks many folders, and sums up each in a line, and in a row of a CSV file."""

import concurrent.futures
import contextlib
import csv
import glob
import io
import os
import pathlib
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from workbook.cli import UserError
from workbook.layout import PACKAGE, Step, steps

from . import runner
from .report import STYLES, Progress
from .submission import display_path

DEFAULT = pathlib.Path('summary.csv')
LONGEST = 20
"""How much of a name is shown, in characters."""
MARKS = {
    'done': '+',
    'under way': '~',
    'held up': '-',
    'wrong': 'x',
    'not begun': '.',
    'not asked': '_',
    'not run': 'o',
    'not checked': '?',
}
"""How a step's state is shown."""
ARCHIVES = {'.zip', '.7z', '.rar', '.tar', '.gz', '.tgz', '.bz2', '.xz'}
FORMULA = ('=', '+', '-', '@', '\t', '\r')
"""What a cell begins with that a spreadsheet would compute."""

Stand = Callable[[pathlib.Path], Progress]
"""Checks a folder, and returns how it stands; raises UserError if it cannot."""


def expand(paths: Iterable[pathlib.Path]) -> list[pathlib.Path]:
    """Return paths with patterns replaced by what fits them, as most shells do."""
    found = []
    for path in paths:
        fitting = [] if path.exists() else sorted(glob.glob(str(path)))
        found += [pathlib.Path(name) for name in fitting] or [path]
    return found


def names(folders: list[pathlib.Path]) -> list[str]:
    """Return what to call each folder: its path from where all of them lie."""
    try:
        above = os.path.commonpath([folder.parent for folder in folders])
        return [folder.relative_to(above).as_posix() for folder in folders]
    except ValueError:
        return [display_path(folder) for folder in folders]


def code_in(folder: pathlib.Path) -> pathlib.Path:
    """Return the folder with the package; a lone folder in an archive hides it."""
    inside = list(folder.glob(f'[!._]*/{PACKAGE}/'))
    if (folder / PACKAGE).exists() or len(inside) != 1:
        return folder
    return inside[0].parent


class Row:
    """How one folder stands."""

    def __init__(self, name: str, folder: pathlib.Path, stand: Stand) -> None:
        self.name, self.folder = name, folder
        self.standing: Progress | None = None
        self.unmet = self.happened = ''
        try:
            self.look(stand)
        except UserError as error:
            self.unmet = str(error).partition('\n')[0]
        except Exception as error:  # Whatever it is, check the others.
            self.unmet = f"It couldn't be checked: {type(error).__name__}: {error}"

    def look(self, stand: Stand) -> None:
        """Check the folder."""
        if self.folder.is_file():
            if self.folder.suffix.lower() in ARCHIVES:
                raise UserError('This is an archive: unpack it first.')
            raise UserError('This is a file, not a folder.')
        self.folder = code_in(self.folder)
        self.standing = stand(self.folder)
        run = self.standing.run
        if check := run.first_wrong:
            case = f' (tried with {check.case})' if check.case else ''
            self.unmet = check.sentence + case
            self.happened = ' '.join(' '.join(check.lines).split())
            if check.unasked:
                self.unmet, self.happened = self.happened, ''
        elif not self.standing.asked:
            self.unmet = 'There is nothing to check yet.'
        elif not self.standing.holds:
            self.unmet = run.remark or 'Not every check was run.'

    @property
    def holds(self) -> bool:
        """Whether what was asked of the folder holds."""
        return self.standing is not None and self.standing.holds

    def of(self, step: Step) -> tuple[str, int, int]:
        """Return a step's state, how many of its checks pass, and how many it has."""
        if self.standing is None:
            return 'not checked', 0, 0
        checks = self.standing.run.of(step)
        return self.standing.of(step), sum(it.holds for it in checks), len(checks)

    def line(self, width: int, name_width: int) -> Text:
        """Return the line to show, no wider than the terminal."""
        stands = [self.of(step) for step in steps()]
        count = sum(count for _, _, count in stands)
        held = sum(held for _, held, _ in stands)
        text = Text(cut(self.name, name_width) + '  ')
        for how, _, _ in stands:
            text.append(MARKS[how], STYLES.get(how, 'dim'))
        text.append(f'{f"{held}/{count}" if count else "":>9}  ')
        text.append(cut(self.unmet, max(width - cell_len(text.plain), 10)))
        text.rstrip()
        return text

    def cells(self) -> list[str]:
        """Return the row of the CSV file."""
        found = [self.name, display_path(self.folder), 'yes' if self.holds else 'no']
        for step in steps():
            how, held, count = self.of(step)
            found += [how, str(held), str(count)]
        found += [self.unmet, self.happened]
        return [f"'{cell}" if cell.startswith(FORMULA) else cell for cell in found]


def cut(text: str, width: int) -> str:
    """Return a text that fits into so much room, its end left out where it must."""
    if cell_len(text) > width:
        return set_cell_size(text, width - 3) + '...'
    return set_cell_size(text, width)


def heading() -> list[str]:
    """Return the first row of the CSV file."""
    of_steps = [
        f'step{step.number}_{what}'
        for step in steps()
        for what in ('state', 'held', 'checks')
    ]
    return ['name', 'folder', 'holds', *of_steps, 'first_unmet', 'what_happened']


@contextlib.contextmanager
def new_file(asked: pathlib.Path | None) -> Iterator[tuple[str, Any]]:
    """Open a CSV file that was not there: the one asked for, or else a numbered one."""
    path, number = asked or DEFAULT, 1
    while True:
        try:
            file = path.open('x', encoding='utf-8-sig', newline='')
            break
        except FileExistsError:
            if asked:
                raise UserError(
                    f"{display_path(path)} exists already, and I haven't changed it: "
                    'name another file with --csv.'
                ) from None
            number += 1
            path = DEFAULT.with_stem(f'{DEFAULT.stem}-{number}')
        except OSError as error:
            raise UserError(
                f"{display_path(path)} can't be written ({error.strerror}): "
                'name another file with --csv.'
            ) from error
    with file:
        yield display_path(path), file


def rows(
    folders: list[pathlib.Path], stand: Stand, at_once: int
) -> Generator[concurrent.futures.Future[Row], None, None]:
    """Yield what becomes of each folder, in order; some are checked in parallel."""
    pool = concurrent.futures.ThreadPoolExecutor(at_once)
    try:
        yield from [
            pool.submit(Row, name, folder, stand)
            for name, folder in zip(names(folders), folders, strict=True)
        ]
    finally:
        # Ctrl-C may have come: what still runs is to end, and nothing more to begin.
        runner.STOP.set()
        pool.shutdown(cancel_futures=True)
        runner.STOP.clear()


def summarise(
    console: Console,
    paths: list[pathlib.Path],
    stand: Stand,
    csv_file: pathlib.Path | None = None,
    at_once: int | None = None,
) -> bool:
    """Show a line for each folder, and write them down; return whether all pass."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors='replace')  # Names come in all scripts.
    folders = [pathlib.Path(os.path.abspath(path)) for path in paths]
    name_width = min(LONGEST, max(cell_len(name) for name in names(folders)))
    at_once = at_once or max((os.cpu_count() or 1) // runner.WORKERS, 1)
    held, seen = 0, set[str]()
    with new_file(csv_file) as (csv_name, file), console.status('') as status:
        writer = csv.writer(file)
        writer.writerow(heading())
        with contextlib.closing(rows(folders, stand, at_once)) as coming:
            for done, future in enumerate(coming):
                status.update(f'{done} of {len(folders)} checked ...')
                row = future.result()
                console.print(row.line(console.width, name_width), crop=False)
                writer.writerow(row.cells())
                file.flush()
                held += row.holds
                seen |= {row.of(step)[0] for step in steps()}
    legend = ', '.join(f'{mark} {how}' for how, mark in MARKS.items() if how in seen)
    console.print(f'\nSteps: {legend}.', style='dim')
    console.print(
        f"{held} of {len(folders)} pass all the steps they've begun. "
        f'The details are in {csv_name}.',
        soft_wrap=True,
        markup=False,
    )
    return held == len(folders)
