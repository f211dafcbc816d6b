"""Explains what went wrong in a check, in a reader's words."""

import builtins
import dataclasses
import difflib
import http
import importlib.metadata
import json
import linecache
import pathlib
import re
import sys
import traceback
import types
from collections.abc import Iterable
from typing import Any

from workbook.layout import PACKAGE, ROOT

CHECKS = [ROOT / 'tests', ROOT / 'exercises']
"""Where the checks are."""
SHORT = 200
"""How much of a value or of a body is shown, in characters."""
FEW = 3
"""How many differences between two collections are shown."""
LOGGED_ERROR = re.compile(
    r'[A-Za-z_][\w.]*(?:Error|Exception|Exit|Warning|\w)(?:: .*)?'
)
"""The line that ends a traceback."""
LOGGED_PLACE = re.compile(
    r'File "(?P<path>[^"]+)", line (?P<line>\d+), in (?P<name>\S+)'
)


@dataclasses.dataclass
class Request:
    """A request that a check made, and what came back, if anything did."""

    method: str
    path: str
    sent: int = 0
    status: str = ''
    media_type: str = ''
    content: bytes = b''
    is_hit: bool = False
    """Whether the answer says that it comes from the cache."""

    @property
    def asked(self) -> str:
        """The method and the path."""
        return f'{self.method} {shorten(self.path, 80)}'

    def describe(self, before: list['Request']) -> list[str]:
        """Return the request and its answer in a few lines, and what came before."""
        lines = []
        if before:
            short = [f'{each.asked}: {each.status[:3]}' for each in before]
            lines.append(f'After {", ".join([*dict.fromkeys(short)][-FEW:])}:')
        count = sum(each.asked == self.asked for each in before) + 1
        again = f', asked for the {ordinal(count)} time,' if count > 1 else ''
        body = f', with a body of {self.sent:,} bytes,' if self.sent else ''
        asked = f'{self.asked}{again.removesuffix(",") if body else again}{body}'
        if not self.status:
            return [*lines, f'{asked} got no answer.']
        whence = ', from the cache' if self.is_hit else ''
        lines.append(f'{asked} was answered {self.status}{whence}.')
        if self.content or self.method == 'GET':
            lines.append(f'    {self.body()}')
        return lines

    def body(self) -> str:
        """Return the body of the answer, or how long it is."""
        if not self.content:
            return '(with no body)'
        if 'json' in self.media_type or self.media_type.startswith('text'):
            return shorten(self.content.decode(errors='replace'))
        return f'({len(self.content):,} bytes, {self.media_type or "no media type"})'


@dataclasses.dataclass
class Explanation:
    """An account of what happened, line by line, and where in the reader's code."""

    lines: list[str]
    place: str = ''
    at_import: bool = False
    missing: bool = False
    """Whether something of the reader's, or a name, is not there (yet)."""
    error: str = ''
    missing_name: str = ''
    is_slip: bool = False
    """Whether an error of the kind that a slip of the keyboard makes tells it all."""
    method: str = ''
    path: str = ''
    status: int = 0
    expected: int = 0
    """The request in question, and the status that was expected."""


SLIPS = (NameError, AttributeError, TypeError, ImportError)
"""Errors that a slip of the keyboard makes: code that catches all hides them."""
LOGGED_SLIP = re.compile(
    r'(NameError|UnboundLocalError|AttributeError|TypeError|ImportError)\b'
    r"(?:: name '(?P<name>\w+)' is not defined)?"
)
"""The same, in the line that ends a traceback."""
NEVER_AWAITED = 'A coroutine was created but never awaited.'
LEFT_OPEN = 'A connection was still open after the service had ended.'


@dataclasses.dataclass
class Comparison:
    """The comparison that did not hold: what came, how compared, what was expected."""

    operator: str
    left: Any
    right: Any

    def describe(self) -> list[str]:
        """Return it in a few lines."""
        left, right = self.left, self.right
        if self.operator in ('==', 'is'):
            return difference(left, right)
        if self.operator == 'in' and isinstance(right, str | bytes | list | set | dict):
            return [f"{show(left)} should be in it, but isn't:", f'    {show(right)}']
        if self.operator == 'not in':
            return [f"{show(left)} shouldn't be in it:", f'    {show(right)}']
        if self.operator == '<=' and isinstance(left, set):
            return [f'Missing: {listing(left - set(right))}.']
        if self.operator in ('!=', 'is not'):
            return [f'It should be anything but {show(right)}.']
        return [f'This should be true: {show(left)} {self.operator} {show(right)}']


def ordinal(number: int) -> str:
    """Return a number as it is counted: 2nd, 3rd, 4th."""
    endings = {1: 'st', 2: 'nd', 3: 'rd'}
    is_teen = number % 100 // 10 == 1
    return f'{number}{"th" if is_teen else endings.get(number % 10, "th")}'


def shorten(text: str, length: int = SHORT) -> str:
    """Return a text on one line, cut if it is long."""
    line = ' '.join(text.split())
    return line if len(line) <= length else f'{line[: length - 4]} ...'


def show(value: Any) -> str:
    """Return a value as a reader would type it, in short."""
    if isinstance(value, bytes) and len(value) > SHORT / 4:
        return f'{len(value):,} bytes'
    try:
        return shorten(repr(value))
    except Exception as error:
        return f'(a {type(value).__name__} whose repr fails: {type(error).__name__})'


def listing(values: Iterable[Any]) -> str:
    """Return the first few of some values, each once, and how many more there are."""
    first = sorted({show(value) for value in values})
    more = f' and {len(first) - FEW} more' if len(first) > FEW else ''
    return ', '.join(first[:FEW]) + more


def is_status(value: Any) -> bool:
    """Return whether a value looks like an HTTP status."""
    return type(value) is int and value in set(http.HTTPStatus)


def difference(came: Any, expected: Any) -> list[str]:
    """Return what came and what was expected, or where the two differ."""
    if isinstance(came, dict) and isinstance(expected, dict):
        keys = [
            key for key in {**expected, **came} if came.get(key) != expected.get(key)
        ]
        lines = [
            f'{show(key)}: expected {show(expected.get(key))}, '
            f'got {show(came.get(key))}'
            for key in keys[:FEW]
        ]
        more = len(keys) - FEW
        return [*lines, f'... and {more} more'] if more > 0 else lines
    if expected == [] and isinstance(came, list):
        return [f'There should be none, but there is: {listing(came)}.']
    if is_status(expected) and is_status(came):
        return [f'Expected the status {expected}, got {came}.']
    if len(show(came)) + len(show(expected)) < SHORT / 3:
        return [f'Expected {show(expected)}, got {show(came)}.']
    return [f'Expected: {show(expected)}', f'Got:      {show(came)}']


def importable() -> list[str]:
    """Return the names of the modules that there are, installed or Python's own."""
    return [*sys.stdlib_module_names, *importlib.metadata.packages_distributions()]


def line_of(frame: traceback.FrameSummary) -> str:
    """Return the line of a frame, with its indentation."""
    text = linecache.getline(frame.filename, frame.lineno or 0).rstrip()
    return text or frame.line or ''


def name_of(error: BaseException) -> str:
    """Return the name that was not found, if that is what an error is about."""
    if isinstance(error, NameError | AttributeError):
        return error.name or ''
    if isinstance(error, ModuleNotFoundError):
        return error.name or ''
    if isinstance(error, ImportError):
        match = re.match(r"cannot import name '(\w+)'", str(error))
        return match[1] if match else ''
    return ''


def did_you_mean(error: BaseException) -> list[str]:
    """Return the name that was probably meant where one was not found."""
    known: Iterable[str] = []
    if isinstance(error, AttributeError) and error.obj is not None:
        known = dir(error.obj)
    elif isinstance(error, ImportError) and name_of(error):
        module = sys.modules.get(error.name or '')
        known = dir(module) if module else []
    elif isinstance(error, NameError) and error.__traceback__:
        last = error.__traceback__
        while last.tb_next:
            last = last.tb_next
        known = {*last.tb_frame.f_locals, *last.tb_frame.f_globals, *dir(builtins)}
    name = name_of(error)
    right = difflib.get_close_matches(name, [*known], 1, 0.75) if name else []
    return [f'Do you mean `{right[0]}`?'] if right else []


def is_missing(error: BaseException) -> bool:
    """Return whether an error means that a part of the package is not there."""
    if isinstance(error, NameError):
        return True
    if isinstance(error, ImportError):
        ours = (error.name or '').partition('.')[0] == PACKAGE
        return ours and 'partially initialized' not in str(error)
    if isinstance(error, AttributeError):
        owner = error.obj
        if isinstance(owner, types.ModuleType):
            return owner.__name__.partition('.')[0] == PACKAGE
        kind = owner if isinstance(owner, type) else type(owner)
        return kind.__module__.partition('.')[0] == PACKAGE
    return False


def most_telling(error: BaseException) -> BaseException:
    """Return the error of a group to tell of; an error that is no group is the one.

    pytest puts what Python could only warn about into a group: coroutines that were
    never awaited, and with them the connections that were left open because of that.
    """
    if not isinstance(error, BaseExceptionGroup):
        return error
    inside = [most_telling(each) for each in error.exceptions]
    errors = [each for each in inside if not isinstance(each, Warning)]
    lost = [each for each in inside if '<coroutine object' in str(each)]
    return [*errors, *lost, *inside][0]


class Explainer:
    """Tells of the errors in one folder's code."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder.resolve()

    def inside(self, path: str) -> str:
        """Return the name of a file in the folder; nothing for one outside."""
        # Compiled code names its source by a relative path, and that is elsewhere.
        if path.startswith('<') or not pathlib.Path(path).is_absolute():
            return ''
        try:
            return pathlib.Path(path).resolve().relative_to(self._folder).as_posix()
        except (OSError, ValueError):
            return ''

    def hide(self, text: str) -> str:
        """Return a text without the name of the folder that was checked."""
        return text.replace(f'{self._folder}/', '').replace(str(self._folder), '.')

    def frames(self, error: BaseException) -> list[traceback.FrameSummary]:
        """Return those of an error's frames that are in the folder's code."""
        found = traceback.extract_tb(error.__traceback__)
        return [frame for frame in found if self.inside(frame.filename)]

    def at(self, frame: types.FrameType) -> Explanation | None:
        """Tell where in the folder's code a thread is, if it is there."""
        stack = traceback.extract_stack(frame)
        found = [each for each in stack if self.inside(each.filename)]
        if not found:
            return None
        at_import = any(each.name == '<module>' for each in found)
        return Explanation([], self.where(found[-1]), at_import)

    def where(self, frame: traceback.FrameSummary) -> str:
        """Return the place of a frame."""
        place = f'{self.inside(frame.filename)}, line {frame.lineno}'
        return place if frame.name.startswith('<') else f'{place}, in {frame.name}'

    def accident(self, error: BaseException) -> BaseException | None:
        """Return what lies behind an error, if that is a slip in the folder's code."""
        chain: BaseException | None = error
        while chain is not None:
            found = traceback.extract_tb(chain.__traceback__)
            if isinstance(chain, SLIPS) and found and self.inside(found[-1].filename):
                return chain
            chain = chain.__cause__ or chain.__context__
        return None

    def of_reader(self, error: BaseException) -> Explanation | None:
        """Tell of an error that was raised in, or by way of, the folder's code."""
        chain: BaseException | None = self.accident(error) or error
        while chain is not None:
            if frames := self.frames(chain):
                place = self.where(frames[-1])
                code = line_of(frames[-1])
                lines = [f'{place}:', *([f'    {code}'] if code else [])]
                lines += self.in_words(chain, frames)
                at_import = any(frame.name == '<module>' for frame in frames)
                return Explanation(
                    lines,
                    place,
                    at_import,
                    is_missing(chain),
                    error=f'{type(chain).__name__}: {self.hide(str(chain))}',
                    missing_name=name_of(chain),
                    is_slip=isinstance(chain, SLIPS),
                )
            if isinstance(chain, BaseExceptionGroup):
                chain = chain.exceptions[0]
            else:
                chain = chain.__cause__ or chain.__context__
        return None

    def in_words(
        self, error: BaseException, frames: list[traceback.FrameSummary]
    ) -> list[str]:
        """Return what an error says, with a word of ours where it helps."""
        text = shorten(self.hide(f'{type(error).__name__}: {error}'), 2 * SHORT)
        if isinstance(error, ImportError) and 'partially initialized' in str(error):
            modules = [self.inside(frame.filename) for frame in frames]
            back = re.search(rf'{PACKAGE}\.(\w+)', str(error))
            again = [f'{PACKAGE}/{back[1]}.py'] if back else []
            way = ' imports '.join([*dict.fromkeys(modules), *again])
            return ['The modules import each other in a circle:', f'    {way}']
        if isinstance(error, ModuleNotFoundError):
            return [self.missing_module(error.name or '')]
        if isinstance(error, SystemExit):
            return ['The code ends the whole program here (SystemExit).']
        return [text.rstrip(': '), *did_you_mean(error)]

    def missing_module(self, name: str) -> str:
        """Return what to say of a module that is not there."""
        package, _, module = name.partition('.')
        if package == PACKAGE:
            return (
                f'There is no {PACKAGE}/{module}.py yet.'
                if module
                else (f'There is no package {PACKAGE} yet.')
            )
        if right := difflib.get_close_matches(package, importable(), 1, 0.75):
            return f'There is no module {name}. Do you mean `{right[0]}`?'
        return (
            f'There is no module {name}. If the name is right, add the package to the '
            'dependencies in pyproject.toml, and install it for your service with '
            '`python -m pip install -e ".[test]"`, and for the checks with '
            f'`uv pip install --python .tox/check {package}`.'
        )

    def of_log(self, text: str) -> Explanation | None:
        """Tell of an error from its traceback as text."""
        if 'Traceback (most recent call last)' not in text:
            return None
        _, _, last_one = text.rpartition('Traceback (most recent call last)')
        ends = [
            line.strip()
            for line in last_one.splitlines()
            if LOGGED_ERROR.fullmatch(line.strip().removeprefix('+ '))
        ]
        last = ends[0] if ends else text.strip().splitlines()[-1]
        found = [
            match for match in LOGGED_PLACE.finditer(text) if self.inside(match['path'])
        ]
        said = shorten(self.hide(last))
        if match := re.search(r"No module named '([\w.]+)'", last):
            said = self.missing_module(match[1])
        if not found:
            return Explanation([said], error=last)
        place = f'{self.inside(found[-1]["path"])}, line {found[-1]["line"]}'
        at_import = any(match['name'] == '<module>' for match in found)
        lines = [f'{place}:', said]
        slip = LOGGED_SLIP.match(last)
        name = (slip and slip['name']) or ''
        return Explanation(
            lines,
            place,
            at_import,
            missing=bool(name),
            error=last,
            missing_name=name,
            is_slip=slip is not None,
        )

    def tell(
        self,
        error: BaseException,
        requests: list[Request],
        logged: BaseException | None,
        compared: Comparison | None,
    ) -> Explanation:
        """Tell why a check failed."""
        error = most_telling(error)
        story = self.story(error, requests, logged, compared)
        request = self.request_compared(requests, compared)
        if request and request.status:
            story.method, story.path = request.method, request.path
            story.status = int(request.status[:3])
            if compared and is_status(compared.right):
                story.expected = compared.right
        return story

    def story(
        self,
        error: BaseException,
        requests: list[Request],
        logged: BaseException | None,
        compared: Comparison | None,
    ) -> Explanation:
        """Tell what happened."""
        text = str(compared.right) if compared else ''
        if story := (
            self.of_reader(error) or self.of_log(text) or self.of_log(str(error))
        ):
            pending = requests and not requests[-1].status
            asked = requests[-1].describe(requests[:-1]) if pending else []
            return dataclasses.replace(story, lines=asked + story.lines)
        # What was left behind is noticed anywhere: the last request has no part in it.
        is_left = isinstance(error, Warning)
        lines = [] if is_left else self.request_in_question(requests, compared)
        behind = self.of_reader(logged) if logged else None
        if isinstance(error, AssertionError):
            lines += self.of_assertion(error, compared)
        else:
            lines += self.of_test_error(error)
        if behind:
            lines += ['The cause is an error in your code, in', *behind.lines]
            return dataclasses.replace(behind, lines=lines, at_import=False)
        if logged and any(f' {500} ' in line for line in lines):
            lines.append('The cause is this error:')
            lines.append(
                shorten(self.hide(f'{type(logged).__name__}: {logged}'), 2 * SHORT)
            )
        said = f'{type(error).__name__}: {self.hide(str(error))}'
        own = '' if isinstance(error, AssertionError) else said
        if is_missing(error):
            return Explanation(
                lines, missing=True, error=own, missing_name=name_of(error)
            )
        lines += self.line_of_test(error, lines)
        return Explanation(lines, error=own, missing_name=name_of(error))

    def line_of_test(self, error: BaseException, said: list[str]) -> list[str]:
        """Return the line of the test that failed, unless it repeats what was said."""
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            path = pathlib.Path(frame.filename)
            is_check = any(folder in path.parents for folder in CHECKS)
            if is_check and path.name.startswith('test_') and frame.line:
                known = frame.line.startswith('raise ')
                known = known or any(line in frame.line for line in said)
                return [] if known else [f'The check says: {frame.line}']
        return []

    def request_compared(
        self, requests: list[Request], compared: Comparison | None
    ) -> Request | None:
        """Return the request whose status was compared, or else the last."""
        if compared and is_status(compared.left):
            for request in reversed(requests):
                if request.status.startswith(str(compared.left)):
                    return request
        return requests[-1] if requests else None

    def request_in_question(
        self, requests: list[Request], compared: Comparison | None
    ) -> list[str]:
        """Return the request whose status was compared, or else the last, in words."""
        request = self.request_compared(requests, compared)
        for index, each in enumerate(requests):
            if each is request:
                return each.describe(requests[:index])
        return []

    def of_assertion(
        self, error: AssertionError, compared: Comparison | None
    ) -> list[str]:
        """Tell of an assertion of a test."""
        text = str(error)
        first = text.split('\n')[0]
        own = [] if not first or first.startswith('assert ') else [self.hide(first)]
        if own and ('assert False' in text or 'assert ' not in text):
            return own
        if compared:
            if story := self.of_log(str(compared.right)):
                return [*own, *story.lines]
            return [*own, *(self.hide(line) for line in compared.describe())]
        return own

    def of_test_error(self, error: BaseException) -> list[str]:
        """Tell of an error that a test ran into by itself."""
        if isinstance(error, AttributeError) and (name := error.name):
            owner = error.obj
            if isinstance(owner, types.ModuleType):
                if not str(error).startswith('module '):
                    return [str(error)]
                return [f'{owner.__name__.replace(".", "/")}.py has no {name} yet.']
            kind = owner if isinstance(owner, type) else type(owner)
            if kind.__module__.startswith(PACKAGE):
                return [f'{kind.__name__} has no {name} yet.']
        if isinstance(error, ModuleNotFoundError):
            return [self.missing_module(error.name or '')]
        if isinstance(error, KeyError):
            return [f'{show(error.args[0])} is missing from the answer.']
        if isinstance(error, json.JSONDecodeError):
            return ["The body should be JSON, but isn't."]
        if isinstance(error, FileNotFoundError) and error.filename:
            name = pathlib.Path(error.filename).name
            return [f'{name} is missing: there should be a file or folder called that.']
        if isinstance(error, Warning) and '<coroutine object' in str(error):
            return [NEVER_AWAITED]
        if isinstance(error, Warning) and isinstance(error.__cause__, ResourceWarning):
            is_file = 'unclosed file' in str(error.__cause__)
            return ['A file was opened and never closed.' if is_file else LEFT_OPEN]
        if 'DID NOT RAISE' in str(error):
            return ['An error should be raised here, but none was.']
        text = shorten(self.hide(f'{type(error).__name__}: {error}'), 2 * SHORT)
        return [text.rstrip(': ')]
