"""The structure of a package, read without running it: what is where, and how called.

The same is read from a reader's package and from a snapshot, to compare the two.
"""

import ast
import builtins
import contextlib
import dataclasses
import functools
import io
import pathlib
import re
from collections.abc import Iterator

import PIL.Image

from workbook.layout import PACKAGE

from .submission import parse

Function = ast.FunctionDef | ast.AsyncFunctionDef
FIELD = re.compile(r'\{[^}]*\}')
OFTEN_PLAIN = {
    name
    for kind in (str, bytes, dict, list, set, pathlib.Path, io.BytesIO, PIL.Image.Image)
    for name in dir(kind)
} | set(dir(builtins))
"""Names of methods that plain objects have too: alone, they tell nothing."""
RUNS_COROUTINES = {
    'gather', 'create_task', 'ensure_future', 'wait', 'wait_for', 'shield', 'run',
    'as_completed', 'run_until_complete', 'run_coroutine_threadsafe', 'append',
}  # fmt: skip
"""Functions that take a coroutine and have it run, or keep it for later."""


@dataclasses.dataclass(frozen=True)
class Definition:
    """A class or a function: where it is, and in what."""

    file: str
    name: str
    """With what it is in, as in Images.on_post."""
    node: ast.ClassDef | Function
    inside: str
    """What it is in: '', 'class' or 'function'."""

    @property
    def line(self) -> int:
        """The line it begins in."""
        return self.node.lineno

    @property
    def last(self) -> str:
        """The name alone."""
        return self.name.rpartition('.')[2]

    @property
    def owner(self) -> str:
        """The name of what it is in."""
        return self.name.rpartition('.')[0]

    @property
    def is_class(self) -> bool:
        """Whether it's a class."""
        return isinstance(self.node, ast.ClassDef)

    @property
    def is_async(self) -> bool:
        """Whether it's a coroutine function."""
        return isinstance(self.node, ast.AsyncFunctionDef)


@dataclasses.dataclass(frozen=True)
class Route:
    """A route: its template, the class of its resource, and its suffix."""

    file: str
    line: int
    template: str
    kind: str
    suffix: str

    @property
    def shape(self) -> str:
        """The template without what its fields are called."""
        return FIELD.sub('{}', self.template)

    def matches(self, path: str) -> bool:
        """Return whether a path is one that the route is meant for."""
        pattern = '.+'.join(re.escape(part) for part in FIELD.split(self.template))
        return re.fullmatch(pattern, path) is not None

    def responder(self, method: str) -> str:
        """Return the name of the method that answers."""
        suffix = f'_{self.suffix}' if self.suffix else ''
        return f'on_{method.lower()}{suffix}'


def dotted(node: ast.AST) -> str:
    """Return a name with its dots, as in aiofiles.os.stat; nothing for the rest."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f'{before}.{node.attr}' if before else f'().{node.attr}'
    return ''


def definitions_in(
    node: ast.AST, file: str, owner: str = '', inside: str = ''
) -> Iterator[Definition]:
    """Yield what is defined in a piece of code, however deep."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = f'{owner}.{child.name}' if owner else child.name
            yield Definition(file, name, child, inside)
            below = 'class' if isinstance(child, ast.ClassDef) else 'function'
            yield from definitions_in(child, file, name, below)
        else:
            yield from definitions_in(child, file, owner, inside)


class Package:
    """What can be read of the package in a folder: files with an error are left out.

    By its name, another folder of Python files can be read: that with the tests.
    """

    def __init__(self, folder: pathlib.Path, name: str = PACKAGE) -> None:
        self.folder = folder
        self.files: list[str] = []
        self.trees: dict[str, ast.Module] = {}
        self.lines: dict[str, list[str]] = {}
        for path in sorted((folder / name).glob('*.py')):
            file = f'{name}/{path.name}'
            self.files.append(file)
            with contextlib.suppress(OSError, SyntaxError, ValueError, RecursionError):
                text = path.read_text(encoding='utf-8')
                self.trees[file] = parse(text)
                self.lines[file] = text.splitlines()

    @functools.cached_property
    def definitions(self) -> list[Definition]:
        """All classes and functions."""
        return [
            found
            for file, tree in self.trees.items()
            for found in definitions_in(tree, file)
        ]

    @functools.cached_property
    def by_place(self) -> dict[tuple[str, str], Definition]:
        """All classes and functions, by the file and the name."""
        return {(each.file, each.name): each for each in self.definitions}

    @functools.cached_property
    def classes(self) -> dict[str, Definition]:
        """All classes, by their names."""
        return {each.name: each for each in self.definitions if each.is_class}

    @functools.cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The class or function around each piece of code."""
        return {
            child: node
            for tree in self.trees.values()
            for node in ast.walk(tree)
            for child in ast.iter_child_nodes(node)
        }

    def line(self, file: str, number: int) -> str:
        """Return a line, with its indentation."""
        lines = self.lines.get(file, [])
        return lines[number - 1] if 0 < number <= len(lines) else ''

    def around(self, file: str, line: int) -> Definition | None:
        """Return the innermost function or class that a line is in."""
        found = [
            each
            for each in self.definitions
            if each.file == file and each.line <= line <= (each.node.end_lineno or 0)
        ]
        return found[-1] if found else None

    def function_of(self, node: ast.AST) -> Function | None:
        """Return the function that a piece of code is in."""
        above = self.parents.get(node)
        while above is not None:
            if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
                return above
            above = self.parents.get(above)
        return None

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Yield all calls, each with its file."""
        for file, tree in self.trees.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.Call):
                    yield file, node

    def is_awaited(self, call: ast.Call) -> bool:
        """Return whether a call is awaited, or entered with `async with`."""
        above = self.parents.get(call)
        if isinstance(above, ast.Await):
            return True
        if isinstance(above, ast.withitem):
            return isinstance(self.parents.get(above), ast.AsyncWith)
        return isinstance(above, ast.AsyncFor | ast.comprehension)

    @functools.cached_property
    def routes(self) -> list[Route]:
        """The routes that are added with a template spelled out."""
        found = []
        for file, call in self.calls():
            if dotted(call.func).rpartition('.')[2] != 'add_route' or not call.args:
                continue
            template = call.args[0]
            if not isinstance(template, ast.Constant):
                continue
            options = {option.arg: option.value for option in call.keywords}
            suffix = options.get('suffix')
            resource = call.args[1] if len(call.args) > 1 else options.get('resource')
            found.append(
                Route(
                    file,
                    call.lineno,
                    str(template.value),
                    self.class_of(resource) if resource else '',
                    str(suffix.value) if isinstance(suffix, ast.Constant) else '',
                )
            )
        return found

    def class_of(self, node: ast.AST) -> str:
        """Return the class that an expression makes an object of, if it is plain."""
        if isinstance(node, ast.Call):
            return dotted(node.func).rpartition('.')[2]
        if isinstance(node, ast.Name):
            for tree in self.trees.values():
                for each in ast.walk(tree):
                    if isinstance(each, ast.Assign) and isinstance(
                        each.value, ast.Call
                    ):
                        targets = [dotted(target) for target in each.targets]
                        if node.id in targets:
                            return self.class_of(each.value)
        return ''

    @functools.cached_property
    def settings(self) -> dict[tuple[str, str], tuple[str, int]]:
        """The calls that set up the app, by the method and its arguments.

        As in ('add_error_handler', 'UnknownFormatError'). Routes are apart.
        """
        found = {}
        for file, call in self.calls():
            name = dotted(call.func).rpartition('.')[2]
            if re.match(r'(add|set)_(?!route$|header)', name) and call.args:
                first = ast.unparse(call.args[0])
                if isinstance(self.parents.get(call), ast.Expr):
                    found[name, first] = (file, call.lineno)
            if name == 'App':
                for option in call.keywords:
                    found[f'{option.arg}=', ast.unparse(option.value)] = (
                        file,
                        call.lineno,
                    )
        return found

    @functools.cached_property
    def imported(self) -> dict[str, dict[str, str]]:
        """The full names of everything that a file imports, by file."""
        found: dict[str, dict[str, str]] = {}
        for file, tree in self.trees.items():
            names = found.setdefault(file, {})
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    for alias in node.names:
                        if alias.asname:
                            names[alias.asname] = alias.name
                        else:
                            root = alias.name.partition('.')[0]
                            names[root] = root
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    for alias in node.names:
                        names[alias.asname or alias.name] = (
                            f'{node.module}.{alias.name}'
                        )
        return found

    def in_full(self, file: str, name: str) -> str:
        """Return a dotted name with its first part as it was imported."""
        first, dot, rest = name.partition('.')
        return f'{self.imported.get(file, {}).get(first, first)}{dot}{rest}'

    def uses(self) -> Iterator[tuple[str, ast.Attribute, str]]:
        """Yield the longest dotted names that begin with something imported."""
        for file, tree in self.trees.items():
            for node in ast.walk(tree):
                if not isinstance(node, ast.Attribute):
                    continue
                if isinstance(self.parents.get(node), ast.Attribute):
                    continue
                name = dotted(node)
                if name.partition('.')[0] in self.imported.get(file, {}):
                    yield file, node, self.in_full(file, name)


@functools.cache
def snapshot(folder: pathlib.Path, name: str = PACKAGE) -> Package:
    """Return a snapshot's package, or its tests, read once."""
    return Package(folder, name)
