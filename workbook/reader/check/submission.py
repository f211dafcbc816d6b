"""A look at a reader's folder before any of it is run, and a copy to run."""

import ast
import importlib.machinery
import pathlib
import re
import shutil
import sys
import threading
import tokenize
import tomllib
import warnings
from collections.abc import Iterator

from workbook.cli import UserError
from workbook.layout import PACKAGE, ROOT, WORK, copy_tree, steps

TESTS = 'tests'
NOTE = 'START-HERE.txt'
START = 'tox -e start'
OF_A_PROJECT = {'.py', '.toml', '.ini', '.cfg'}
COMPILES = threading.Lock()


def display_path(path: pathlib.Path) -> str:
    """Return a path as a reader at the top of the workbook would write it."""
    try:
        return path.absolute().relative_to(ROOT).as_posix()
    except ValueError:
        return str(path)


def parse(source: str | bytes) -> ast.Module:
    """Return code as a tree: Python 3.11 can't parse in two threads at a time."""
    with COMPILES:
        return ast.parse(source)


def is_empty(folder: pathlib.Path) -> bool:
    """Return whether nothing is in a folder but the note of `tox -e start`."""
    return all(path.name == NOTE or path.name.startswith('.') for path in look(folder))


def look(folder: pathlib.Path) -> list[pathlib.Path]:
    """Return what lies in a folder."""
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise UserError(
            f"{display_path(folder)} can't be read: {error.strerror}."
        ) from error


def inspect(folder: pathlib.Path) -> None:
    """Refuse a folder that cannot be checked, in one line that says why."""
    name = display_path(folder)
    if not folder.exists():
        advice = f'`{START}` makes one' if folder == WORK else 'look at --app'
        raise UserError(f'There is no folder {name}: {advice}.')
    if not folder.is_dir():
        raise UserError(f'{name} is a file: name the folder that contains your code.')
    if is_empty(folder):
        return
    package = folder / PACKAGE
    if not package.exists():
        if (folder / 'app.py').exists() and folder.name == PACKAGE:
            raise UserError(
                f"{name} is the package itself: name the folder it's in, "
                f'{display_path(folder.parent)}.'
            )
        raise UserError(
            f'There is no folder {PACKAGE} in {name}: you create that package in '
            'chapter 1. If your code is somewhere else, name that folder with --app.'
        )
    if not package.is_dir():
        raise UserError(f'{name}/{PACKAGE} is a file: it must be a folder, a package.')
    for path in sorted([*package.rglob('*.py'), *(folder / TESTS).rglob('*.py')]):
        inspect_module(path, path.relative_to(folder).as_posix())
    if (project := folder / 'pyproject.toml').exists():
        inspect_project(project)
    refuse_hidden_packages(folder)


def read(path: pathlib.Path, name: str) -> str:
    """Return the text of a file; refuse one that cannot be read."""
    if path.is_dir():
        raise UserError(f'{name} is a folder: it must be a file.')
    try:
        if path.suffix == '.py':
            with tokenize.open(path) as file:
                return file.read()
        return path.read_text(encoding='utf-8')
    except OSError as error:
        raise UserError(f"{name} can't be read: {error.strerror}.") from error
    except (UnicodeDecodeError, SyntaxError) as error:
        raise UserError(
            f'{name}{not_utf_8(path.read_bytes())}: the file is not UTF-8. '
            'Tell your editor to save it in that encoding.'
        ) from error


def not_utf_8(data: bytes) -> str:
    """Return the line in which data is not UTF-8, as a message names it."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b'\n', 0, error.start) + 1
        return f', line {line}'
    return ', line 1 or 2'


def inspect_module(path: pathlib.Path, name: str) -> None:
    """Refuse a module that Python cannot compile."""
    text = read(path, name)
    try:
        with COMPILES, warnings.catch_warnings():
            warnings.simplefilter('ignore')
            compile(text, name, 'exec', dont_inherit=True)
    except SyntaxError as error:
        if advice := lacks_async(text, error):
            raise UserError(f'{name}, {advice}') from error
        kind = 'wrong indentation' if isinstance(error, IndentationError) else 'syntax'
        quoted = (error.text or '').rstrip()
        code = f'\n    {quoted}' if quoted else ''
        raise UserError(
            f"{name}, line {error.lineno}: Python can't read this ({kind}: "
            f'{error.msg}).{code}'
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise UserError(f"{name}: Python can't read this ({error}).") from error


def lacks_async(text: str, error: SyntaxError) -> str:
    """Return which function lacks its `async`, if that is what an error comes of."""
    if 'outside async function' not in error.msg or error.lineno is None:
        return ''
    around = [
        node
        for node in ast.walk(parse(text))
        if isinstance(node, ast.FunctionDef)
        and node.lineno <= error.lineno <= (node.end_lineno or 0)
    ]
    if not around:
        return ''
    function, lines = around[-1], text.splitlines()
    return (
        f'line {function.lineno}:\n    {lines[function.lineno - 1].rstrip()}\n'
        f'`async` is missing: line {error.lineno} awaits something, so begin the '
        f'function with `async def {function.name}`.\n'
        f'    {lines[error.lineno - 1].rstrip()}'
    )


def inspect_project(path: pathlib.Path) -> None:
    """Refuse a pyproject.toml that is no TOML, and show the line."""
    text = read(path, path.name)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        shown = ''
        if place := re.search(r'at line (\d+)', str(error)):
            line = text.split('\n')[int(place[1]) - 1]
            shown = f'\n    {line.rstrip()}'
        raise UserError(
            f"{path.name}: this isn't TOML ({error}).{shown}\n"
            'Text needs quotation marks, and values in a list need commas between '
            "them. Compare yours with the chapter's, line by line."
        ) from error


def is_installed(module: str) -> bool:
    """Return whether a module of that name comes with Python, or was installed."""
    packages = [place for place in sys.path if place.endswith('-packages')]
    found = importlib.machinery.PathFinder.find_spec(module, packages)
    return module in sys.stdlib_module_names or found is not None


def refuse_hidden_packages(folder: pathlib.Path) -> None:
    """Refuse a file that Python would find instead of a package."""
    for path in folder.glob('*.py'):
        if is_installed(path.stem):
            raise UserError(
                f'{path.name} hides the package {path.stem}, because it has the same '
                'name: rename the file.'
            )


def of_the_project(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yield what of a folder belongs to the project, as far as checks use it."""
    wanted = {name.partition('/')[0] for step in steps() for name in step.added}
    for path in look(folder):
        is_small = path.is_file() and path.suffix in OF_A_PROJECT
        if path.name in wanted or (is_small):
            yield path


def copy(folder: pathlib.Path, to: pathlib.Path) -> None:
    """Copy the project for the checks: whatever the code does, the original stays."""
    to.mkdir()
    for path in of_the_project(folder):
        try:
            if path.is_dir():
                copy_tree(path, to / path.name, ignore_dangling_symlinks=True)
            else:
                shutil.copy(path, to)
        except (OSError, shutil.Error) as error:
            raise UserError(f"{display_path(path)} can't be read: {error}.") from error
