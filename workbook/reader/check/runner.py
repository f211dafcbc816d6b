"""Runs checks in processes of their own, and stops what hangs."""

import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import psutil

from workbook.layout import ROOT, Step

from . import submission

WORKERS = 2
START_LIMIT = 60.0
"""How long a worker may take to find its checks, in seconds."""
BUSY = 0.75
"""How much of the time it may take a check may compute."""
INTERVAL, IDLE = 0.5, 0.03
"""How often it is looked at what was computed, and how little of it is waiting."""
LAST_STOP = 20
"""After how many times its limit a check is stopped, even if it still computes."""
MOST_STOPPED = 2
"""After how many checks that had to be stopped the rest is left."""
POLL = 0.02
STOP = threading.Event()
"""Set to end what other threads run."""
OWN_SUITE = '/test_own_suite.py::'
"""In the names of the checks that run the reader's own tests."""
WORKER = 'workbook.reader.check.worker'
IMPORTS = 'workbook.reader.check.imports'
TOO_LONG = 'It took too long and was stopped.'
"""What is said of a check that hung: what it is about has little to do with why."""


@dataclasses.dataclass
class Check:
    """One check: what should hold, and what came of it."""

    name: str
    step: int
    sentence: str
    case: str = ''
    hints: list[str] = dataclasses.field(default_factory=list)
    section: str = ''
    outcome: str = 'not reached'
    lines: list[str] = dataclasses.field(default_factory=list)
    place: str = ''
    at_import: bool = False
    missing: bool = False
    unready: bool = False
    """Whether the code failed while it made what the check needs, such as the app."""
    printed: str = ''
    fatal: bool = False
    """Whether nothing can be checked after it."""
    error: str = ''
    """The error behind it, if there was one."""
    missing_name: str = ''
    """The name that was not found."""
    is_slip: bool = False
    """Whether an error tells it all: a name, an attribute, a type or an import."""
    method: str = ''
    path: str = ''
    status: int = 0
    expected: int = 0
    """The request in question, and the status that was expected of it."""
    cause: list[str] = dataclasses.field(default_factory=list)
    """The mistake in the reader's code, if we know it."""
    is_sure: bool = False
    """Whether that is the reason, so that a hint would only mislead."""
    where: list[str] = dataclasses.field(default_factory=list)
    """The section of the book that shows the code at fault."""
    to_be_changed: bool = False
    """Whether the code at fault is still as it was in the chapter before."""

    @property
    def unfinished(self) -> bool:
        """Whether it failed by code that cannot run yet, before anything was asked."""
        return self.missing or self.at_import or self.unready or self.to_be_changed

    @property
    def of_suite(self) -> bool:
        """Whether it ran the reader's own tests, which hold nothing else up."""
        return OWN_SUITE in self.name

    @property
    def unasked(self) -> bool:
        """Whether it went wrong before its sentence could be checked."""
        return self.at_import or self.fatal or (self.unready and not self.missing)

    @property
    def holds(self) -> bool:
        """Whether it was seen to hold, or cannot be tried on this machine."""
        return self.outcome in ('passed', 'skipped')


@dataclasses.dataclass
class Run:
    """The outcome of all checks."""

    checks: list[Check]
    remark: str = ''
    seconds: float = 0.0
    not_imported: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    """The modules that can't be imported, with the place of each error."""
    elsewhere: list[str] = dataclasses.field(default_factory=list)
    """Mistakes in code that no check has reached yet."""
    left_out: str = ''
    """Why some checks were not run on purpose."""

    def of(self, step: Step) -> list[Check]:
        """Return the checks of one step."""
        return [check for check in self.checks if check.step == step.number]

    @property
    def first_wrong(self) -> Check | None:
        """The first check that was tried and failed."""
        wrong = [check for check in self.checks if check.outcome == 'failed']
        fatal = [check for check in wrong if check.fatal]
        return next(iter([*fatal, *wrong]), None)

    @property
    def holds(self) -> bool:
        """Whether every check passes."""
        return bool(self.checks) and all(check.holds for check in self.checks)


OnProgress = Callable[[Check, int, int], None]
"""Called with a check that has begun, how many are done, and how many there are."""


def ignore(check: Check, done: int, total: int) -> None:
    """Tell nobody."""


def never(check: Check) -> bool:
    """Let all checks run, whatever comes of one."""
    return False


class Worker:
    """A process that runs checks, and what it has told."""

    def __init__(
        self,
        workplace: pathlib.Path,
        index: int,
        folder: pathlib.Path,
        tests: list[str],
    ) -> None:
        self.workplace, self.index, self.folder = workplace, index, folder
        report = workplace / f'{index}.jsonl'
        report.touch()
        self._report = report.open(encoding='utf-8')
        self._unfinished = ''
        self.current = ''
        self.limit = START_LIMIT
        self.over = False
        self.request = self.place = ''
        self.at_import = False
        self.process = subprocess.Popen(
            [
                sys.executable,
                '-m',
                WORKER,
                str(workplace),
                str(index),
                str(folder),
                *tests,
            ],
            cwd=ROOT,
            env=environment_in(workplace),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._watched = psutil.Process(self.process.pid)
        self.begin()

    def events(self) -> list[dict[str, Any]]:
        """Return what the worker has told since the last time."""
        *lines, self._unfinished = (self._unfinished + self._report.read()).split('\n')
        return [json.loads(line) for line in lines]

    def begin(self) -> None:
        """Begin to count, as a check begins or ends."""
        self.since = self._looked = time.monotonic()
        self.waited = 0.0
        self.computed_before = self._computed_last = self.computed()

    def hangs(self) -> bool:
        """Return whether its check waits, or computes, for longer than it may.

        Only time in which nothing is computed counts as waiting: on a busy machine, a
        process that wants to go on and isn't let is not to blame.
        """
        now = time.monotonic()
        if now - self._looked >= INTERVAL:
            computed = self.computed()
            if computed - self._computed_last < IDLE * (now - self._looked):
                self.waited += now - self._looked
            self._looked, self._computed_last = now, computed
        return (
            self.waited > self.limit
            or self._computed_last - self.computed_before > self.limit * BUSY
            or now - self.since > self.limit * LAST_STOP
        )

    def computed(self) -> float:
        """Return for how many seconds it, and what it started, has computed so far."""
        total = 0.0
        with contextlib.suppress(psutil.Error):
            for process in [self._watched, *self._watched.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    times = process.cpu_times()
                    total += times.user + times.system
                    if process is self._watched:
                        total += times.children_user + times.children_system
        return total

    def stop(self) -> None:
        """End the process, with all that it started."""
        end_tree(self.process)
        self._report.close()


def end_tree(process: subprocess.Popen[bytes]) -> None:
    """End a process and all below it, on any system."""
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(process.pid)
        for child in [*parent.children(recursive=True), parent]:
            with contextlib.suppress(psutil.Error):
                child.kill()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, 'killpg'):
            os.killpg(process.pid, 9)
    process.wait()


def end_strays(workplace: pathlib.Path) -> None:
    """End what is still at work in a workplace whose processes have all ended."""
    strays = []
    for process in psutil.process_iter(['cwd']):
        place = process.info['cwd']
        if place and pathlib.Path(place).is_relative_to(workplace):
            with contextlib.suppress(psutil.Error):
                process.kill()
                strays.append(process)
    psutil.wait_procs(strays, timeout=2)  # In some containers, nobody reaps them.


def environment_in(workplace: pathlib.Path) -> dict[str, str]:
    """Return the environment for what runs in a workplace."""
    temporary = str(workplace / 'tmp')
    return {**os.environ, **dict.fromkeys(['TMPDIR', 'TEMP', 'TMP'], temporary)}


def start_imports(
    folder: pathlib.Path, workplace: pathlib.Path
) -> subprocess.Popen[bytes]:
    """Start to import each module of a folder's package, beside the checks."""
    return subprocess.Popen(
        [sys.executable, '-m', IMPORTS, str(folder)],
        cwd=ROOT,
        env=environment_in(workplace),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def end_imports(
    process: subprocess.Popen[bytes], patience: float
) -> list[dict[str, Any]]:
    """Return what couldn't be imported, if that is known in time."""
    try:
        output, _ = process.communicate(timeout=max(patience, POLL))
        return [json.loads(line) for line in output.splitlines()]
    except (subprocess.TimeoutExpired, ValueError):
        return []
    finally:
        end_tree(process)
        if process.stdout:
            process.stdout.close()


class Runner:
    """Runs the checks in some folders on one folder of code."""

    def __init__(
        self,
        workplace: pathlib.Path,
        folder: pathlib.Path,
        tests: list[str],
        on_progress: OnProgress,
        enough: Callable[[Check], bool],
        workers: int,
        ahead: bool,
    ) -> None:
        self._workplace, self._folder = workplace, folder
        self._tests, self._on_progress, self._enough = tests, on_progress, enough
        self._count, self._ahead = workers, ahead
        self._checks: dict[str, Check] = {}
        self._remark = ''
        self._stopped = 0
        self._broken_off = False
        self._workers: list[Worker] = []

    def run(self) -> Run:
        """Run them all, as far as they get."""
        start = time.monotonic()
        importing = None
        if self._ahead:
            importing = start_imports(self._folder, self._workplace)
        try:
            for index in range(self._count):
                self.start(index)
            while self._workers and not STOP.is_set():
                time.sleep(POLL)
                for worker in list(self._workers):
                    if worker in self._workers:
                        self.attend(worker)
        finally:
            for worker in self._workers:
                worker.stop()
            not_imported = []
            if importing:
                patience = 0.0 if self._stopped or STOP.is_set() else START_LIMIT
                not_imported = end_imports(importing, patience)
            if self._broken_off:
                end_strays(self._workplace)
        checks = list(self._checks.values())
        return Run(checks, self._remark, time.monotonic() - start, not_imported)

    def start(self, index: int) -> None:
        """Start a worker."""
        self._workers.append(Worker(self._workplace, index, self._folder, self._tests))

    def attend(self, worker: Worker) -> None:
        """Take in what a worker tells, and see to one that hangs or has ended."""
        ended = worker.process.poll() is not None
        for event in worker.events():
            self.take_in(worker, event)
        if worker not in self._workers:
            return
        if worker.over or ended or worker.hangs():
            self._workers.remove(worker)
            worker.stop()
            if not worker.over:
                # The processes it had started, such as a Redis, have lost their parent.
                self._broken_off = self._broken_off or ended
                self.replace(worker, ended)

    def take_in(self, worker: Worker, event: dict[str, Any]) -> None:
        """Take in an event."""
        if event['event'] == 'asked':
            worker.request, worker.place = event['request'], ''
            worker.at_import = False
            return
        if event['event'] == 'at':
            worker.place, worker.at_import = event['place'], event['at_import']
            return
        worker.begin()
        worker.request = worker.place = ''
        worker.at_import = False
        match event.pop('event'):
            case 'found':
                for found in event['checks']:
                    self._checks.setdefault(found['name'], Check(**found))
            case 'start':
                worker.current, worker.limit = event['check'], event['limit']
                done = sum(
                    check.outcome != 'not reached' for check in self._checks.values()
                )
                self._on_progress(self._checks[worker.current], done, len(self._checks))
            case 'done':
                check = self._checks[event.pop('check')]
                for name, value in event.items():
                    setattr(check, name, value)
                worker.current, worker.limit = '', START_LIMIT
                if check.fatal or self._enough(check):
                    self.leave_the_rest()
            case 'broken':
                self._remark = self._remark or f'The checks stopped: {event["why"]}'
            case 'over':
                worker.over = True
                if not self._checks and not self._remark:
                    printed = event['printed'].strip().splitlines()
                    why = printed[-1] if printed else 'no checks were found'
                    self._remark = f"The checks couldn't run: {why}"

    def replace(self, worker: Worker, ended: bool) -> None:
        """Note what went wrong with a worker, and have another go on without it."""
        check = self._checks.get(worker.current)
        if check is None:
            self._remark = "The checks couldn't run: the process that runs them " + (
                'ended.' if ended else f"didn't start within {START_LIMIT:g} seconds."
            )
            return
        place = worker.place
        check.outcome, check.place = 'failed', place
        check.at_import = worker.at_import
        if ended:
            check.lines = [
                'The whole program ended during this check, '
                f'with the status {worker.process.returncode}.'
            ]
        else:
            check.lines = [TOO_LONG]
            if worker.request:
                check.lines.append(f'Its last request was {worker.request}.')
            if place:
                check.lines.append(
                    f'Your code was at {place}: an endless loop, or a wait?'
                )
        self._stopped += 1
        if check.at_import or self._stopped >= MOST_STOPPED:
            self.leave_the_rest()
            return
        self.release(worker)
        # An even number more, so that it takes checks from the same end.
        self.start(worker.index + 2 * self._count)

    def leave_the_rest(self) -> None:
        """Run no more checks."""
        self._remark = "The checks after that weren't run."
        for worker in self._workers:
            worker.stop()
        self._workers.clear()

    def release(self, worker: Worker) -> None:
        """Give back the checks that a worker has taken and not begun."""
        for number, check in enumerate(self._checks.values()):
            taken = self._workplace / f'{number}.taken'
            if check.outcome != 'not reached' or not taken.exists():
                continue
            if taken.read_text() == str(worker.index):
                taken.unlink()


def run(
    folder: pathlib.Path,
    tests: Sequence[pathlib.Path | str],
    on_progress: OnProgress = ignore,
    enough: Callable[[Check], bool] = never,
    workers: int = WORKERS,
    ahead: bool = True,
) -> Run:
    """Run tests, in folders or files, on a copy of some code; end when it is enough.

    Among the tests there may be options of pytest's. Modules that no check needs yet
    are imported ahead, unless that isn't wanted.
    One worker alone takes the checks in their order.
    """
    with tempfile.TemporaryDirectory(
        prefix='check-', ignore_cleanup_errors=True
    ) as name:
        workplace = pathlib.Path(name).resolve()
        workplace.chmod(0o711)  # A PostgreSQL that root starts runs as another user.
        (workplace / 'tmp').mkdir()
        code = workplace / 'code'
        submission.copy(folder, code)
        return Runner(
            workplace,
            code,
            [str(path) for path in tests],
            on_progress,
            enough,
            workers,
            ahead,
        ).run()
