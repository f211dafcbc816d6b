"""What is wrong with a reader's code where a check fails: the line to fix, in words.

What failed says little about what is wrong: a missing `await` shows somewhere else, and
a method that slipped out of its class shows as a 405. So the reader's package is
compared with the snapshot of the step under way, by structure alone: none of it is run.
"""

import ast
import collections
import dataclasses
import difflib
import functools
import importlib
import importlib.util
import inspect
import itertools
import pathlib
import re
import types
from collections.abc import Iterator, Sequence

from workbook.layout import PACKAGE, Step, steps

from .compare import odd_lines
from .explain import LEFT_OPEN
from .runner import TOO_LONG, Check
from .structure import (
    OFTEN_PLAIN,
    RUNS_COROUTINES,
    Definition,
    Package,
    Route,
    dotted,
    snapshot,
)

GENERATOR = re.compile(r"'(async_)?generator' object does not support the .*context ")
"""Python's words for a context manager that lacks its decorator."""

COROUTINES = re.compile(
    r"coroutine|can't be used in 'await'|await|context manager protocol|"
    r'async_generator|is not awaitable|_asyncio\.Future|object Future'
)
"""The words of errors caused by an `await` or `async` too few, or too many."""
PLAIN_OF_CLIENTS = {'client', 'lock', 'monitor', 'pipeline', 'pubsub'}
"""The methods of a Redis client that aren't awaited."""
MAY_BE = ('other', 'differs', 'unused')
"""The kinds of findings that another way to write it would make as well."""
FEW = 4
"""How much a function may lack and still be taken for the chapter's."""
READ_ON = "If the chapter hasn't come to that, nothing is wrong: read on."
NEAR = 0.75
"""How alike two names must be for one to be a misspelling of the other."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something in the reader's code that can't be right: where, and what."""

    file: str
    line: int
    name: str
    """The class or function that it's in, or about, as in Images.on_post."""
    says: str
    kind: str = ''
    code: str = ''
    meant: tuple[str, str] = ('', '')
    """The file and the name that the chapter has for it, if they are others."""

    @property
    def about(self) -> tuple[str, str]:
        """The file and the name by which the book has it."""
        return self.meant if self.meant[0] else (self.file, self.name)

    @property
    def lines(self) -> list[str]:
        """The place, the line, and what is wrong with it."""
        if not self.line:
            return [self.says]
        inside = f', in {self.name.rpartition(".")[2]}' if self.name else ''
        code = [f'    {self.code}'] if self.code.strip() else []
        more = [READ_ON] if self.kind in ('unused', 'differs') else []
        return [f'{self.file}, line {self.line}{inside}:', *code, self.says, *more]


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """The cause of a failure, or what is lacking; and what of the book is about it."""

    lines: list[str] = dataclasses.field(default_factory=list)
    file: str = ''
    name: str = ''
    is_sure: bool = False
    """Whether it is the cause, so that a hint about anything else would mislead."""
    code: str = ''
    """The line of the file that the book shows, where that is less than a function."""


def found_at(package: Package, file: str, line: int, says: str, kind: str) -> Finding:
    """Return a finding about a line."""
    around = package.around(file, line)
    name = around.name if around else ''
    return Finding(file, line, name, says, kind, package.line(file, line))


def near(name: str, names: list[str], cutoff: float = NEAR) -> str:
    """Return the name that is most like another; nothing if none is."""
    return next(iter(difflib.get_close_matches(name, names, 1, cutoff)), '')


def importable(name: str) -> bool:
    """Return whether there is a module of that name, other than the reader's."""
    return name != PACKAGE and importlib.util.find_spec(name) is not None


@functools.cache
def resolved(name: str) -> object:
    """Return what a dotted name of a library stands for; None if there is no such."""
    found: object = None
    for index, part in enumerate(name.split('.')):
        try:
            if index == 0:
                found = importlib.import_module(part)
            elif isinstance(found, types.ModuleType) and not hasattr(found, part):
                found = importlib.import_module('.'.join(name.split('.')[: index + 1]))
            else:
                found = getattr(found, part)
        except Exception:
            return None
    return found


# Coroutines


def known_by_type(package: Package) -> dict[str, str]:
    """Return the classes of the package that variables are of, by their names."""
    found = {name.lower(): name for name in package.classes}
    for tree in package.trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.arg) and node.annotation:
                kind = dotted(node.annotation)
                if kind in package.classes:
                    found[node.arg.strip('_')] = kind
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                kind = dotted(node.value.func)
                if kind in package.classes:
                    for target in node.targets:
                        name = dotted(target).rpartition('.')[2]
                        found[name.strip('_')] = kind
    return found


class Coroutines:
    """Tells which calls in a package make a coroutine, and which of them are lost."""

    def __init__(self, package: Package, reference: Package) -> None:
        self._package, self._reference = package, reference
        self._types = known_by_type(package)

    @functools.cached_property
    def _awaited(self) -> tuple[set[str], set[str]]:
        """All that the snapshot awaits or enters with `async with`, by full name.

        Of a dotted name the last two parts count, so that `file.write` is one.
        """
        awaited, entered, plain = set(), set(), set()
        for file, call in self._reference.calls():
            name = self._reference.in_full(file, dotted(call.func))
            above = self._reference.parents.get(call)
            if isinstance(above, ast.withitem) and self._reference.is_awaited(call):
                entered.add(name)
            elif isinstance(above, ast.Await):
                awaited.add(name)
            else:
                plain.add(name)
        return awaited - plain, entered - plain

    @functools.cached_property
    def _clients(self) -> set[str]:
        """The names of what the package makes with `redis_from_url`."""
        found = set()
        for _, call in self._package.calls():
            above = self._package.parents.get(call)
            if dotted(call.func).rpartition('.')[2] == 'redis_from_url' and isinstance(
                above, ast.Assign
            ):
                found |= {dotted(each).rpartition('.')[2] for each in above.targets}
        return found - {''}

    def called(self, file: str, call: ast.Call) -> Definition | None:
        """Return which function of the package is called, if that's certain."""
        name = dotted(call.func)
        receiver, _, last = name.rpartition('.')
        own = self._package.by_place
        if not receiver:
            here = own.get((file, last))
            others = [each for each in self._package.definitions if each.name == last]
            return here or next(iter(others), None)
        if receiver == 'self':
            around = self._package.around(file, call.lineno)
            kind = around.name.partition('.')[0] if around else ''
        else:
            known = receiver.rpartition('.')[2].strip('_')
            kind = self._types.get(known, '')
        if kind in self._package.classes:
            return own.get((self._package.classes[kind].file, f'{kind}.{last}'))
        return own.get((f'{PACKAGE}/{receiver}.py', last))

    def makes_one(self, file: str, call: ast.Call) -> bool:
        """Return whether a call makes something that has to be awaited."""
        if definition := self.called(file, call):
            return definition.is_async
        name = self._package.in_full(file, dotted(call.func))
        awaited, _ = self._awaited
        if name in awaited:
            return True
        first = name.partition('.')[0]
        receiver, _, method = name.rpartition('.')
        if receiver.rpartition('.')[2] in self._clients:
            return method not in PLAIN_OF_CLIENTS
        if '.' in name and importable(first):
            return inspect.iscoroutinefunction(resolved(name))
        last = name.rpartition('.')[2]
        known = {each.rpartition('.')[2] for each in awaited if '.' in each}
        if last in known and last not in OFTEN_PLAIN and '.' in name:
            return True
        return '.'.join(name.split('.')[-2:]) in {
            '.'.join(each.split('.')[-2:]) for each in awaited if each.count('.')
        } and not name.startswith('().')

    def enters(self, file: str, call: ast.Call) -> bool:
        """Return whether a call makes something to be entered with `async with`."""
        name = self._package.in_full(file, dotted(call.func))
        return name in self._awaited[1]

    def is_lost(self, call: ast.expr) -> bool:
        """Return whether what a call makes is used as if it were what comes of it."""
        package = self._package
        if isinstance(call, ast.Call) and package.is_awaited(call):
            return False
        above = package.parents.get(call)
        while isinstance(above, ast.IfExp) and call is not above.test:
            call, above = above, package.parents.get(above)
        match above:
            case ast.Expr() | ast.Attribute() | ast.Subscript() | ast.BinOp():
                return True
            case ast.Compare() | ast.BoolOp() | ast.Assert() | ast.FormattedValue():
                return True
            case ast.Assign() | ast.AnnAssign() | ast.NamedExpr():
                return not self.is_run_later(call, above)
            case ast.Return():
                function = package.function_of(call)
                return isinstance(function, ast.AsyncFunctionDef)
            case ast.Call():
                last = dotted(above.func).rpartition('.')[2]
                return call in above.args and last not in RUNS_COROUTINES
            case ast.If() | ast.While() | ast.IfExp():
                return call is above.test
            case ast.UnaryOp() | ast.withitem():
                return True
        return False

    def is_run_later(self, call: ast.AST, assigned: ast.AST) -> bool:
        """Return whether what a call made is awaited, or run, further below."""
        targets = getattr(assigned, 'targets', [getattr(assigned, 'target', None)])
        names = {dotted(target) for target in targets if target is not None}
        function = self._package.function_of(call)
        if '' in names or function is None:
            return isinstance(targets[0], ast.Subscript)
        for node in ast.walk(function):
            if isinstance(node, ast.Await) and dotted(node.value) in names:
                return True
            if isinstance(node, ast.withitem) and dotted(node.context_expr) in names:
                return True
            if isinstance(node, ast.Call):
                last = dotted(node.func).rpartition('.')[2]
                passed = [each for arg in node.args for each in ast.walk(arg)]
                if last in RUNS_COROUTINES and names & set(map(dotted, passed)):
                    return True
            if isinstance(node, ast.Return) and node.value is not None:
                plain = isinstance(function, ast.FunctionDef)
                if plain and dotted(node.value) in names:
                    return True
        return False

    def lost(self) -> Iterator[Finding]:
        """Yield the calls that lack an `await`, or are not entered as they should."""
        for file, call in self._package.calls():
            above = self._package.parents.get(call)
            plain = isinstance(above, ast.withitem) and not self._package.is_awaited(
                call
            )
            if plain and self.enters(file, call):
                says = (
                    f'`{ast.unparse(call)}` is entered with `async with`: put `async` '
                    'before `with`.'
                )
                yield found_at(self._package, file, call.lineno, says, 'await')
            elif self.makes_one(file, call) and self.is_lost(call):
                yield found_at(
                    self._package, file, call.lineno, self.advice(call), 'await'
                )
            elif (
                isinstance(above, ast.Await)
                and (definition := self.called(file, call))
                and not definition.is_class
                and not definition.is_async
            ):
                yield from self.needless(file, call, definition)

    def advice(self, call: ast.Call) -> str:
        """Return what to do about a coroutine that is lost."""
        short = f'`{dotted(call.func).removeprefix("().")}(...)`'
        function = self._package.function_of(call)
        if isinstance(function, ast.FunctionDef):
            return (
                f"{short} only creates a coroutine, which doesn't run until you await "
                f'it. An `await` is missing, and `{function.name}` has to be `async '
                'def` so that you can use one.'
            )
        if isinstance(self._package.parents.get(call), ast.Attribute):
            return (
                f'An `await` is missing: `{short[1:-1]}` creates a coroutine. Put it '
                'in parentheses: `(await ...)` comes before the dot.'
            )
        return (
            f'An `await` is missing: {short} only creates a coroutine, and `await` '
            'waits for its result.'
        )

    def needless(
        self, file: str, call: ast.Call, definition: Definition
    ) -> Iterator[Finding]:
        """Yield a plain function that is awaited, unless what it returns may be."""
        twin = self._reference.by_place.get((definition.file, definition.name))
        if twin is None:
            for node in ast.walk(definition.node):
                if isinstance(node, ast.Return) and isinstance(node.value, ast.Call):
                    return
        if twin is None or twin.is_async:
            yield plain_function(self._package, definition, 'it is awaited')
            return
        says = f'`{definition.last}` is a plain function: take the `await` out.'
        yield found_at(self._package, file, call.lineno, says, 'await')


def plain_function(package: Package, definition: Definition, why: str) -> Finding:
    """Return that a function lacks its `async`."""
    says = f'`async` is missing: {why}, so begin it with `async def {definition.last}`.'
    code = package.line(definition.file, definition.line)
    return Finding(
        definition.file, definition.line, definition.name, says, 'await', code
    )


RESPONDER = re.compile(r'on_(get|post|put|patch|delete|head|options|websocket)(_|$)')


def not_async(
    package: Package, reference: Package, earlier: Sequence[Package] = ()
) -> Iterator[Finding]:
    """Yield the functions that Falcon awaits, or the snapshot does, and are plain.

    And those that shouldn't be coroutines. One that is as in a snapshot before may not
    have changed yet: then only the calls of it tell whether that's right.
    """
    handlers = {
        dotted(call.args[1]).rpartition('.')[2]
        for _, call in package.calls()
        if dotted(call.func).endswith('.add_error_handler') and len(call.args) > 1
    }
    calls = Coroutines(package, reference)
    awaited = [
        calls.called(file, call)
        for file, call in package.calls()
        if package.is_awaited(call)
    ]
    for each in package.definitions:
        if each.is_class:
            continue
        twin = reference.by_place.get((each.file, each.name))
        before = [other.by_place.get((each.file, each.name)) for other in earlier]
        if twin and any(old and old.is_async == each.is_async for old in before):
            twin = None
        if each.is_async:
            plain = twin and not (twin.is_async or twin.is_class)
            if plain and each not in awaited:
                says = (
                    f"`async` doesn't belong here: nothing awaits `{each.last}`, so "
                    f'begin it with `def {each.last}`.'
                )
                code = package.line(each.file, each.line)
                yield Finding(each.file, each.line, each.name, says, 'await', code)
            continue
        if each.inside == 'class' and RESPONDER.match(each.last):
            yield plain_function(package, each, 'every responder is a coroutine')
        elif each.inside == 'class' and re.match(
            r'process_(startup|shutdown|request|resource|response|.*_ws)$', each.last
        ):
            yield plain_function(
                package, each, 'every method of a middleware is a coroutine'
            )
        elif each.last in handlers and not each.inside:
            yield plain_function(package, each, 'an error handler is a coroutine')
        elif twin and twin.is_async:
            yield plain_function(package, each, 'it is awaited')


# Names and places


def unreachable(package: Package) -> Iterator[Finding]:
    """Yield the lines that come after one that always leaves."""
    ends = (ast.Return, ast.Raise, ast.Continue, ast.Break)
    for file, tree in package.trees.items():
        for node in ast.walk(tree):
            for _, block in ast.iter_fields(node):
                if not isinstance(block, list):
                    continue
                for before, after in itertools.pairwise(block):
                    if isinstance(before, ends) and isinstance(after, ast.stmt):
                        word = type(before).__name__.lower()
                        says = (
                            f'This never runs: the `{word}` in line {before.lineno} '
                            'ends the function. Put it above that.'
                        )
                        yield found_at(package, file, after.lineno, says, 'unreachable')


def defined_twice(package: Package) -> Iterator[Finding]:
    """Yield the functions that replace another one of the same name."""
    seen: dict[tuple[str, str], Definition] = {}
    for each in package.definitions:
        place = (each.file, each.name)
        before = seen.setdefault(place, each)
        if before is each or each.is_class or getattr(each.node, 'decorator_list', []):
            continue
        if package.parents.get(before.node) is package.parents.get(each.node):
            owner = f'The class `{each.owner}`' if each.owner else each.file
            says = (
                f'{owner} has two functions called `{each.last}`: this one replaces '
                f'the one in line {before.line}.'
            )
            code = package.line(each.file, each.line)
            yield Finding(each.file, each.line, each.name, says, 'twice', code)


def no_such_name(package: Package) -> Iterator[Finding]:
    """Yield the names that a library doesn't have."""
    for file, node, name in package.uses():
        if name.startswith(PACKAGE):
            continue
        parts = name.split('.')
        value: object = None
        for index, part in enumerate(parts):
            try:
                if index == 0:
                    value = importlib.import_module(part)
                    continue
                if isinstance(value, types.ModuleType) and not hasattr(value, part):
                    importlib.import_module('.'.join(parts[: index + 1]))
                value = getattr(value, part)
            except Exception as error:
                if isinstance(value, types.ModuleType) and isinstance(
                    error, AttributeError | ImportError
                ):
                    so_far = '.'.join(parts[:index])
                    right = near(part, dir(value))
                    advice = f' Do you mean `{right}`?' if right else ''
                    says = f'`{so_far}` has no `{part}`.{advice}'
                    yield found_at(package, file, node.lineno, says, 'name')
                break
            if not isinstance(value, types.ModuleType):
                break


def other_name(package: Package, reference: Package) -> Iterator[Finding]:
    """Yield names such as falcon.App where the snapshot has falcon.asgi.App."""
    ours = {name for _, _, name in reference.uses()}
    ours |= {name for names in reference.imported.values() for name in names.values()}
    for file, node, name in package.uses():
        if name in ours or any(each.startswith(f'{name}.') for each in ours):
            continue
        first, last = name.partition('.')[0], name.rpartition('.')[2]
        twins = [
            each
            for each in ours
            if each.partition('.')[0] == first and each.rpartition('.')[2] == last
        ]
        if len(twins) == 1:
            says = f'This is `{name}`; the chapter uses `{twins[0]}`.'
            yield found_at(package, file, node.lineno, says, 'other')


def whereabouts(package: Package, wanted: Definition) -> Finding | None:
    """Return where something is that isn't where it belongs, if it is anywhere."""
    for each in package.definitions:
        if each.last != wanted.last or each.is_class != wanted.is_class:
            continue
        if (each.file, each.name) == (wanted.file, wanted.name):
            return None
        if each.file == wanted.file and each.name == wanted.name:
            return None
        return Finding(
            each.file,
            each.line,
            each.name,
            misplaced(each, wanted),
            'place',
            package.line(each.file, each.line),
            (wanted.file, wanted.name),
        )
    return None


def misplaced(there: Definition, wanted: Definition) -> str:
    """Return what to do with something that is in the wrong place."""
    name, place = f'`{wanted.last}`', f'the class `{wanted.owner}`'
    if there.file == wanted.file and not there.owner:
        return (
            f'{name} is not in {place}: `{wanted.owner}` has no {name}. Indent it by '
            'four spaces, and put it into the class.'
        )
    if there.file == wanted.file and not wanted.owner:
        kind = 'class' if there.inside == 'class' else 'function'
        return (
            f'{name} is inside the {kind} `{there.owner}`, but belongs outside it: '
            'move it to the left margin.'
        )
    if there.file == wanted.file:
        kind = 'class' if there.inside == 'class' else 'function'
        return (
            f'{name} is in the {kind} `{there.owner}`, but belongs in {place}: '
            f'`{wanted.owner}` has no {name}.'
        )
    if wanted.owner:
        return (
            f'{name} is in {there.file}, but belongs in {wanted.file}, in {place}: '
            f'`{wanted.owner}` has no {name}.'
        )
    return f'{name} is in {there.file}, but belongs in {wanted.file}.'


def misspelled(package: Package, wanted: Definition, reference: Package) -> str:
    """Return what a reader's definition is called that should be called otherwise."""
    theirs = [
        each.last
        for each in package.definitions
        if each.file == wanted.file
        and each.owner == wanted.owner
        and each.is_class == wanted.is_class
        and (each.file, each.name) not in reference.by_place
    ]
    return near(wanted.last, theirs)


def out_of_place(package: Package, reference: Package) -> Iterator[Finding]:
    """Yield what is in another place, or has another name, than in the snapshot."""
    for wanted in reference.definitions:
        if (wanted.file, wanted.name) in package.by_place:
            continue
        if name := misspelled(package, wanted, reference):
            owner = f'{wanted.owner}.' if wanted.owner else ''
            there = package.by_place[wanted.file, f'{owner}{name}']
            says = f'`{name}` should be called `{wanted.last}`.'
            yield Finding(
                there.file,
                there.line,
                there.name,
                says,
                'spelling',
                package.line(there.file, there.line),
                (wanted.file, wanted.name),
            )
        elif (found := whereabouts(package, wanted)) and (
            found.file,
            found.name,
        ) not in reference.by_place:
            yield found


def names_used(package: Package) -> Iterator[tuple[str, str, ast.AST]]:
    """Yield the names that code uses, each with its file and where it is used."""
    for file, tree in package.trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                yield node.id, file, node
            elif isinstance(node, ast.Attribute):
                yield node.attr, file, node


def never_used(package: Package, reference: Package) -> Iterator[Finding]:
    """Yield the functions that use another one in the snapshot, and that nobody uses.

    The other one is there: only the line that calls it, or passes it on, is missing.
    """
    used = {name for name, _, _ in names_used(package)}
    idle = {
        each.last
        for each in package.definitions
        if each.last not in used and (each.file, each.name) in reference.by_place
    }
    for name, file, node in names_used(reference):
        function = reference.function_of(node) if name in idle else None
        user = function and reference.around(file, function.lineno)
        here = user and package.by_place.get((file, user.name))
        if here:
            idle.remove(name)
            says = f"Nothing uses `{name}` yet: the chapter's `{here.last}` does."
            code = package.line(file, here.line)
            yield Finding(file, here.line, here.name, says, 'unused', code)


SIGNS = {'Eq': '==', 'NotEq': '!=', 'Lt': '<', 'LtE': '<=', 'Gt': '>', 'GtE': '>='}
"""The comparisons that are easily taken for each other."""


def parts_of(function: ast.AST) -> collections.Counter[str]:
    """Return what a function is made of: its calls, with their options, and signs."""
    found: collections.Counter[str] = collections.Counter()
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            name = dotted(node.func).rpartition('.')[2]
            handled = name == 'add_error_handler' and node.args
            what = f'{ast.unparse(node.args[0])}, ...' if handled else '...'
            found[f'{name}({what})'] += 1
            found.update(f'{each.arg}=...' for each in node.keywords if each.arg)
        elif isinstance(node, ast.Attribute):
            found[node.attr] += 1
        elif isinstance(node, ast.Compare):
            names = [type(each).__name__ for each in node.ops]
            found.update(SIGNS[name] for name in names if name in SIGNS)
    return found


def left_out(
    package: Package, reference: Package, earlier: Sequence[Package]
) -> Iterator[Finding]:
    """Yield the functions that are the snapshot's but for a call, an option, or a sign.

    One that is as in a snapshot before has not been changed yet. Those that lack what
    isn't defined yet come last.
    """
    defined = {each.last for each in package.definitions}
    to_come = {each.last for each in reference.definitions} - defined
    waiting = []
    for there in package.definitions:
        place = (there.file, there.name)
        twin = reference.by_place.get(place)
        if there.is_class or twin is None or there.inside == 'function':
            continue
        ours, theirs = parts_of(twin.node), parts_of(there.node)
        lacks, more = [*(ours - theirs)], [*(theirs - ours)]
        before = [old.by_place[place] for old in earlier if place in old.by_place]
        if not lacks or any(parts_of(old.node) == theirs for old in before):
            continue
        whose = f"the chapter's `{there.last}`"
        if len(lacks) == len(more) == 1 and {*lacks, *more} <= {*SIGNS.values()}:
            says = f'This compares with `{more[0]}`; {whose} with `{lacks[0]}`.'
        elif more or len(lacks) > FEW:
            continue
        else:
            called = [each for each in lacks if each[-1] in ').']
            names = ' and '.join(f'`{each}`' for each in called or lacks)
            says = f'Something is missing: {whose} has {names} as well.'
        code = package.line(there.file, there.line)
        found = Finding(there.file, there.line, there.name, says, 'differs', code)
        if to_come.isdisjoint(each.partition('(')[0] for each in lacks):
            yield found
        else:
            waiting.append(found)
    yield from waiting


def wrong_files(package: Package, reference: Package) -> Iterator[Finding]:
    """Yield the files that should have another name."""
    unknown = [file for file in package.files if file not in reference.files]
    for file in reference.files:
        if file not in package.files and (other := near(file, unknown, 0.7)):
            says = f'There is {other}: it should be {file}.'
            yield Finding(other, 0, '', says, 'file', meant=(file, ''))


# What is not there yet


def lacking(package: Package, reference: Package) -> list[str]:
    """Return what the snapshot has and the reader's package doesn't have yet."""
    found = [file for file in reference.files if file not in package.files]
    for each in reference.definitions:
        known = (each.file, each.name) in package.by_place
        if known or each.file in found or each.owner in found:
            continue
        if each.inside == 'function' or each.name in found:
            continue
        found.append(each.name)
    there = {(name, first) for name, first in package.settings}
    for name, first in reference.settings:
        if (name, first) not in there:
            call = f'`{name}{first}`' if name[-1] == '=' else f'`{name}({first}, ...)`'
            found.append(call.replace(', ...', '') if name[:3] == 'set' else call)
    shapes = {route.shape for route in package.routes}
    found += [
        f'the route `{route.template}`'
        for route in reference.routes
        if route.shape not in shapes
    ]
    return found


# Requests


def route_for(package: Package, path: str) -> Route | None:
    """Return the route that answers a path, one without fields first."""
    routes = sorted(package.routes, key=lambda route: '{' in route.template)
    return next((route for route in routes if route.matches(path)), None)


class Doctor:
    """Tells why checks of a reader's folder fail."""

    def __init__(self, folder: pathlib.Path, step: Step) -> None:
        self.package = Package(folder)
        self.reference = snapshot(step.snapshot)
        self.step = step

    @functools.cached_property
    def earlier(self) -> list[Package]:
        """The snapshots of the steps before."""
        return [snapshot(step.snapshot) for step in self.step.before]

    @functools.cached_property
    def about_coroutines(self) -> list[Finding]:
        """All that is wrong with `async` and `await`: definitions, then calls."""
        calls = Coroutines(self.package, self.reference).lost()
        found = [*not_async(self.package, self.reference, self.earlier), *calls]
        return list({(each.file, each.line): each for each in found}.values())

    @functools.cached_property
    def about_names(self) -> list[Finding]:
        """All that a library or the package doesn't have, or has elsewhere."""
        return [
            *wrong_files(self.package, self.reference),
            *no_such_name(self.package),
            *(each for each in self.displaced if not self.is_to_be_moved(each)),
            *unreachable(self.package),
            *defined_twice(self.package),
        ]

    @functools.cached_property
    def displaced(self) -> list[Finding]:
        """All that is in another place, or has another name, than in the snapshot."""
        return list(out_of_place(self.package, self.reference))

    def is_to_be_moved(self, found: Finding) -> bool:
        """Return whether something is where the step before had it."""
        before = self.earlier[-1].by_place if self.earlier else {}
        return (found.file, found.name) in before

    @functools.cached_property
    def about_others(self) -> list[Finding]:
        """Possible causes: the places where the chapter has something else."""
        return [
            *other_name(self.package, self.reference),
            *left_out(self.package, self.reference, self.earlier),
            *never_used(self.package, self.reference),
            *self.about_lines,
        ]

    @functools.cached_property
    def about_lines(self) -> list[Finding]:
        """The lines that aren't the chapter's, if they are few."""
        return [
            Finding(file, line, name, says, 'differs', self.package.line(file, line))
            for file, line, name, says in odd_lines(
                self.package, self.reference, self.earlier
            )
        ]

    def of(self, check: Check) -> Diagnosis:
        """Return why a check failed, as far as we know."""
        said = ' '.join([check.error, *check.lines])
        place = self.place_of(check)
        if generator := GENERATOR.search(said):
            return Diagnosis(
                [
                    'This line enters a generator. '
                    f'`@contextlib.{"async" * bool(generator[1])}contextmanager` is '
                    'missing above the function that makes it.'
                ],
                *place,
                is_sure=True,
            )
        if COROUTINES.search(said) and (found := self.coroutine(check, said)):
            return found
        if check.fatal:
            return Diagnosis()
        if LEFT_OPEN in check.lines:
            return self.left_open()
        if found := self.by_name(check) or self.at_place(check):
            return found
        if found := self.by_request(check):
            return found
        findings = [*self.about_coroutines, *self.about_names, *self.about_others]
        if findings and not (check.missing and not check.at_import):
            first = findings[0]
            lacks = self.not_there_yet(check)
            if first.kind in ('differs', 'unused') and lacks:
                return Diagnosis(lacks, *place)
            hangs = TOO_LONG in check.lines and not self.lacks(self.step)
            is_sure = first.kind not in MAY_BE or hangs
            is_sure = is_sure or (first.kind == 'other' and bool(check.error))
            return Diagnosis(first.lines, *first.about, is_sure)
        if COROUTINES.search(check.error):
            line = (
                'An `await` or an `async` is missing, in this line or where it leads.'
            )
            return Diagnosis([line] if check.place else [], *place, is_sure=True)
        if check.is_slip and not check.missing:
            return Diagnosis([], *place, is_sure=True)
        return Diagnosis(self.not_there_yet(check), *place)

    def of_coroutines(self, check: Check) -> Diagnosis:
        """Return which `await` or `async` is missing, where a check fails by that."""
        said = ' '.join([check.error, *check.lines])
        found = self.coroutine(check, said) if COROUTINES.search(said) else None
        return found or Diagnosis()

    def left_open(self) -> Diagnosis:
        """Return who should have closed a connection."""
        name = 'process_shutdown'
        closing = [
            each
            for each in self.reference.definitions
            if each.last == name and 'close()' in ast.unparse(each.node)
        ]
        theirs = {each.name for each in self.package.definitions}
        for ours in closing:
            if ours.name not in theirs:
                line = f'`{ours.owner}` has no `{name}`, which closes the connections.'
                return Diagnosis([line, READ_ON], ours.file, ours.name, is_sure=True)
            there = self.package.by_place.get((ours.file, ours.name))
            if there and 'close()' not in ast.unparse(there.node):
                line = f"`{ours.name}` leaves connections open: the chapter's doesn't."
                return Diagnosis([line, READ_ON], ours.file, ours.name, is_sure=True)
        ours = closing[0]
        line = (
            f'`{name}` closes the connections that it finds. Does it await `aclose()` '
            'of each, and is each put back to where it looks?'
        )
        return Diagnosis([line], ours.file, ours.name, is_sure=True)

    def not_there_yet(self, check: Check) -> list[str]:
        """Return what the check's step still lacks, if that may be the reason."""
        if check.of_suite:
            return self.suite_lags()
        [own] = [step for step in steps() if step.number == check.step] or [self.step]
        if check.missing or check.step < self.step.number:
            return []
        return self.lacks(own)

    def lacks(self, step: Step) -> list[str]:
        """Return what of a step's package isn't there."""
        names = lacking(self.package, snapshot(step.snapshot))
        if not names:
            return []
        few = ', '.join(names[:4])
        more = f' and {len(names) - 4} more' if len(names) > 4 else ''
        return [f'Not there yet, of step {step.number}: {few}{more}.', READ_ON]

    def incomplete(self) -> set[str]:
        """Return the files that lack something of the step's."""
        ours, theirs = self.reference, self.package
        there = {route.shape for route in theirs.routes}
        return {
            *(file for file, _ in ours.by_place.keys() - theirs.by_place.keys()),
            *(
                ours.settings[it][0]
                for it in ours.settings.keys() - theirs.settings.keys()
            ),
            *(route.file for route in ours.routes if route.shape not in there),
        }

    def suite_lags(self) -> list[str]:
        """Return what the reader's own tests wait for, or don't know of yet."""
        if found := self.lacks(self.step):
            files = ' and '.join(sorted(self.incomplete()))
            return [f'Your tests may need more of {files}.', *found]
        if not self.step.before:
            return []
        theirs = Package(self.package.folder, 'tests')
        before = snapshot(self.step.before[-1].snapshot, 'tests')
        ours = snapshot(self.step.snapshot, 'tests')
        for file, name in before.by_place:
            if is_to_be_changed(theirs, before, ours, file, name):
                return to_be_changed(f'{file}::{name}')
        return []

    def place_of(self, check: Check) -> tuple[str, str]:
        """Return the file and the function of the reader's that a check failed in."""
        match = re.match(r'(\S+), line (\d+)', check.place)
        if not match:
            return '', ''
        around = self.package.around(match[1], int(match[2]))
        return match[1], around.name if around else ''

    def coroutine(self, check: Check, said: str) -> Diagnosis | None:
        """Return which `await` or `async` is missing where an error tells of one."""
        findings = self.about_coroutines
        named = re.search(r"coroutine '(?:[\w.]*\.)?(\w+)' was never", said)
        if named:
            findings = sorted(findings, key=lambda each: named[1] not in each.says)
        if place := self.line_of(check):
            findings = sorted(
                findings, key=lambda each: (each.file, each.line) != place
            )
        if not findings:
            return None
        first = findings[0]
        return Diagnosis(first.lines, *first.about, is_sure=True)

    def line_of(self, check: Check) -> tuple[str, int] | None:
        """Return the file and the line that a check failed in."""
        match = re.match(r'(\S+), line (\d+)', check.place)
        return (match[1], int(match[2])) if match else None

    def at_place(self, check: Check) -> Diagnosis | None:
        """Return what is wrong in the line in which a check failed."""
        place = self.line_of(check)
        for each in [*self.about_names, *self.about_coroutines]:
            if place == (each.file, each.line):
                return Diagnosis(each.lines[-1:], *each.about, is_sure=True)
        return None

    def by_name(self, check: Check) -> Diagnosis | None:
        """Return what is wrong with a name that wasn't found."""
        name = check.missing_name.rpartition('.')[2]
        if not name:
            return None
        for each in [*self.about_names, *self.displaced]:
            words = re.findall(r'\w+', each.says)
            if name in words or f'{name}.py' in each.says:
                return Diagnosis(each.lines, *each.about, is_sure=True)
        wanted = [each for each in self.reference.definitions if each.last == name]
        if wanted:
            first = wanted[0]
            there = (first.file, first.name) in self.package.by_place
            return None if there else Diagnosis([], first.file, first.name)
        if f'{PACKAGE}/{name}.py' in self.reference.files:
            return Diagnosis([], f'{PACKAGE}/{name}.py', '')
        known = {each.last for each in self.package.definitions}
        known |= {each.last for each in self.reference.definitions}
        if right := near(name, sorted(known)):
            place = self.place_of(check)
            line = f'There is no `{name}`. Do you mean `{right}`?'
            return Diagnosis([line], *place, is_sure=True)
        return None

    def by_request(self, check: Check) -> Diagnosis | None:
        """Return what a request lacks: a route, a responder, or neither."""
        if not check.path or check.at_import or check.status == check.expected:
            return None
        if check.expected == 404:
            return self.needless_route(check.path)
        if check.status not in (404, 405):
            return None
        meant = route_for(self.reference, check.path)
        wanted = self.reference.classes.get(meant.kind) if meant else None
        if meant is None or wanted is None:
            return None
        route = route_for(self.package, check.path)
        if route is None:
            return self.no_route(meant) if check.expected else None
        name = meant.responder(check.method)
        twin = self.reference.by_place.get((wanted.file, f'{meant.kind}.{name}'))
        kind = route.kind if route.kind in self.package.classes else meant.kind
        there = self.package.classes.get(kind)
        if there is None:
            return None
        responder = route.responder(check.method)
        own = self.package.by_place.get((there.file, f'{kind}.{responder}'))
        if own is None and twin is not None:
            return self.no_responder(twin, kind, responder)
        if check.status == 404 and check.expected and own is not None:
            line = (
                f'The route is there: it is `{kind}.{responder}` that answers 404 '
                f'({own.file}, line {own.line}).'
            )
            if len(self.about_lines) == 1:
                [other] = self.about_lines
                return Diagnosis([line, *other.lines], *other.about)
            return Diagnosis([line], own.file, own.name)
        return None

    def needless_route(self, path: str) -> Diagnosis | None:
        """Return the route that answers where nothing should, if it is the reader's."""
        route = route_for(self.package, path)
        if route is None or route_for(self.reference, path):
            return None
        says = f"The route `{route.template}` isn't in any chapter now: remove it."
        found = found_at(self.package, route.file, route.line, says, 'route')
        return Diagnosis(found.lines, *found.about, is_sure=True)

    def no_responder(self, twin: Definition, kind: str, responder: str) -> Diagnosis:
        """Return that a resource lacks a method, and where it may have gone."""
        line = f'`{kind}` has no `{responder}`.'
        for each in self.about_names:
            if each.kind in ('place', 'spelling') and twin.last in each.says:
                return Diagnosis(
                    [line, *each.lines], twin.file, twin.name, is_sure=True
                )
        return Diagnosis([line, READ_ON], twin.file, twin.name, is_sure=True)

    def no_route(self, meant: Route) -> Diagnosis:
        """Return that a route is missing, or is spelled otherwise."""
        around = self.reference.around(meant.file, meant.line)
        name = around.name if around else ''
        for each in unreachable(self.package):
            if 'add_route' in each.code:
                return Diagnosis(each.lines, *each.about, is_sure=True)
        shapes = {route.shape: route for route in self.package.routes}
        ours = {route.shape for route in self.reference.routes}
        other = near(meant.shape, [shape for shape in shapes if shape not in ours])
        if other:
            route = shapes[other]
            finding = found_at(
                self.package,
                route.file,
                route.line,
                f'The route should be `{meant.template}`.',
                'route',
            )
            return Diagnosis(finding.lines, meant.file, name, is_sure=True)
        suffix = f', suffix={meant.suffix!r}' if meant.suffix else ''
        line = (
            f'There is no route for it: `{name or meant.file}` needs '
            f"`app.add_route('{meant.template}', ...{suffix})`."
        )
        there = self.reference.classes.get(meant.kind)
        if there and meant.kind not in self.package.classes:
            line = f'There is no class `{meant.kind}` yet, and no route to it.'
            return Diagnosis([line, READ_ON], there.file, there.name, is_sure=True)
        code = self.reference.line(meant.file, meant.line)
        return Diagnosis([line, READ_ON], meant.file, name, True, code)

    def in_what_is_there(self) -> list[str]:
        """Return what can't be right whatever comes next: a name, an `await`."""
        for each in [*self.about_coroutines, *self.about_names]:
            certain = each.kind in ('name', 'await', 'unreachable')
            if certain and not self.is_to_be_changed(each.file, each.name):
                return each.lines
        return []

    def is_to_be_changed(self, file: str, name: str) -> bool:
        """Return whether a function is still the earlier step's, and not this one's."""
        return bool(self.earlier) and is_to_be_changed(
            self.package, self.earlier[-1], self.reference, file, name
        )


def is_to_be_changed(
    theirs: Package, before: Package, ours: Package, file: str, name: str
) -> bool:
    """Return whether a function is as it was, and the chapter changes it."""
    found = [each.by_place.get((file, name)) for each in (theirs, before, ours)]
    if not all(found):
        return False
    now, then, meant = [ast.dump(each.node) for each in found if each]
    return now == then != meant


def to_be_changed(name: str) -> list[str]:
    """Return what to say of a function that is as it was, and is to change."""
    return [f'`{name}` is still as it was in the chapter before.', READ_ON]


def parts_typed(folder: pathlib.Path, step: Step) -> tuple[int, int]:
    """Return how many of a step's new classes and functions are there, of how many."""
    ours = snapshot(step.snapshot).by_place
    before = snapshot(step.before[-1].snapshot).by_place if step.before else {}
    new = [place for place in ours if place not in before]
    theirs = Package(folder).by_place
    return sum(place in theirs for place in new), len(new)
