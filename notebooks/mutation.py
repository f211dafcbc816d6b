"""Small changes to code, made one at a time, to see which of them a suite notices."""

import ast
import concurrent.futures
import contextlib
import copy
import dataclasses
import io
import json
import multiprocessing
import os
import pathlib
import queue
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))

from workbook.faults import Fault
from workbook.layout import copy_tree

PATIENCE = 30
"""How long the suite may take on one change, in seconds."""

WORKERS = 2

COVER = ['-p', 'pytest_cov', '--cov=asgilook', '--cov-branch', '--cov-report=json']
COVER += ['--cov-fail-under=0']
"""The options that make pytest report coverage, by line and by branch."""

SWAPPED = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.FloorDiv: ast.Mult,
}
"""Operators, each with the one that takes its place."""


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A module with one small change."""

    file: str
    line: int
    before: str
    after: str
    source: str = dataclasses.field(repr=False)

    def plant(self, folder: pathlib.Path) -> None:
        """Change the package in a folder."""
        path = folder / 'asgilook' / self.file
        path.write_text(self.source, encoding='utf-8')


def changed(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may take the place of a node."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in SWAPPED:
            yield _with(node, ops=[SWAPPED[type(operator)]()])
        case ast.BoolOp(op=operator) | ast.BinOp(op=operator) if (
            type(operator) in SWAPPED
        ):
            yield _with(node, op=SWAPPED[type(operator)]())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.Return(value=ast.Constant(value=None)):
            pass  # it returns None either way
        case ast.Return(value=ast.expr()):
            yield ast.Return()
        case ast.Raise():
            yield ast.Pass()
        case ast.Expr(value=ast.Call() | ast.Await()):
            yield ast.Pass()


def _with(node: ast.AST, **fields: Any) -> ast.AST:
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def mutants(path: pathlib.Path) -> list[Mutant]:
    """Return a module's mutants, in the order of its lines."""
    text = path.read_text(encoding='utf-8')
    found = []
    for index, original in enumerate(ast.walk(ast.parse(text))):
        for choice, _ in enumerate(changed(original)):
            tree = ast.parse(text)
            node = list(ast.walk(tree))[index]
            other = list(changed(node))[choice]
            source = ast.unparse(_Replace(node, other).visit(tree))
            before, after = ast.unparse(node), ast.unparse(other)
            found.append(Mutant(path.name, node.lineno, before, after, source))
    return sorted(found, key=lambda mutant: mutant.line)


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> Any:
        if node is self._old:
            return self._new
        return self.generic_visit(node)


class _Silenced(ast.NodeTransformer):
    """Takes the assertions out of tests."""

    def visit_Assert(self, node: ast.Assert) -> ast.Expr:
        """Put the value that was looked at in the place of the look."""
        return ast.Expr(node.test)


def read_suite(project: pathlib.Path, *paths: pathlib.Path) -> dict[str, str]:
    """Return the texts of a suite's files by their names, with a project's fixtures."""
    fixtures = project / 'tests' / 'conftest.py'
    texts = {path.name: path.read_text(encoding='utf-8') for path in [fixtures, *paths]}
    return {
        name if name == 'conftest.py' else f'test_{name.removeprefix("test_")}': text
        for name, text in texts.items()
    }


def silenced(suite: Mapping[str, str]) -> dict[str, str]:
    """Return a suite whose tests run as much as before, and look at nothing."""
    return {
        name: ast.unparse(_Silenced().visit(ast.parse(text)))
        if name.startswith('test_')
        else text
        for name, text in suite.items()
    }


def set_up(
    folder: pathlib.Path,
    suite: Mapping[str, str],
    project: pathlib.Path,
    change: Mutant | Fault | None = None,
) -> None:
    """Put a suite beside a project's package, changed or as it is.

    The suite is given as the texts of its files, by their names.
    """
    tests = folder / 'tests'
    tests.mkdir(parents=True)
    for name, text in suite.items():
        (tests / name).write_text(text, encoding='utf-8')
    shutil.copy(project / 'pyproject.toml', folder)
    package = project / 'asgilook'
    copy_tree(package, folder / 'asgilook')
    if change:
        change.plant(folder)


class Judge:
    """Runs suites on changed packages, in processes that last."""

    def __init__(self) -> None:
        self._benches: queue.Queue[_Bench] = queue.Queue()
        for _ in range(WORKERS):
            self._benches.put(_Bench())

    def __call__(
        self,
        suite: Mapping[str, str],
        project: pathlib.Path,
        changes: Sequence[Mutant | Fault | None],
    ) -> list[int | None]:
        """Run a suite on a project with each change; return what pytest ended with.

        It is None where the suite had to be stopped.
        """
        with tempfile.TemporaryDirectory() as name:

            def run(index: int) -> int | None:
                folder = pathlib.Path(name, str(index))
                set_up(folder, suite, project, changes[index])
                return self._run(folder)

            with concurrent.futures.ThreadPoolExecutor(WORKERS) as executor:
                return list(executor.map(run, range(len(changes))))

    def cover(
        self,
        suite: Mapping[str, str],
        project: pathlib.Path,
        change: Mutant | Fault | None = None,
        options: Sequence[str] = (),
    ) -> tuple[int | None, Any]:
        """Run a suite; return what pytest ended with, and coverage's report."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name, 'project')
            set_up(folder, suite, project, change)
            status = self._run(folder, *COVER, *options)
            report = (folder / 'coverage.json').read_text(encoding='utf-8')
            return status, json.loads(report)

    def _run(self, folder: pathlib.Path, *options: str) -> int | None:
        bench = self._benches.get()
        try:
            return bench.run(folder, *options)
        finally:
            self._benches.put(bench)


class _Bench:
    """A process that runs the suite time and again, and imports Falcon once."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context('spawn')
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other,), daemon=True)
        self._process.start()

    def run(self, folder: pathlib.Path, *options: str) -> int | None:
        self._pipe.send((str(folder), options))
        if self._pipe.poll(PATIENCE):
            status: int = self._pipe.recv()
            return status
        self._process.kill()
        self._process.join()
        self._start()
        return None


def _serve(pipe: Any) -> None:
    """Run the suite in each folder that is named, until this process is ended."""
    os.environ['PYTEST_DISABLE_PLUGIN_AUTOLOAD'] = '1'
    sys.dont_write_bytecode = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # this is for the notebook to hear
    import fakeredis.aioredis  # noqa: F401 - here it is imported once
    import falcon.testing  # noqa: F401
    import pytest

    quietly = ['-x', '-q', '-p', 'no:cacheprovider', '-p', 'no:unraisableexception']
    home = pathlib.Path.cwd()
    while job := _next(pipe):
        folder, options = job
        for name in list(sys.modules):
            if name.partition('.')[0] == 'asgilook' or name.startswith('test_'):
                del sys.modules[name]
        sys.modules.pop('conftest', None)
        sys.path.insert(0, folder)
        os.chdir(folder)
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            status = pytest.main([*quietly, '--assert=plain', *options, 'tests'])
        os.chdir(home)
        sys.path.remove(folder)
        pipe.send(int(status))


def _next(pipe: Any) -> tuple[str, list[str]] | None:
    try:
        job: tuple[str, list[str]] = pipe.recv()
    except EOFError:
        return None  # nobody is there any more to ask
    return job
