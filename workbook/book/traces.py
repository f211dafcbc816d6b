"""Record what happens in an event loop, and between the service, its cache and Redis.

    PYTHONPATH=<the snapshot of step 5> python -m workbook.book.traces [--print]

The records are `docs/traces/*.json`: what the animated figures show, and in which
order. They come from programs that run: the breakfast of step 2, on a clock that jumps
from one event to the next, and the service of step 5, with a fake Redis that can be
taken away. Run it in the environment of `tox -e workbook`.
"""

import asyncio
import collections.abc
import contextlib
import io
import json
import pathlib
import selectors
import sys
import tempfile
import threading
import time
from typing import Any
from unittest import mock

from workbook.book import trace_pictures
from workbook.layout import ROOT

FOLDER = ROOT / 'docs' / 'traces'
GOOD = ROOT / 'examples' / 'explanation' / 'breakfast.py'
WRONG = ROOT / 'examples' / 'pitfalls' / 'a_cook_who_blocks' / 'breakfast.py'
BLOCKS = 'time.sleep(seconds)'
IN_A_THREAD = 'await asyncio.to_thread(time.sleep, seconds)'
PATIENCE = 20
"""How long a thread may take to get somewhere on a busy machine, in real seconds."""

Event = dict[str, Any]
Scene = dict[str, Any]


class Clock:
    """The time in an event loop and its threads: it jumps from event to event."""

    def __init__(self, record: list[Event]) -> None:
        self.now = 0.0
        self.jobs = 0
        self.record = record
        self.loop_thread = threading.current_thread()
        self._sleepers: list[tuple[float, int, threading.Event]] = []
        self._changed = threading.Condition()

    def sleep(self, seconds: float) -> None:
        """Sleep: in the loop's thread time passes, another thread waits for it."""
        if threading.current_thread() is self.loop_thread:
            self.now = round(self.now + seconds, 3)
            return
        number = int(threading.current_thread().name.rpartition('_')[2]) + 1
        awake = threading.Event()
        with self._changed:
            self._sleepers.append((self.now + seconds, number, awake))
            self._changed.notify()
        if not awake.wait(PATIENCE):
            raise TimeoutError('Nobody woke the thread.')

    def jump(self, timeout: float | None) -> bool:
        """Go to what comes next, a timer or the end of a nap; return if it's a nap."""
        with self._changed:
            asleep = self._changed.wait_for(
                lambda: len(self._sleepers) == self.jobs, PATIENCE
            )
            if not asleep:
                raise TimeoutError('A thread does something else than sleep.')
        wakes = min(self._sleepers, default=None)
        timer = None if timeout is None else self.now + timeout
        if wakes is None or (timer is not None and timer < wakes[0]):
            if timer is None:
                raise TimeoutError('The loop waits for nothing.')
            self._wait_until(timer)
            return False
        until, number, awake = wakes
        self._sleepers.remove(wakes)
        self._wait_until(until)
        self.record.append({'what': 'thread ends', 'thread': number, 'at': self.now})
        awake.set()
        return True

    def _wait_until(self, until: float) -> None:
        until = round(until, 3)
        if until > self.now:
            event = {'what': 'loop waits', 'at': self.now, 'until': until}
            self.record.append(event)
        self.now = until


class Selector(selectors.DefaultSelector):
    """Waits for sockets; where there's nothing to wait for, the clock jumps."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready."""
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        return super().select(PATIENCE) if self.clock.jump(timeout) else []


class Turns(collections.abc.Coroutine[Any, Any, Any]):
    """A coroutine whose turns are recorded: what it prints, and where it pauses."""

    def __init__(self, coroutine: Any, loop: 'Loop') -> None:
        self._inner = coroutine
        self._loop = loop
        self.name = coroutine.cr_frame.f_locals.get('food', coroutine.__name__)

    def send(self, value: Any) -> Any:
        """Have a turn."""
        clock, printed = self._loop.clock, self._loop.printed
        event: Event = {'what': 'turn', 'who': self.name, 'at': clock.now}
        self._loop.turn = event
        start = len(printed.getvalue())
        try:
            return self._inner.send(value)
        finally:
            event['until'] = clock.now
            event['prints'] = printed.getvalue()[start:].splitlines()
            frame = self._inner.cr_frame
            event['pauses'] = self._loop.line(frame.f_lineno) if frame else None
            clock.record.append(event)

    def throw(self, *arguments: Any) -> Any:
        """Pass an exception on."""
        return self._inner.throw(*arguments)

    def close(self) -> None:
        """End the coroutine."""
        self._inner.close()

    def __await__(self) -> Any:
        raise TypeError('A task runs this; nothing awaits it.')


class Loop(asyncio.SelectorEventLoop):
    """An event loop that records the turns of a program's coroutines."""

    def __init__(self, clock: Clock, source: str, printed: io.StringIO) -> None:
        super().__init__(Selector(clock))
        self.clock = clock
        self.printed = printed
        self.turn: Event = {}
        self._lines = source.splitlines()
        self.set_task_factory(self._make_task)

    def time(self) -> float:
        """Return the time, in seconds."""
        return self.clock.now

    def line(self, number: int) -> str:
        """Return a line of the program."""
        return self._lines[number - 1].strip()

    def _make_task(self, loop: Any, coroutine: Any, **options: Any) -> Any:
        if coroutine.cr_code.co_filename == '<breakfast>':
            coroutine = Turns(coroutine, self)
            self.turn.setdefault('creates', []).append(coroutine.name)
        return asyncio.Task(coroutine, loop=self, **options)

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, function: Any, *arguments: Any
    ) -> Any:
        """Run a function in a thread, and record which."""
        self.clock.jobs += 1
        self.turn['thread'] = self.clock.jobs
        future = super().run_in_executor(executor, function, *arguments)
        future.add_done_callback(self._job_is_done)
        return future

    async def shutdown_default_executor(self, *arguments: Any) -> None:
        """Let the threads end; by now, none of them has any work."""
        await asyncio.sleep(0)
        if pool := getattr(self, '_default_executor', None):
            pool.shutdown()

    def _job_is_done(self, future: Any) -> None:
        self.clock.jobs -= 1


def loop_scene(title: str, source: str) -> Scene:
    """Run a program with a `main`; return what its coroutines did, in order."""
    events: list[Event] = []
    clock, printed = Clock(events), io.StringIO()
    module: dict[str, Any] = {'__name__': 'breakfast'}
    exec(compile(source, '<breakfast>', 'exec'), module)  # noqa: S102
    with (
        mock.patch.object(time, 'sleep', clock.sleep),
        contextlib.redirect_stdout(printed),
        asyncio.Runner(loop_factory=lambda: Loop(clock, source, printed)) as runner,
    ):
        runner.run(module['main']())
        recorded = list(events)
    return {'title': title, 'events': recorded}


def breakfast() -> list[Scene]:
    """Record the breakfast three times: awaited, blocking, and in threads."""
    good, wrong = (path.read_text(encoding='utf-8') for path in (GOOD, WRONG))
    return [
        loop_scene('await asyncio.sleep(seconds)', good),
        loop_scene(BLOCKS, wrong),
        loop_scene(IN_A_THREAD, wrong.replace(BLOCKS, IN_A_THREAD)),
    ]


def words(argument: object) -> str:
    """Return an argument of a Redis command; a body and a prefix are cut short."""
    if isinstance(argument, bytes):
        return '<entry>'
    first, *others = str(argument).split(':')
    return ':'.join([first, '…', *others[1:]]) if others else first


def answer_words(answer: object) -> str:
    """Return what Redis answers, as `redis-cli` prints it."""
    if answer is None:
        return '(nil)'
    if isinstance(answer, bytes):
        return '<entry>'
    return 'OK' if answer is True else f'(integer) {answer}'


async def cache_scenes() -> list[Scene]:
    """Send requests to the service of step 5; return who said what to whom."""
    import fakeredis.aioredis
    import falcon.testing

    from asgilook.app import create_app
    from asgilook.config import Config
    from asgilook.images import Images
    from workbook.pictures import upload

    events: list[Event] = []
    server = fakeredis.FakeServer()

    def note(who: str, to: str, says: str) -> None:
        events.append({'from': who, 'to': to, 'says': says})

    class Redis(fakeredis.aioredis.FakeRedis):
        async def execute_command(self, *arguments: Any, **options: Any) -> Any:
            note('RedisCache', 'Redis', ' '.join(map(words, arguments)))
            try:
                ask: Any = super().execute_command
                answer = await ask(*arguments, **options)
            except Exception as error:
                note('Redis', 'RedisCache', type(error).__name__)
                raise
            note('Redis', 'RedisCache', answer_words(answer))
            return answer

    def noted(name: str) -> Any:
        responder = getattr(Images, name)

        async def respond(self: Any, req: Any, resp: Any) -> None:
            note('RedisCache', 'Images', name)
            await responder(self, req, resp)
            note('Images', 'RedisCache', str(resp.status_code))

        return mock.patch.object(Images, name, respond)

    config = Config()
    config.redis_from_url = lambda url, **options: Redis(server=server)
    scenes: list[Scene] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        noted('on_get'),
        noted('on_post'),
    ):
        config.storage_path = folder
        async with falcon.testing.ASGIConductor(create_app(config)) as client:
            for title, method in [
                ('The first GET', 'GET'),
                ('The same again', 'GET'),
                ('A picture is uploaded', 'POST'),
                ('The next GET', 'GET'),
                ('Redis is gone', 'GET'),
            ]:
                server.connected = title != 'Redis is gone'
                events.clear()
                note('Client', 'RedisCache', f'{method} /images')
                body = upload() if method == 'POST' else None
                result = await client.simulate_request(method, '/images', body=body)
                header = result.headers.get('x-asgilook-cache')
                kept = f', X-ASGILook-Cache: {header}' if header else ''
                note('RedisCache', 'Client', f'{result.status}{kept}')
                scenes.append({'title': title, 'events': list(events)})
            server.connected = True
    return scenes


def record() -> dict[str, list[Scene]]:
    """Return all records, by the name of their figure."""
    return {'breakfast': breakfast(), 'cache': asyncio.run(cache_scenes())}


def load(name: str) -> list[Scene]:
    """Return the record that is kept by that name."""
    scenes: list[Scene] = json.loads(path(name).read_text(encoding='utf-8'))
    return scenes


def path(name: str) -> pathlib.Path:
    """Return where a record is kept."""
    return FOLDER / f'{name}.json'


def main() -> None:
    """Record, and print that; or keep it, and draw the pictures of it."""
    records = record()
    if '--print' in sys.argv[1:]:
        print(json.dumps(records))
        return
    FOLDER.mkdir(exist_ok=True)
    for name, scenes in records.items():
        text = json.dumps(scenes, indent=1, ensure_ascii=False)
        path(name).write_text(text + '\n', encoding='utf-8')
        picture = ROOT / 'docs' / 'pictures' / f'{name}.svg'
        picture.write_text(trace_pictures.draw(name, scenes), encoding='utf-8')


if __name__ == '__main__':
    main()
