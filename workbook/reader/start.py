"""Make a folder of your own, at the beginning of a chapter.

tox -e start [-- CHAPTER] [--into FOLDER]
"""

import os
import pathlib
import sys
import tempfile

from workbook.cli import Parser, UserError, step_number
from workbook.layout import ROOT, WORK, Step, copy_tree, files_in
from workbook.reader.check import book, progress
from workbook.reader.check.submission import NOTE, display_path, look

FEW = 2
"""How many of a folder's files are named."""


def where_to_read(step: Step) -> list[str]:
    """Return the title of a step's chapter, and where it is."""
    chapter = book.chapter(step)
    return chapter.lines if chapter else [step.name]


def commands(folder: pathlib.Path, step: Step) -> list[str]:
    """Return what to run before a chapter: in the folder, on any system."""
    samples = ROOT / 'workbook' / 'book' / 'samples.py'
    if folder.is_relative_to(ROOT):
        samples = pathlib.Path(os.path.relpath(samples, folder))
    windows = os.name == 'nt'
    package = ''
    if step.before:
        has_tests = 'test' in step.before[-1].project.get('optional-dependencies', {})
        package = '-e ".[test]" ' if has_tests else '-e . '
    return [
        f'cd {display_path(folder)}',
        'py -m venv .venv' if windows else 'python3 -m venv .venv',
        r'.venv\Scripts\activate' if windows else '. .venv/bin/activate',
        f'python -m pip install {package}httpie pillow',
        f'python {samples} .',
    ]


def note(folder: pathlib.Path, step: Step) -> str:
    """Return the text for somebody who opens an otherwise empty folder."""
    return (
        'This folder is yours. Your service grows in it, chapter by chapter; each\n'
        'chapter says which file to create here, and what to put in it.\n'
        '\n'
        f'{indented("Start reading here:", where_to_read(step))}'
        '\n'
        'Run these from the repository root, as often as you like:\n'
        '\n'
        '    tox -e check               shows what works and what to look at next\n'
        '    tox -e check -- --watch    shows it again whenever you save a file\n'
        '\n'
        "This file isn't part of the service. You can delete it.\n"
    )


def indented(head: str, lines: list[str]) -> str:
    """Return lines below a head, each with its end."""
    return f'{head}\n' + ''.join(f'    {line}\n' for line in lines)


def files_of(folder: pathlib.Path) -> list[str]:
    """Return the names of the files in a folder, without caches and the like."""
    return [path.relative_to(folder).as_posix() for path in files_in(folder)]


def what_is_there(folder: pathlib.Path) -> str:
    """Return what a folder holds, in a few words."""
    look(folder)
    files = files_of(folder)
    if not files:
        return "It's empty"
    more = f' and {len(files) - FEW} more' if len(files) > FEW else ''
    begun = progress.begun(folder)
    looks = f': it looks like step {begun[-1].number}' if begun else ''
    return f'It contains {", ".join(files[:FEW])}{more}{looks}'


def refuse_existing(folder: pathlib.Path, number: int) -> None:
    """Refuse a folder that is there, and say how to keep it and start again."""
    for parent in folder.parents:
        if parent.is_file():
            raise UserError(
                f'{display_path(parent)} is a file, so no folder can be created in it.'
            )
    if not os.path.lexists(folder):
        return
    name = display_path(folder)
    if not folder.is_dir():
        kind = 'link to nowhere' if folder.is_symlink() else 'file'
        raise UserError(f'{name} is a {kind}; choose another folder with --into.')
    other = 'other'
    while (ROOT / other).exists():
        other += '-one'
    app = '' if folder == WORK else f' -- --app {name}'
    raise UserError(
        f'{name} already exists, and I left it as it is.\n{what_is_there(folder)}.\n'
        f'To go on with it, run `tox -e check{app}`: it shows where you are.\n'
        f'To keep it and start again in another folder, run '
        f'`tox -e start -- {number} --into {other}`.\n'
        'To start again in the same place, rename it or move it away first.'
    )


def make(folder: pathlib.Path, step: Step) -> None:
    """Make the folder, as a reader has it before the step's chapter: all or nothing."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix='.start-', dir=folder.parent) as place:
            made = pathlib.Path(place, folder.name)
            if step.before:
                copy_tree(step.before[-1].snapshot, made)
            else:
                made.mkdir()
                (made / NOTE).write_text(note(folder, step), encoding='utf-8')
            os.rename(made, folder)
    except OSError as error:
        raise UserError(
            f"{display_path(folder)} can't be created ({error.strerror or error}). "
            'Choose another folder with --into.'
        ) from error


def main(arguments: list[str] | None = None) -> int:
    """Make the folder; return the exit status."""
    parser = Parser(
        prog='tox -e start --',
        description='Create a folder of your own, for the beginning of a chapter.',
    )
    parser.add_argument(
        'chapter', nargs='?', type=step_number, default='1', metavar='CHAPTER',
        help='its number; the folder gets everything the chapters before it build',
    )  # fmt: skip
    parser.add_argument(
        '--into', type=pathlib.Path, default=WORK, metavar='FOLDER',
        help='the folder to create, instead of work/',
    )  # fmt: skip
    options = parser.parse_args(arguments)
    folder = pathlib.Path(os.path.abspath(options.into))
    try:
        refuse_existing(folder, options.chapter.number)
        make(folder, options.chapter)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    show_next(folder, options.chapter)
    return 0


def show_next(folder: pathlib.Path, step: Step) -> None:
    """Print what to do next: what to run, what to read, and how to be checked."""
    app = '' if folder == WORK else f' -- --app {display_path(folder)}'
    print(f'{display_path(folder)} is ready. {what_is_there(folder)}.\n')
    print(indented('Read:', where_to_read(step)))
    print(indented('Set it up, and fetch the sample pictures:', commands(folder, step)))
    print(f'As often as you like, from the repository root: `tox -e check{app}`')


if __name__ == '__main__':
    sys.exit(main())
