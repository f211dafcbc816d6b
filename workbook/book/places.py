"""Where a listing goes: into which file, class or function, and after what.

It is computed from the snapshots, so that a page never has to say it.
"""

import ast
import dataclasses
from collections.abc import Iterable, Iterator

Scope = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
SCOPES = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclasses.dataclass(frozen=True)
class Place:
    """What to do with a listing: `new`, `add`, `change` or `look`; and where."""

    action: str
    where: str = ''


def first_line(node: ast.stmt) -> int:
    """Return the number of a statement's first line, decorators included."""
    decorators: list[ast.expr] = getattr(node, 'decorator_list', [])
    return min(node.lineno, *(each.lineno for each in decorators), node.lineno)


def lines_of(node: ast.stmt) -> range:
    """Return the numbers of a statement's lines."""
    return range(first_line(node), (node.end_lineno or node.lineno) + 1)


def scopes_around(tree: ast.Module, line: int) -> Iterator[Scope]:
    """Yield the module, and the classes and functions around a line of a body."""
    scope: Scope = tree
    while True:
        yield scope
        inner = [
            node
            for node in scope.body
            if isinstance(node, SCOPES) and line in lines_of(node)
        ]
        if not inner or line == first_line(inner[0]):
            return
        scope = inner[0]


def in_words(scope: Scope) -> str:
    """Return what a scope is called: `in the class RedisCache`."""
    if isinstance(scope, ast.Module):
        return ''
    kind = 'class' if isinstance(scope, ast.ClassDef) else 'function'
    return f'in the {kind} ``{scope.name}``'


def name_of(node: ast.stmt) -> str:
    """Return what a reader knows a statement by: a name, or nothing."""
    if isinstance(node, SCOPES):
        return f'``{node.name}``'
    if isinstance(node, ast.Import | ast.ImportFrom):
        return 'the imports'
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return f'``{ast.unparse(node.value.func)}``'
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    if targets and isinstance(targets[0], ast.Name | ast.Attribute):
        return f'``{ast.unparse(targets[0])}``'
    return ''


def neighbours(scope: Scope, line: int, there: set[int]) -> str:
    """Return after what, or before what, a line goes: something that is there yet."""
    before = [node for node in scope.body if lines_of(node)[-1] < line]
    after = [node for node in scope.body if first_line(node) > line]
    for word, nodes in [('after', before[::-1]), ('before', after)]:
        for node in nodes:
            if name_of(node) and there.intersection(lines_of(node)):
                return f'{word} {name_of(node)}'
    return ''


def place(
    text: str, shown: Iterable[int], fresh: set[int], there: set[int], replaces: bool
) -> Place:
    """Return what to do with some lines of a file, and where they go.

    `fresh` are the lines that the step adds or changes, `there` those that the reader
    has already, and `replaces` says whether old lines have to go.
    """
    added = sorted(line for line in shown if line in fresh)
    if not added:
        return Place('look')
    if not there:
        return Place('new')
    action = 'change' if replaces else 'add'
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return Place(action)
    first = next((n for n in added if text.splitlines()[n - 1].strip()), added[0])
    scope = [*scopes_around(tree, first)][-1]
    parts = [in_words(scope)]
    if (added[-1] if replaces else first) <= last_import(tree):
        parts.append('at the top, among the imports')
    elif not replaces:
        parts.append(neighbours(scope, first, there))
    return Place(action, ', '.join(part for part in parts if part))


def last_import(tree: ast.Module) -> int:
    """Return the number of the last line of a module's imports, or zero."""
    found = [
        node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    return lines_of(found[-1])[-1] if found else 0
