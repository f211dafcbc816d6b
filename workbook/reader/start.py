"""Make a folder of your own, at the beginning of a chapter.

tox -e start [-- CHAPTER] [--into FOLDER]
"""

import os
import pathlib
import shutil
import sys
import tempfile

from workbook.cli import Parser, UserError, step_number
from workbook.layout import ROOT, WORK, Step
from workbook.reader.check import book, progress
from workbook.reader.check.submission import NOTE, display_path, look

CACHES = [
    '__pycache__', '*.egg-info', '.coverage*', '.*_cache', '.tox', '.venv', 'build',
    'dist',
]  # fmt: skip
FEW = 2
"""How many of a folder's files are named."""


def where_to_read(step: Step) -> str:
    """Return the title of a step's chapter, and where it is."""
    chapter = book.chapter(step)
    return f'{chapter.title} ({chapter.place})' if chapter else step.name


def note(step: Step) -> str:
    """Return the note for a folder that is still empty."""
    return (
        'This folder is yours: your service grows in it, chapter by chapter.\n'
        '\n'
        f'Begin with {where_to_read(step)}.\n'
        'Each chapter says which file to make here, and what goes into it.\n'
        '\n'
        'From the top of the workbook, as often as you like:\n'
        '\n'
        '    tox -e check               says what holds, and what to look at next\n'
        '    tox -e check -- --watch    says it again whenever you save a file\n'
        '\n'
        'This file is no part of the service. You can delete it.\n'
    )


def files_of(folder: pathlib.Path) -> list[str]:
    """Return the names of the files in a folder, but for caches and the like."""
    found = []
    for path in sorted(folder.rglob('*')):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(
            pathlib.PurePath(part).match(pattern)
            for part in parts
            for pattern in CACHES
        ):
            found.append('/'.join(parts))
    return found


def what_is_there(folder: pathlib.Path) -> str:
    """Return what a folder holds, in a few words."""
    look(folder)
    files = files_of(folder)
    if not files:
        return 'It is empty'
    more = f' and {len(files) - FEW} more' if len(files) > FEW else ''
    begun = progress.begun(folder)
    stands = f': it looks like step {begun[-1].number}' if begun else ''
    return f'It holds {", ".join(files[:FEW])}{more}{stands}'


def refuse_existing(folder: pathlib.Path, number: int) -> None:
    """Refuse a folder that is there, and say how to keep it and start again."""
    for parent in folder.parents:
        if parent.is_file():
            raise UserError(
                f'{display_path(parent)} is a file: no folder can be made in it.'
            )
    if not os.path.lexists(folder):
        return
    name = display_path(folder)
    if not folder.is_dir():
        kind = 'link to nowhere' if folder.is_symlink() else 'file'
        raise UserError(f'{name} is a {kind}, and stays one: name another with --into.')
    other = 'other'
    while (ROOT / other).exists():
        other += '-one'
    app = '' if folder == WORK else f' -- --app {name}'
    raise UserError(
        f'{name} is there already, and was not touched.\n{what_is_there(folder)}.\n'
        f'To go on with it: `tox -e check{app}` says where you are.\n'
        f'To keep it and start again beside it: '
        f'`tox -e start -- {number} --into {other}`.\n'
        'To start again in its place: rename it or move it away first.'
    )


def make(folder: pathlib.Path, step: Step) -> None:
    """Make the folder, as a reader has it before the step's chapter: all or nothing."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix='.start-', dir=folder.parent) as place:
            made = pathlib.Path(place, folder.name)
            if step.before:
                ignored = shutil.ignore_patterns(*CACHES)
                shutil.copytree(step.before[-1].snapshot, made, ignore=ignored)
            else:
                made.mkdir()
                (made / NOTE).write_text(note(step), encoding='utf-8')
            os.rename(made, folder)
    except OSError as error:
        raise UserError(
            f'{display_path(folder)} cannot be made ({error.strerror or error}): '
            'name a folder elsewhere with --into.'
        ) from error


def main(arguments: list[str] | None = None) -> int:
    """Make the folder; return the exit status."""
    parser = Parser(
        prog='tox -e start --',
        description='Make a folder of your own, at the beginning of a chapter.',
    )
    parser.add_argument(
        'chapter', nargs='?', type=step_number, default='1', metavar='CHAPTER',
        help='its number; what the chapters before it make is put in the folder',
    )  # fmt: skip
    parser.add_argument(
        '--into', type=pathlib.Path, default=WORK, metavar='FOLDER',
        help='the folder to make, in place of work/',
    )  # fmt: skip
    options = parser.parse_args(arguments)
    folder = pathlib.Path(os.path.abspath(options.into))
    try:
        refuse_existing(folder, options.chapter.number)
        make(folder, options.chapter)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    app = '' if folder == WORK else f' -- --app {display_path(folder)}'
    print(f'{display_path(folder)} is made.\n{what_is_there(folder)}.')
    print(f'Go on with {where_to_read(options.chapter)}.')
    print(f'`tox -e check{app}` says where you are.')
    return 0


if __name__ == '__main__':
    sys.exit(main())
