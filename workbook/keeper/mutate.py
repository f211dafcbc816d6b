"""Leave out the lines that a step adds, one at a time: a check must notice each.

    python -m workbook.keeper.mutate STEP [FILE ...]

Whoever forgets a line, or gets a condition wrong, must not be told that the step is
done. So each statement is left out, each condition is made always true and always
false, and each named argument is left out, in a copy of the snapshot; the step's checks
are run on it, and those before it. The mutants that no check notices are printed.
"""

import ast
import concurrent.futures
import copy
import dataclasses
import os
import pathlib
import sys
import tempfile
from collections.abc import Iterator

from workbook.layout import PACKAGE, Step, copy_tree, steps
from workbook.reader.check import runner
from workbook.reader.check.runner import Check

LEFT_OUT = (
    ast.Expr, ast.Assign, ast.AugAssign, ast.Return, ast.Raise, ast.AnnAssign,
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A file with one thing changed: where, and what."""

    file: str
    line: int
    what: str
    text: str


def is_docstring(node: ast.AST) -> bool:
    """Return whether a statement is a text and nothing more."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def fresh_lines(step: Step, file: str) -> set[int]:
    """Return the lines of a file that the step before doesn't have."""
    before = set[str]()
    for other in step.before[-1:]:
        path = other.snapshot / file
        if path.is_file():
            before = set(path.read_text(encoding='utf-8').splitlines())
    lines = (step.snapshot / file).read_text(encoding='utf-8').splitlines()
    return {number for number, line in enumerate(lines, 1) if line not in before}


def changed(tree: ast.Module, index: int, change: ast.AST) -> str:
    """Return the code with one piece, by its place in the tree, replaced."""
    fresh = copy.deepcopy(tree)
    wanted = list(ast.walk(fresh))[index]
    for node in ast.walk(fresh):
        for name, value in ast.iter_fields(node):
            if value is wanted:
                setattr(node, name, change)
            elif isinstance(value, list) and wanted in value:
                value[value.index(wanted)] = change
    return ast.unparse(ast.fix_missing_locations(fresh))


def without_argument(tree: ast.Module, index: int, place: int) -> str:
    """Return the code with a named argument of a call left out."""
    fresh = copy.deepcopy(tree)
    call = list(ast.walk(fresh))[index]
    if isinstance(call, ast.Call):
        del call.keywords[place]
    return ast.unparse(fresh)


def mutants(step: Step, file: str) -> Iterator[Mutant]:
    """Yield the mutants of a file, of what the step adds to it."""
    tree = ast.parse((step.snapshot / file).read_text(encoding='utf-8'))
    fresh = fresh_lines(step, file)
    for index, node in enumerate(ast.walk(tree)):
        line = getattr(node, 'lineno', 0)
        if not fresh & set(range(line, getattr(node, 'end_lineno', line) + 1)):
            continue
        short = ast.unparse(node).split('\n')[0][:70] if line else ''
        if isinstance(node, LEFT_OUT) and not is_docstring(node):
            if isinstance(node, ast.AnnAssign) and node.value is None:
                continue
            yield Mutant(
                file, line, f'without `{short}`', changed(tree, index, ast.Pass())
            )
        elif isinstance(node, ast.If | ast.While | ast.IfExp):
            tests = [each for each in enumerate(ast.walk(tree)) if each[1] is node.test]
            for value in (True, False):
                text = changed(tree, tests[0][0], ast.Constant(value))
                condition = ast.unparse(node.test)[:60]
                yield Mutant(file, line, f'`{condition}` is {value}', text)
        elif isinstance(node, ast.BoolOp):
            for part in node.values:
                text = changed(tree, index, part)
                yield Mutant(file, line, f'only `{ast.unparse(part)[:60]}`', text)
        elif isinstance(node, ast.Call):
            for place, option in enumerate(node.keywords):
                text = without_argument(tree, index, place)
                name = f'{option.arg} in `{short}`'
                yield Mutant(file, line, f'without {name}', text)


def fails(check: Check) -> bool:
    """Return whether a check failed: that is enough."""
    return check.outcome == 'failed'


def try_out(step: Step, mutant: Mutant) -> Check | None:
    """Return the check that notices a mutant, or None."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name, 'mutant')
        copy_tree(step.snapshot, folder)
        (folder / mutant.file).write_text(mutant.text, encoding='utf-8')
        for tested in [step, *step.before]:
            run = runner.run(
                folder, [tested.tests], enough=fails, workers=1, ahead=False
            )
            if run.first_wrong:
                return run.first_wrong
    return None


def main(arguments: list[str]) -> int:
    """Try all mutants of a step; print those that live, return whether any does."""
    number, *chosen = arguments
    [step] = [step for step in steps() if str(step.number) == number]
    files = [
        f'{PACKAGE}/{path.name}' for path in (step.snapshot / PACKAGE).glob('*.py')
    ]
    files = [file for file in sorted(files) if not chosen or file in chosen]
    tried = [mutant for file in files for mutant in mutants(step, file)]
    alive = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as executor:
        found = executor.map(lambda mutant: try_out(step, mutant), tried)
        for mutant, check in zip(tried, found, strict=True):
            if check is None:
                alive += 1
                print(f'{mutant.file}, line {mutant.line}: {mutant.what}', flush=True)
    print(f'Step {number}: {alive} of {len(tried)} mutants live.')
    return 1 if alive else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
