"""Runs checks with pytest, in a process of its own, and writes down what came of each.

    python -m workbook.reader.check.worker WORKPLACE INDEX FOLDER TESTS ...

Workers share a workplace, a folder in which each takes the checks that nobody has taken
yet: one from the front, the next from the back. They report in lines of JSON.
"""

import ast
import dataclasses
import functools
import gc
import io
import json
import logging
import math
import os
import pathlib
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from workbook.layout import PACKAGE, ROOT, steps
from workbook.reader.check.explain import (
    Comparison,
    Explainer,
    Request,
    shorten,
    show,
)

DELETED = "Your code deleted the folder it's in. This was a copy: yours is as it was."
TAIL = 2000
"""How much of what a check prints is kept, in characters."""
LIMIT = 8.0
"""How long a check may take, in seconds, if it does not say so itself."""
LOOKS = 1.0
"""How often it is written down where a check is that takes long, in seconds."""
AUTOLOAD = 'PYTEST_DISABLE_PLUGIN_AUTOLOAD'


class Tail(io.TextIOBase):
    """Takes any flood, and keeps the end of it."""

    encoding = 'utf-8'

    def __init__(self) -> None:
        self.text = ''

    def writable(self) -> bool:
        """Say that it takes text."""
        return True

    def write(self, text: str) -> int:
        """Keep the end."""
        self.text = (self.text + text)[-TAIL:]
        return len(text)


class Quit(BaseException):
    """The code that is checked would have ended the process."""


class LastError(logging.Handler):
    """Keeps the last error that was logged: with its traceback, or in words alone."""

    error: BaseException | None = None
    words = ''

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        if record.exc_info and record.exc_info[1]:
            self.error = record.exc_info[1]
        else:
            self.words = record.getMessage()


class Reporter:
    """The plugin: takes checks, runs them, and reports."""

    def __init__(
        self, workplace: pathlib.Path, index: int, folder: pathlib.Path
    ) -> None:
        self._workplace = workplace
        self._index = index
        self._report = (workplace / f'{index}.jsonl').open('a', encoding='utf-8')
        self._turn = threading.Lock()
        self._began = math.inf
        self._explainer = Explainer(folder)
        self._package = folder / PACKAGE
        self._printed = Tail()
        self._logged = LastError(logging.ERROR)
        self._requests: list[Request] = []
        self._compared: Comparison | None = None
        self._outcome: dict[str, Any] = {}
        self._exit = os._exit
        sys.stdout = sys.stderr = self._printed

    def end(self) -> None:
        """Say that this is all, and end the process immediately."""
        self.tell('over', printed=self._printed.text)
        self._exit(0)

    def tell(self, event: str, **values: Any) -> None:
        """Write a line of the report."""
        with self._turn:
            self._report.write(json.dumps({'event': event, **values}) + '\n')
            self._report.flush()

    def look(self) -> None:
        """Tell, now and then, where a check is that takes long."""
        while True:
            time.sleep(LOOKS)
            if time.monotonic() - self._began < LOOKS:
                continue
            for frame in sys._current_frames().values():
                if story := self._explainer.at(frame):
                    self.tell('at', place=story.place, at_import=story.at_import)
                    break

    def pytest_configure(self, config: pytest.Config) -> None:
        """Take what is printed and logged, and what would end the process."""
        os.environ.pop(AUTOLOAD, None)
        config.addinivalue_line('markers', 'timeout(seconds): how long it may take')
        for name in ('falcon', PACKAGE):
            logging.getLogger(name).addHandler(self._logged)
        really_exit, process = self._exit, os.getpid()

        def exit_unless_checked(status: int) -> None:
            frame = sys._getframe(1)
            if os.getpid() == process and self._explainer.inside(
                frame.f_code.co_filename
            ):
                raise Quit(f'os._exit({status}) ends the whole program')
            really_exit(status)

        os._exit = exit_unless_checked  # type: ignore[assignment]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Report which checks there are, and watch the requests they will make."""
        import falcon.testing

        falcon.testing.ASGIConductor.simulate_request = watched_conductor(  # type: ignore[method-assign]
            falcon.testing.ASGIConductor.simulate_request, self.note
        )
        falcon.testing.TestClient.simulate_request = watched_client(  # type: ignore[method-assign]
            falcon.testing.TestClient.simulate_request, self.note
        )
        threading.Thread(target=self.look, daemon=True).start()
        self.tell('found', checks=[described(item) for item in session.items])

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Report tests that cannot be read."""
        if report.failed:
            self.tell('broken', why=str(report.longrepr).strip().splitlines()[-1])

    def note(self, request: Request) -> None:
        """Note a request that is being made."""
        self._requests.append(request)
        self.tell('asked', request=f'{request.method} {request.path}'[:80])

    def taken(self, items: list[pytest.Item]) -> Iterator[pytest.Item]:
        """Yield the checks that this worker takes: alone, or from its end of them."""
        numbered = list(enumerate(items))
        for number, item in reversed(numbered) if self._index % 2 else numbered:
            try:
                with (self._workplace / f'{number}.taken').open('x') as file:
                    file.write(str(self._index))
            except FileExistsError:
                continue
            yield item

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the checks that nobody else runs."""
        if session.testsfailed:
            return True
        taken = self.taken(session.items)
        item = next(taken, None)
        while item is not None:
            following = next(taken, None)
            self.run(item, following)
            item = following
        self.tell('end')
        return True

    def run(self, item: pytest.Item, following: pytest.Item | None) -> None:
        """Run a check, and report."""
        limit = limit_of(item)
        self._outcome = {'outcome': 'passed'}
        self._requests.clear()
        self._compared = self._logged.error = None
        self._logged.words = ''
        self._printed.text = ''
        self.tell('start', check=item.nodeid, limit=limit)
        self._began = time.monotonic()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        self._began = math.inf
        if not self._package.is_dir():
            self._outcome = {'outcome': 'failed', 'lines': [DELETED], 'fatal': True}
        self.tell('done', check=item.nodeid, **self._outcome)

    def pytest_assertrepr_compare(self, op: str, left: Any, right: Any) -> None:
        """Note a comparison that turned out false."""
        self._compared = Comparison(op, left, right)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note how each part of a check ended."""
        report = yield
        if report.failed and self._outcome['outcome'] != 'failed':
            self._outcome = {'outcome': 'failed', **self.failure(report, call)}
        elif report.skipped and self._outcome['outcome'] == 'passed':
            why = report.longrepr[2] if isinstance(report.longrepr, tuple) else ''
            self._outcome = {
                'outcome': 'skipped',
                'lines': [why.removeprefix('Skipped: ')],
            }
        return report

    def failure(
        self, report: pytest.TestReport, call: pytest.CallInfo[None]
    ) -> dict[str, Any]:
        """Return why a check failed."""
        error = call.excinfo and call.excinfo.value
        if error is None or isinstance(error, pytest.skip.Exception):
            return {'lines': [str(report.longrepr)]}
        try:
            compared = self._compared if isinstance(error, AssertionError) else None
            story = self._explainer.tell(
                error, self._requests, self._logged.error, compared
            )
        except Exception as failure:
            # An object of the reader's may break whatever looks at it.
            return {'lines': [f'{type(error).__name__} ({type(failure).__name__})']}
        if self._logged.words and self._requests[-1:] and is_ours(self._requests[-1]):
            story.lines.append(f'The log says: {shorten(self._logged.words)}')
        return {
            **dataclasses.asdict(story),
            'unready': call.when == 'setup' and bool(story.place),
            'printed': self._printed.text,
        }

    def pytest_unconfigure(self) -> None:
        """End here: what pytest and the checked code still tidy up is of no use."""
        self.end()

    def pytest_internalerror(self, excrepr: object) -> None:
        """Report a failure that is no check's."""
        self.tell('broken', why=str(excrepr).strip().splitlines()[-1])


def is_ours(request: Request) -> bool:
    """Return whether the answer to a request says that the service is at fault."""
    return request.status.startswith('5')


def limit_of(item: pytest.Item) -> float:
    """Return how long a check may take, in seconds."""
    marker = item.get_closest_marker('timeout')
    return float(marker.args[0]) if marker else LIMIT


def case_of(callspec: Any) -> str:
    """Return what a check was tried with, in a reader's words.

    Names that the tests give to their cases say it best; those that pytest makes up,
    such as offer1, say nothing.
    """
    values = callspec.params
    made_up = [f'{name}{callspec.indices.get(name, "")}' for name in values]
    if not any(each in callspec.id.split('-') for each in made_up):
        return str(callspec.id)
    plain = [str(value) for value in values.values() if isinstance(value, str | int)]
    return shorten(', '.join(plain or [show(value) for value in values.values()]), 80)


def described(item: pytest.Item) -> dict[str, Any]:
    """Return what a check says of itself: what should hold, hints, where to read."""
    function = getattr(item, 'function', None)
    hints: list[str] = []
    section = ''
    for marker in item.iter_markers('hint'):
        hints = hints or [' '.join(hint.split()) for hint in marker.args]
        section = section or marker.kwargs.get('section', '')
    folders = {step.tests.name: step.number for step in steps()}
    callspec = getattr(item, 'callspec', None)
    return {
        'name': item.nodeid,
        'step': next((folders[part] for part in item.path.parts if part in folders), 0),
        'sentence': (getattr(function, '__doc__', None) or item.name).strip(),
        'case': case_of(callspec) if callspec else '',
        'hints': hints,
        'section': section,
    }


Note = Callable[[Request], None]


def asked(note: Note, method: str, path: str, body: Any) -> Request:
    """Note a request that is being made."""
    request = Request(method, path, len(body) if body else 0)
    note(request)
    return request


def answered(request: Request, result: Any) -> None:
    """Note what came back."""
    request.status = result.status
    request.media_type = result.headers.get('Content-Type', '')
    request.content = getattr(result, 'content', b'')
    request.is_hit = result.headers.get('X-ASGILook-Cache') == 'Hit'


def watched_conductor(original: Any, note: Note) -> Any:
    """Return a conductor's method that notes the requests it makes."""

    @functools.wraps(original)
    async def simulate(
        self: Any, method: str = 'GET', path: str = '/', *rest: Any, **options: Any
    ) -> Any:
        request = asked(note, method, path, options.get('body'))
        result = await original(self, method, path, *rest, **options)
        answered(request, result)
        return result

    return simulate


def watched_client(original: Any, note: Note) -> Any:
    """Return a client's method that notes the requests it makes."""

    @functools.wraps(original)
    def simulate(
        self: Any, method: str = 'GET', path: str = '/', *rest: Any, **options: Any
    ) -> Any:
        request = asked(note, method, path, options.get('body'))
        result = original(self, method, path, *rest, **options)
        answered(request, result)
        return result

    return simulate


def undisturbed(parse: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that parses while nothing is collected.

    A coroutine that's collected may warn, with a traceback. Python 3.11 parses code for
    that, too, and fails if it was in the middle of parsing.
    """

    @functools.wraps(parse)
    def calm(*args: Any, **options: Any) -> Any:
        collects = gc.isenabled()
        gc.disable()
        try:
            return parse(*args, **options)
        finally:
            if collects:
                gc.enable()

    return calm


def main() -> None:
    """Run the checks of a workplace."""
    workplace, index, folder, *tests = sys.argv[1:]
    os.chdir(folder)
    os.environ[AUTOLOAD] = '1'
    ast.parse = undisturbed(ast.parse)
    reporter = Reporter(pathlib.Path(workplace), int(index), pathlib.Path(folder))
    temporary = pathlib.Path(os.environ['TMPDIR'], f'checks{index}')
    options = ['-c', str(ROOT / 'pyproject.toml'), '--rootdir', str(ROOT), '-s', '-q']
    options += ['-p', 'no:cacheprovider', f'--basetemp={temporary}', f'--app={folder}']
    try:
        pytest.main([*options, *tests], plugins=[reporter])
    except BaseException as error:
        last = traceback.format_exception_only(error)[-1].strip()
        reporter.tell('broken', why=last)
    # Not by way of whatever the checked code has left running.
    reporter.end()


if __name__ == '__main__':
    main()
