"""The lines in which a reader's code differs from the chapter's, if they are few.

Layout, comments, docstrings and imports don't count. A name of the reader's own makes
many lines differ, and then there's nothing to say.
"""

import ast
import copy
import difflib
from collections.abc import Iterator, Sequence

from .structure import Package

FEW_PLACES = 3
"""In how many places a package may differ and still be taken for the chapter's."""
FEW_LINES = 4
"""How many lines in a row may be others, or missing."""
FEW_CHANGES = 2
"""How many such rows a place may have."""
OTHERS, BEFORE = 'has something else here.', 'has more lines before this one.'
SAYS = {
    (True, True): OTHERS,
    (False, True): 'has more lines after this one.',
    (True, False): "doesn't have this line.",
}
"""What to say of lines, by whether there are any, and whether there should be."""
BLOCKS = ('body', 'orelse', 'finalbody')
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

Statement = tuple[str, int]
"""A statement, written out without its layout, and its line."""


def header(node: ast.stmt) -> str:
    """Return the first line of a statement that has others in it."""
    shell = copy.copy(node)
    for name in BLOCKS:
        if hasattr(shell, name):
            setattr(shell, name, [])
    if isinstance(shell, ast.Try | ast.TryStar):
        shell.handlers = []
    return ast.unparse(shell)


def statements(body: Sequence[ast.stmt]) -> Iterator[Statement]:
    """Yield the statements in a block, but for definitions and imports."""
    for node in body:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_text or isinstance(node, (*DEFINITIONS, ast.Import, ast.ImportFrom)):
            continue
        if not hasattr(node, 'body'):
            yield ast.unparse(node), node.lineno
            continue
        yield header(node), node.lineno
        yield from statements(node.body)
        for handler in getattr(node, 'handlers', []):
            kind = ast.unparse(handler.type) if handler.type else ''
            yield f'except {kind}', handler.lineno
            yield from statements(handler.body)
        for name in BLOCKS[1:]:
            yield from statements(getattr(node, name, []))


def places(package: Package) -> dict[tuple[str, str], list[Statement]]:
    """Return the statements of each file, class and function, by its file and name."""
    found = {
        (file, ''): [*statements(tree.body)] for file, tree in package.trees.items()
    }
    for each in package.definitions:
        found.setdefault((each.file, each.name), []).extend(statements(each.node.body))
    return found  # A property and its setter have one name, and are one place.


def odd_lines(
    package: Package, reference: Package, earlier: Sequence[Package]
) -> Iterator[tuple[str, int, str, str]]:
    """Yield each line that isn't the chapter's: file, number, name, and what to say."""
    theirs, ours = places(package), places(reference)
    before = [places(old) for old in earlier[-1:]]
    found, count = [], 0
    for place, mine in theirs.items():
        texts = [text for text, _ in mine]
        meant = [text for text, _ in ours.get(place, mine)]
        old = [[text for text, _ in each.get(place, [])] for each in before]
        if texts == meant or texts in old:
            continue
        count += 1
        matcher = difflib.SequenceMatcher(None, texts, meant, autojunk=False)
        changes = [each for each in matcher.get_opcodes() if each[0] != 'equal']
        if len(changes) <= FEW_CHANGES and mine:
            _, start, end, first, last = changes[0]
            if max(end - start, last - first) <= FEW_LINES:
                file, name = place
                here = max(start - 1, 0) if start == end else start
                says = OTHERS if len(changes) > 1 else SAYS[end > start, last > first]
                if not start and says == SAYS[False, True]:
                    says = BEFORE
                whose = f"The chapter's `{name.rpartition('.')[2]}`"
                whose = whose if name else 'The chapter'
                found.append((file, mine[here][1], name, f'{whose} {says}'))
    if count <= FEW_PLACES:
        yield from found
