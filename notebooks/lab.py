"""Shared by all labs: the snapshots, sample pictures, plots, and checks."""

import asyncio
import contextlib
import dataclasses
import functools
import importlib
import importlib.util
import inspect
import io
import logging
import pathlib
import shutil
import sys
import tempfile
import textwrap
import types
import weakref
from typing import Any, ClassVar

import falcon.testing
import matplotlib.figure
import matplotlib.patheffects
import matplotlib.pyplot as plt
import matplotlib.ticker
import PIL.Image
from IPython.display import SVG, Markdown, display

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.append(str(ROOT))

from workbook.book import samples
from workbook.layout import Step, steps

plt.style.use(HERE / 'lab.mplstyle')

IN_THE_DARK = {
    '#f3f5f8': '#1a1f26',  # the card
    '#1b2530': '#eef2f6',  # text, axes, ticks
    '#c9d1da': '#435063',  # the grid
}
"""The neutral colours of a plot, each with the one to take on a dark page."""

TEXT = '#1b2530'
"""The colour of text in plots; like the others above, it changes in the dark."""

BLUE, RED, GREEN, PINK, ORANGE, SKY = (
    '#0072b2',
    '#d55e00',
    '#009e73',
    '#cc79a7',
    '#e69f00',
    '#56b4e9',
)
"""Okabe's and Ito's colours, which can be told apart by everybody.

Some are pale on the card. Marks have a dark edge from lab.mplstyle; a pale line needs
`path_effects=OUTLINE`, and text is in the colour of text.
"""

WIDTH = 5.0
"""How wide plots are, in inches, with type of lab.mplstyle's size in them."""

OUTLINE = [matplotlib.patheffects.withStroke(linewidth=3.5, foreground=TEXT)]
"""The effect that gives a line a dark edge."""


class Client(falcon.testing.ASGIConductor):
    """Falcon's client for coroutines; it starts the app before its first request."""

    _running: ClassVar[set['Client']] = set()
    """The running clients, kept so that their background work doesn't vanish."""

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self._starting = asyncio.Lock()
        self._started = False

    async def start(self) -> None:
        """Send the app `lifespan.startup`, unless it has been started."""
        async with self._starting:
            if not self._started:
                await self.__aenter__()
                self._started = True
                self._running.add(self)

    async def stop(self) -> None:
        """Send the app `lifespan.shutdown`, if it has been started."""
        if self._started:
            self._started = False
            self._running.remove(self)
            await self.__aexit__(None, None, None)

    async def simulate_request(self, *arguments: Any, **options: Any) -> Any:
        """Make a request; return Falcon's result of it."""
        await self.start()
        return await super().simulate_request(*arguments, **options)


@dataclasses.dataclass
class Service:
    """A step's app, with a client, a folder and a Redis of its own."""

    step: Step
    app: Any
    client: Client
    folder: pathlib.Path
    """Where pictures go; it's removed when the service is no longer used."""
    config: Any = None
    """The settings; None for step 1, which comes without."""
    redis_server: Any = None
    """The fake Redis; `redis_server.connected = False` disconnects it."""

    @property
    def redis(self) -> Any:
        """A client of the fake Redis, to look inside."""
        from fakeredis.aioredis import FakeRedis

        return FakeRedis(server=self.redis_server)

    def make_store(self) -> Any:
        """Return another store, with an index of its own, on the same folder."""
        return module('store').Store(self.config)


def module(name: str) -> types.ModuleType:
    """Return a module of the snapshot that is in use: `module('convert')`."""
    return importlib.import_module(f'asgilook.{name}')


def switch_to(snapshot: pathlib.Path) -> None:
    """Let `import asgilook` find that snapshot, and no other."""
    snapshots = {str(other.snapshot) for other in steps()}
    sys.path[:] = [path for path in sys.path if path not in snapshots]
    sys.path.insert(0, str(snapshot))
    for name in [name for name in sys.modules if name.split('.')[0] == 'asgilook']:
        del sys.modules[name]


def use_step(number: int, snapshot: pathlib.Path | None = None) -> Service:
    """Return the service of a step, fresh.

    From then on `import asgilook` finds the same step; services made earlier keep
    working. `snapshot` is a folder with a changed copy of the step's snapshot, to use
    instead.
    """
    found = {step.number: step for step in steps()}
    if number not in found:
        raise ValueError(f'There is no step {number}; there are {list(found)}.')
    step = found[number]
    snapshot = snapshot or step.snapshot
    switch_to(snapshot)
    folder = pathlib.Path(tempfile.mkdtemp(prefix='lab-'))

    config = server = None
    if (snapshot / 'asgilook' / 'config.py').exists():
        config = module('config').Config()
        config.storage_path = folder
    if step.uses_redis:
        from fakeredis import FakeServer
        from fakeredis.aioredis import FakeRedis

        server = FakeServer()
        config.redis_from_url = lambda url, **options: FakeRedis(server=server)
    make = getattr(module('app'), 'create_app', None)
    app = make(config) if make else module('app').app
    service = Service(step, app, Client(app), folder, config, server)
    weakref.finalize(service, shutil.rmtree, folder, ignore_errors=True)
    return service


@functools.cache
def sample(name: str) -> bytes:
    """Return a sample picture's file: 'photo.jpeg', 'logo.png' or 'notes.txt'."""
    with tempfile.TemporaryDirectory() as folder:
        samples.write(pathlib.Path(folder))
        return pathlib.Path(folder, name).read_bytes()


@functools.cache
def photo(width: int) -> bytes:
    """Return the sample photo as a camera would, that wide, with some noise."""
    size = (width, width * 3 // 4)
    noise = PIL.Image.merge('RGB', [PIL.Image.effect_noise(size, 40)] * 3)
    picture = PIL.Image.blend(samples.view().resize(size), noise, 0.1)
    output = io.BytesIO()
    picture.save(output, 'JPEG', quality=90)
    return output.getvalue()


def tour(name: str) -> types.ModuleType:
    """Return a file of the book's tour, with a fresh app."""
    path = ROOT / 'examples' / 'tour' / f'{name}.py'
    spec = importlib.util.spec_from_file_location(f'tour_{name}', path)
    assert spec
    assert spec.loader
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


class GoBetween:
    """A server that passes everything on to Redis, after a while."""

    def __init__(self, url: str) -> None:
        self._port = int(url.rpartition(':')[2])
        self.delay = 0.0

    async def start(self) -> str:
        """Listen on a free port; return a URL for it."""
        self._server = await asyncio.start_server(self._connect, '127.0.0.1', 0)
        return f'redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}'

    async def _connect(self, reader: Any, writer: Any) -> None:
        from_redis, to_redis = await asyncio.open_connection('127.0.0.1', self._port)
        await asyncio.gather(
            self._pass_on(reader, to_redis, slowly=True),
            self._pass_on(from_redis, writer, slowly=False),
        )

    async def _pass_on(self, reader: Any, writer: Any, slowly: bool) -> None:
        with contextlib.suppress(ConnectionError), contextlib.closing(writer):
            while data := await reader.read(65536):
                if slowly:
                    await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()

    def stop(self) -> None:
        """Stop listening."""
        self._server.close()


class Lines(logging.Handler):
    """The lines of a log, as a list."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record.getMessage())


def show_code(*found: Any) -> None:
    """Show the code of functions, classes or modules."""
    code = '\n\n'.join(inspect.getsource(one) for one in found)
    display(Markdown(f'```python\n{code}```'))


def figure(
    title: str, x: str = '', y: str = '', height: float = 3.6, **options: Any
) -> Any:
    """Return an empty plot's figure and axes; the title says what to look for.

    `x` and `y` say what the axes measure, with units. Options are those of
    `pyplot.subplots`. A plot is narrow enough to be read on a phone.
    """
    drawn, axes = plt.subplots(figsize=(WIDTH, height), **options)
    drawn.suptitle(textwrap.fill(title, 50))
    for one in drawn.axes:
        one.set(xlabel=x, ylabel=y)
    return drawn, axes


def logarithmic(axis: Any, *ticks: float) -> None:
    """Make an axis of a plot logarithmic, with plain numbers at some ticks."""
    getattr(axis.axes, f'set_{axis.axis_name}scale')('log')
    axis.set_ticks(ticks)
    axis.set_major_formatter('{x:g}')
    axis.set_minor_formatter(matplotlib.ticker.NullFormatter())


def to_svg(drawn: matplotlib.figure.Figure) -> str:
    """Return a plot as SVG, with other neutral colours where the page is dark.

    Pictures in it have two pixels for each of the plot.
    """
    output = io.StringIO()
    drawn.savefig(output, format='svg', dpi=144, metadata={'Date': None})
    rules = ''.join(
        f'[style*="{kind}: {light}"]{{{kind}:{dark} !important}}'
        for light, dark in IN_THE_DARK.items()
        for kind in ['fill', 'stroke']
    )
    style = f'<style>@media(prefers-color-scheme:dark){{{rules}}}</style>'
    before, end, after = output.getvalue().partition('</metadata>')
    return f'{before}{end}{style}{after}'


def show(drawn: matplotlib.figure.Figure) -> None:
    """Show a plot."""
    display(SVG(to_svg(drawn)))
    plt.close(drawn)


class NotYet(AssertionError):  # noqa: N818 - it is a hint, and reads as one
    """The task of a cell isn't solved yet."""

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython shows instead of a traceback."""
        return [f'Not yet: {self}']


def check(condition: object, hint: str) -> None:
    """Say that a task is solved; if the condition is false, raise with the hint."""
    if not condition:
        raise NotYet(hint)
    print('Solved: that works.')
