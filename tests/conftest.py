"""What all steps' tests share: the app under test, and a place for it to live."""

import asyncio
import contextlib
import functools
import importlib
import inspect
import os
import pathlib
import sys
import time
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

# Nothing of the app is imported here, nor at the top of a test's file: what a step
# has not got yet fails the tests that need it, one by one.


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the folder to test."""
    parser.addoption(
        '--app',
        metavar='PATH',
        help='the folder to test, a snapshot or your own: the one with asgilook in it '
        "(the snapshot of the tests' own step)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers; put the folder to test before all others."""
    config.addinivalue_line(
        'markers',
        'hint(first, second, section=LABEL): what to look at when the test fails, '
        'and where the book tells of it',
    )
    config.addinivalue_line(
        'markers', 'processes: it wants the real processes that step 7 brings'
    )
    config.addinivalue_line(
        'markers', 'plants_bugs: it tries a suite on code with bugs, which takes long'
    )
    if path := config.getoption('app'):
        folder = pathlib.Path(path).resolve()
        if not folder.is_dir():
            raise pytest.UsageError(f'--app: there is no folder {folder}')
        if not (folder / 'asgilook').is_dir():
            raise pytest.UsageError(
                f'--app: {folder} has no folder asgilook in it; name the one that has'
            )
        sys.path.insert(0, str(folder))


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Test the snapshot of the tests' own step, unless the command names a folder."""
    here = pathlib.Path(__file__).parent
    names = {item.path.relative_to(here).parts[0] for item in items
             if item.path.is_relative_to(here)}  # fmt: skip
    found = sorted(name for name in names if name.startswith('step'))
    if config.getoption('app') or not found:
        return
    if len(found) > 1:
        raise pytest.UsageError(
            f'These tests are for several steps ({", ".join(found)}): '
            'name the folder to test, as in --app steps/step5_cache'
        )
    config.option.app = str(here.parent / 'steps' / found[0])
    sys.path.insert(0, config.option.app)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Turn a skip into a failure where everything must run: in CI."""
    report = yield
    if report.skipped and os.environ.get('CI'):
        report.outcome = 'failed'
        report.longrepr = f'Skipped, which CI does not allow: {report.longrepr[2]}'
    return report


@pytest.fixture
def app_folder(pytestconfig: pytest.Config) -> pathlib.Path:
    """Return the folder under test."""
    path = pytestconfig.getoption('app')
    assert path, 'Say which folder to test: pytest --app steps/step5_cache'
    return pathlib.Path(path).resolve()


@pytest.fixture
def module(app_folder: pathlib.Path) -> Callable[[str], types.ModuleType]:
    """Return a function that imports a module of the package under test."""

    def import_it(name: str) -> types.ModuleType:
        found = importlib.import_module(f'asgilook.{name}')
        assert app_folder in pathlib.Path(found.__file__ or '').parents, (
            f'{found.__file__} was imported, not from your folder: has your package a '
            'file asgilook/__init__.py?'
        )
        return found

    return import_it


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return the folder in which the test's store keeps its pictures."""
    return tmp_path / 'store'


@pytest.fixture
def config(module, folder, monkeypatch) -> Any:
    """Return settings for one test: a store of its own, and a Redis of its own."""
    monkeypatch.delenv('ASGI_LOOK_STORAGE_PATH', raising=False)
    monkeypatch.delenv('ASGI_LOOK_REDIS_HOST', raising=False)
    monkeypatch.delenv('ASGI_LOOK_DATABASE_URL', raising=False)
    config = module('config').Config()
    config.storage_path = folder
    if hasattr(config, 'redis_from_url'):
        from fakeredis import FakeServer
        from fakeredis.aioredis import FakeRedis

        server = FakeServer()
        config.redis_from_url = lambda url, **options: FakeRedis(server=server)
    return config


@pytest.fixture(autouse=True)
def work_in_threads(request, pytestconfig, monkeypatch) -> None:
    """Let Pillow work in this process, where coverage sees it, from step 7 on.

    A test of the processes themselves has the marker `processes`.
    """
    if request.node.get_closest_marker('processes') or not pytestconfig.option.app:
        return
    try:
        workers = request.getfixturevalue('module')('workers')
    except ImportError:
        return

    async def run(function: Any, *arguments: Any, timeout: float) -> Any:
        return await asyncio.to_thread(function, *arguments)

    monkeypatch.setattr(workers, 'run', run)


@pytest.fixture
def store(module, config) -> Any:
    """Return an empty store."""
    return module('store').Store(config)


NO_APP = (
    'asgilook/app.py has no `app`, nor the function `create_app` that makes one from '
    'chapter 3 on.'
)
NOTHING_MADE = (
    '`create_app` in asgilook/app.py returns nothing yet: it has to end with '
    '`return app`.'
)


@pytest.fixture
def app(module, request) -> Any:
    """Return the app: from `create_app`, once there is one."""
    found = module('app')
    if hasattr(found, 'create_app'):
        made = found.create_app(request.getfixturevalue('config'))
        if made is None:
            raise AttributeError(NOTHING_MADE, name='create_app', obj=found)
        return made
    if not hasattr(found, 'app'):
        raise AttributeError(NO_APP, name='app', obj=found)
    return found.app


class Client:
    """A client of an app that starts up once and runs on, as behind a server.

    Falcon's own `TestClient` starts the app anew for each request.
    """

    def __init__(self, conductor: Any, runner: asyncio.Runner) -> None:
        self._conductor = conductor
        self._runner = runner

    def simulate_request(self, method: str, path: str, **options: Any) -> Any:
        """Make a request; return Falcon's result of it."""
        request = self._conductor.simulate_request(method, path, **options)
        return self._runner.run(request)

    simulate_get = functools.partialmethod(simulate_request, 'GET')
    simulate_head = functools.partialmethod(simulate_request, 'HEAD')
    simulate_options = functools.partialmethod(simulate_request, 'OPTIONS')
    simulate_post = functools.partialmethod(simulate_request, 'POST')
    simulate_delete = functools.partialmethod(simulate_request, 'DELETE')


@pytest.fixture
def make_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the event loops of a test: by default, asyncio itself."""
    return None


@pytest.fixture
def client(app, make_loop) -> Iterator[Client]:
    """Return a client of the app."""
    import falcon.testing

    conductor = falcon.testing.ASGIConductor(app)
    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(conductor.__aenter__())
        yield Client(conductor, runner)
        runner.run(conductor.__aexit__(None, None, None))


@pytest.fixture
def run(make_loop) -> Callable[..., Any]:
    """Return a function that runs a coroutine to its end."""

    def run_it(coroutine: Any) -> Any:
        with asyncio.Runner(loop_factory=make_loop) as runner:
            return runner.run(coroutine)

    return run_it


@pytest.fixture
def result_of(run) -> Callable[[Any], Any]:
    """Return a function that awaits what must be awaited, and returns the result.

    Some methods of the store become coroutines in step 8.
    """

    async def wait_for(awaitable: Any) -> Any:
        return await awaitable

    def find_out(value: Any) -> Any:
        return run(wait_for(value)) if inspect.isawaitable(value) else value

    return find_out


@pytest.fixture
def left_behind(folder) -> Callable[[], list[str]]:
    """Return a function that names the files in the store's folder."""
    return lambda: sorted(path.name for path in folder.rglob('*') if path.is_file())


@pytest.fixture
def free_port() -> int:
    """Return a port on which nothing listens."""
    import socket

    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return int(probe.getsockname()[1])


class LoopWatch:
    """What the event loop's thread did that it should have left to others."""

    def __init__(self) -> None:
        self.on = False
        self.blocking: list[str] = []

    def note(self, what: str) -> None:
        """Note a blocking call, if an event loop runs in this thread."""
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop()
            if self.on:
                self.blocking.append(what)


WATCH = LoopWatch()


@pytest.fixture(scope='session')
def audited_folders() -> list[pathlib.Path]:
    """Return the folders in which opening a file in the event loop is noted."""
    folders: list[pathlib.Path] = []

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event == 'open' and WATCH.on and isinstance(arguments[0], str | os.PathLike):
            path = pathlib.Path(arguments[0])
            if any(folder in path.parents for folder in folders):
                WATCH.note(f'open {path.name}')

    sys.addaudithook(audit)
    return folders


@pytest.fixture
def blocking_calls(audited_folders, folder, monkeypatch) -> Iterator[list[str]]:
    """Watch the event loop; yield what blocked it: files, Pillow, sleep."""
    import PIL.Image
    import PIL.ImageFile

    def watched(function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            WATCH.note(name)
            return function(*arguments, **options)

        return call

    monkeypatch.setattr(time, 'sleep', watched(time.sleep, 'time.sleep'))
    monkeypatch.setattr(PIL.Image, 'open', watched(PIL.Image.open, 'Image.open'))
    for owner in [PIL.Image.Image, PIL.ImageFile.ImageFile]:
        for name in ['load', 'save', 'convert', 'resize', 'thumbnail', 'transpose']:
            if name in vars(owner):
                method = watched(vars(owner)[name], f'{owner.__name__}.{name}')
                monkeypatch.setattr(owner, name, method)
    WATCH.blocking = []
    WATCH.on = True
    audited_folders.append(folder)
    yield WATCH.blocking
    audited_folders.remove(folder)
    WATCH.on = False
