"""How far a folder has come: which steps have been begun in it."""

import ast
import contextlib
import functools
import pathlib

from workbook.book.exercises import exercises
from workbook.layout import PACKAGE, Step, steps

from .submission import parse


def defined_in(tree: ast.AST, owner: str = '') -> set[str]:
    """Return what a module defines: functions, classes, methods, attributes of self."""
    found = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            found |= {node.name} | defined_in(node, f'{node.name}.')
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(f'{owner}{node.name}')
            if owner:
                found |= {f'{owner}{name}' for name in set_on_self(node)}
    return found


def set_on_self(function: ast.AST) -> set[str]:
    """Return the attributes that a method gives to its object."""
    return {
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == 'self'
    }


def names(folder: pathlib.Path) -> set[str]:
    """Return what the package in a folder defines, as far as it can be read."""
    found = set()
    for path in sorted((folder / PACKAGE).glob('*.py')):
        with contextlib.suppress(OSError, SyntaxError, ValueError):
            found |= defined_in(parse(path.read_bytes()))
    return found


@functools.cache
def added_names(step: Step) -> set[str]:
    """Return what a step defines that the step before it does not.

    Without what an exercise before it asks for: solving that doesn't begin the step.
    """
    before = {other.number for other in step.before}
    solved = [each.overlay for each in exercises() if each.step.number in before]
    folders = [*(other.snapshot for other in step.before[-1:]), *solved]
    return names(step.snapshot).difference(*(names(folder) for folder in folders))


def is_begun(step: Step, folder: pathlib.Path, defined: set[str]) -> bool:
    """Return whether anything that the step adds is there."""
    if any((folder / name).exists() for name in step.added):
        return True
    return bool(defined & added_names(step))


def begun(folder: pathlib.Path) -> list[Step]:
    """Return the steps up to the last one begun, which the reader is working on."""
    defined = names(folder)
    for step in reversed(steps()):
        if is_begun(step, folder, defined):
            return [*step.before, step]
    return []


def furthest(folder: pathlib.Path, step: Step) -> Step:
    """Return the last step begun in a folder, or the one asked for if it's later."""
    return max([step, *begun(folder)], key=lambda each: each.number)
