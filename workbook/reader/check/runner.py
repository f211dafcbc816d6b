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
from collections.abc import Callable
from typing import Any

import psutil

from workbook.layout import ROOT, Step

from . import submission

WORKERS = 2
START_LIMIT = 60.0
"""How long a worker may take to find its checks, in seconds."""
BUSY = 0.5
"""How much of the time it may take a check may compute; a busy machine slows it."""
MOST_STOPPED = 2
"""After how many checks that had to be stopped the rest is left."""
POLL = 0.02
STOP = threading.Event()
"""Set to end what other threads run."""
WORKER = 'workbook.reader.check.worker'


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

    @property
    def unfinished(self) -> bool:
        """Whether it failed by code that cannot run yet, before anything was asked."""
        return self.missing or self.at_import or self.unready

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
        self.since = time.monotonic()
        self.over = False
        self.request = self.place = ''
        self.at_import = False
        temporary = workplace / 'tmp'
        places = dict.fromkeys(['TMPDIR', 'TEMP', 'TMP'], str(temporary))
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
            env={**os.environ, **places},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._watched = psutil.Process(self.process.pid)
        self.computed_before = 0.0

    def events(self) -> list[dict[str, Any]]:
        """Return what the worker has told since the last time."""
        *lines, self._unfinished = (self._unfinished + self._report.read()).split('\n')
        return [json.loads(line) for line in lines]

    def hangs(self) -> bool:
        """Return whether its check waits, or computes, for longer than it may."""
        waited = time.monotonic() - self.since
        computed = self.computed() - self.computed_before
        return waited > self.limit or computed > self.limit * BUSY

    def computed(self) -> float:
        """Return for how long the process has computed so far, in seconds."""
        try:
            times = self._watched.cpu_times()
        except psutil.Error:
            return 0.0
        return float(times.user + times.system)

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
    ) -> None:
        self._workplace, self._folder = workplace, folder
        self._tests, self._on_progress, self._enough = tests, on_progress, enough
        self._count = workers
        self._checks: dict[str, Check] = {}
        self._remark = ''
        self._stopped = 0
        self._broken_off = False
        self._workers: list[Worker] = []

    def run(self) -> Run:
        """Run them all, as far as they get."""
        start = time.monotonic()
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
            if self._broken_off:
                end_strays(self._workplace)
        checks = list(self._checks.values())
        return Run(checks, self._remark, time.monotonic() - start)

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
            worker.request = event['request']
            return
        if event['event'] == 'at':
            worker.place, worker.at_import = event['place'], event['at_import']
            return
        worker.since = time.monotonic()
        worker.computed_before = worker.computed()
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
                self._remark = self._remark or f'The checks broke off: {event["why"]}'
            case 'over':
                worker.over = True
                if not self._checks and not self._remark:
                    printed = event['printed'].strip().splitlines()
                    why = printed[-1] if printed else 'no checks were found'
                    self._remark = f'The checks could not be run: {why}'

    def replace(self, worker: Worker, ended: bool) -> None:
        """Note what went wrong with a worker, and have another go on without it."""
        check = self._checks.get(worker.current)
        if check is None:
            self._remark = (
                'The checks could not be run: the process that runs them '
                + ('ended.' if ended else f'did not start in {START_LIMIT:g} seconds.')
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
            check.lines = ['It took too long, and was stopped.']
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
        self.start(worker.index + self._count)

    def leave_the_rest(self) -> None:
        """Run no more checks."""
        self._remark = 'The checks that were left were not run.'
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
    tests: list[pathlib.Path],
    on_progress: OnProgress = ignore,
    enough: Callable[[Check], bool] = never,
    workers: int = WORKERS,
) -> Run:
    """Run tests, in folders or files, on a copy of some code; end when it is enough.

    One worker alone takes the checks in their order.
    """
    with tempfile.TemporaryDirectory(
        prefix='check-', ignore_cleanup_errors=True
    ) as name:
        workplace = pathlib.Path(name).resolve()
        (workplace / 'tmp').mkdir()
        code = workplace / 'code'
        submission.copy(folder, code)
        return Runner(
            workplace, code, [str(path) for path in tests], on_progress, enough, workers
        ).run()
