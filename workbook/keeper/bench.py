"""Measure what the last snapshot costs, against bare Falcon, Pillow, and part one.

    python -m workbook.keeper.bench [--quick] [--strict]

Run by `tox -e bench`, in an environment with the snapshot in it. The programs
redis-server and wrk must be there too.
"""

import asyncio
import concurrent.futures
import contextlib
import functools
import http.client
import importlib
import importlib.metadata
import io
import itertools
import os
import pathlib
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple

import falcon.asgi
import PIL.Image
import PIL.ImageDraw
import redis
import redis.asyncio
from falcon.asgi import Request, Response

from workbook.cli import Parser, UserError
from workbook.layout import ROOT, Step, steps
from workbook.processes import comes_up, free_port
from workbook.reader.serve import REDIS, STORAGE

PACKAGES = {'redis-server': 'redis', 'wrk': 'wrk'}
"""The programs that are needed, and what brings them."""

PROC = pathlib.Path('/proc')
"""Where Linux tells how much CPU time and memory a process has used."""

PART_ONE = 6
"""The number of the step to whose uploads and thumbnails later ones are compared."""

SNAPSHOT = ['asgilook.asgi:app']
BARE = ['workbook.keeper.bench:bare_app', '--factory', '--app-dir', str(ROOT)]
BARE_KEY = 'bench:bare'
BARE_LIST_KEY = 'bench:list'
UVICORN_OPTIONS = '--no-access-log --log-level warning'
WRK_OPTIONS = '-t1 -c16 -d1'
THUMBNAIL = (400, 300)
AT_ONCE = 32
BLOCK = 20
"""How many times in a row something is done whose CPU time is measured."""
PAGE = 100
"""How many images a page of the list has."""


class Row(NamedTuple):
    """A line of the table."""

    what: str
    figure: str
    target: str
    verdict: str
    absolute: str


HEAD = Row('what', 'figure', 'target', 'verdict', 'absolute figures')
WIDTHS = (36, 7, 13, 7, 36)


def verdict(holds: bool) -> str:
    """Return what to say of a target."""
    return 'holds' if holds else 'MISSES'


class Bare:
    """The least that Falcon can do: one Redis GET, and its value as the answer."""

    def __init__(self, url: str) -> None:
        self._redis: Any = redis.asyncio.Redis.from_url(url)

    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer with the value."""
        resp.content_type = falcon.MEDIA_JPEG
        resp.data = await self._redis.get(BARE_KEY)


class Barest:
    """Even less: the same answer, from memory."""

    def __init__(self, url: str, key: str, content_type: str) -> None:
        with redis.Redis.from_url(url) as client:
            self._value: Any = client.get(key)
        self._content_type = content_type

    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer with the value that was there at the start."""
        resp.content_type = self._content_type
        resp.data = self._value


def bare_app() -> falcon.asgi.App[Request, Response]:
    """Return an application with nothing but the bare responders."""
    app, url = falcon.asgi.App(), os.environ[REDIS]
    app.add_route('/bare', Bare(url))
    app.add_route('/barest', Barest(url, BARE_KEY, falcon.MEDIA_JPEG))
    app.add_route('/list', Barest(url, BARE_LIST_KEY, falcon.MEDIA_JSON))
    return app


@contextlib.contextmanager
def running(command: list[str], **environment: str) -> Iterator[tuple[int, int]]:
    """Run a server and end it; yield its port, when it listens, and its process id."""
    port = free_port()
    process = subprocess.Popen(
        [*command, '--port', str(port)],
        stdout=subprocess.DEVNULL,
        env=os.environ | environment,
        process_group=0,  # Ctrl-C is for the bench, which ends this then.
    )
    try:
        if not comes_up(process, port):
            raise UserError(f'This does not start: {" ".join(command)}')
        yield port, process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def family(pid: int) -> list[int]:
    """Return the id of a process, and those of all that it has started."""
    found = [pid]
    for path in (PROC / f'{pid}' / 'task').glob('*/children'):
        with contextlib.suppress(OSError):
            for child in path.read_text(encoding='utf-8').split():
                found += family(int(child))
    return found


class Server(NamedTuple):
    """A uvicorn process of one worker, and where its images go."""

    port: int
    pid: int
    folder: pathlib.Path

    def connect(self) -> contextlib.closing[http.client.HTTPConnection]:
        """Return a connection, to be closed at the end of a with statement."""
        return contextlib.closing(http.client.HTTPConnection('127.0.0.1', self.port))

    def upload(self, data: bytes) -> str:
        """Store a picture; return the path of its thumbnail."""
        with self.connect() as connection:
            return post(connection, data)

    def computed(self) -> float:
        """Return how much CPU time has been used so far, in ms.

        That of the processes which it has started counts as well.
        """
        ticks = 0
        for text in self._files('stat'):
            ticks += sum(map(int, text.rpartition(')')[2].split()[11:15]))
        return ticks * 1000 / os.sysconf('SC_CLK_TCK')

    def peak(self) -> float:
        """Return the most memory that each of the processes has ever had, in MB."""
        found = (
            re.findall(r'VmHWM:\s*(\d+) kB', text) for text in self._files('status')
        )
        return sum(int(kibibytes) * 1024 / 1e6 for [kibibytes] in found)

    def _files(self, name: str) -> Iterator[str]:
        """Yield a file of each process, as Linux shows it."""
        for pid in family(self.pid):
            with contextlib.suppress(OSError):
                yield (PROC / f'{pid}' / name).read_text(encoding='utf-8')


def get(connection: http.client.HTTPConnection, path: str, cache: str) -> bytes:
    """Return the body of an answer that is a Hit or a Miss, as is to be."""
    connection.request('GET', path)
    response = connection.getresponse()
    body = response.read()
    if (response.status, response.headers['X-ASGILook-Cache']) != (200, cache):
        raise UserError(f'GET {path}: no {cache}, but {response.status}.')
    return body


def post(connection: http.client.HTTPConnection, data: bytes) -> str:
    """Store a picture; return the path of its thumbnail."""
    connection.request('POST', '/images', data)
    response = connection.getresponse()
    response.read()
    if response.status != 201:
        raise UserError(f'An upload was answered with {response.status}.')
    name = pathlib.PurePosixPath(response.headers['Location']).stem
    return f'/thumbnails/{name}/{THUMBNAIL[0]}x{THUMBNAIL[1]}.jpeg'


class Bench:
    """What a measurement needs: a Redis, a folder, servers; and whether to hurry."""

    def __init__(self, stack: contextlib.ExitStack, quick: bool) -> None:
        self.quick = quick
        self.folder = stack.enter_context(tempfile.TemporaryDirectory())
        command = ['redis-server', '--bind', '127.0.0.1', '--dir', self.folder]
        command += ['--save', '', '--appendonly', 'no']
        port, _ = stack.enter_context(running(command))
        self._url = f'redis://127.0.0.1:{port}'
        self.redis = stack.enter_context(redis.Redis.from_url(self._url))
        self._stack = stack
        self._numbers = itertools.count()

    def new_folder(self) -> pathlib.Path:
        """Return a folder for images; what a step keeps beside it is removed, too."""
        return pathlib.Path(self.folder, f'images{next(self._numbers)}')

    def serve(self, target: list[str] = SNAPSHOT) -> Server:
        """Start a server; it runs until the measurement ends."""
        command = [sys.executable, '-m', 'uvicorn', *target, *UVICORN_OPTIONS.split()]
        folder = self.new_folder()
        environment = {REDIS: self._url, STORAGE: str(folder)}
        started = self._stack.enter_context(running(command, **environment))
        return Server(*started, folder)

    def serve_step(self, step: Step) -> Server:
        """Start a server of that step, as `serve` does."""
        return self.serve([*SNAPSHOT, '--app-dir', str(step.snapshot)])


def photo(width: int, height: int) -> PIL.Image.Image:
    """Return something like a photo: gradients, some noise, and a few shapes."""
    size = (width, height)
    slope, glow = PIL.Image.linear_gradient('L'), PIL.Image.radial_gradient('L')
    noise = PIL.Image.effect_noise(size, 24)
    bands = [
        PIL.Image.blend(band.resize(size), noise, 0.15)
        for band in (slope, slope.rotate(90), glow)
    ]
    picture = PIL.Image.merge('RGB', bands)
    draw = PIL.ImageDraw.Draw(picture)
    for index in range(24):
        left, top = width * (index * 37 % 97) // 97, height * (index * 59 % 89) // 89
        box = (left, top, left + width // (6 + index % 7), top + height // 8)
        shape = draw.ellipse if index % 2 else draw.rectangle
        shape(box, fill=(index * 10, 255 - index * 7, index * 83 % 256))
    return picture


def as_file(picture: PIL.Image.Image, kind: str = 'JPEG') -> bytes:
    """Return the picture as the data of a JPEG, or of a PNG."""
    output = io.BytesIO()
    picture.save(output, kind, quality=90, compress_level=1)
    return output.getvalue()


class Round(NamedTuple):
    """A round of wrk: the requests per second, and the CPU time for one, in ms."""

    rate: float
    cpu: float


def wrk(server: Server, path: str) -> Round:
    """Ask for a path for a second, from sixteen connections."""
    before = server.computed()
    url = f'http://127.0.0.1:{server.port}{path}'
    command = ['wrk', *WRK_OPTIONS.split(), url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rate = re.search(r'Requests/sec:\s*([\d.]+)', done.stdout)
    count = re.search(r'(\d+) requests in', done.stdout)
    failed = 'Non-2xx' in done.stdout or 'Socket errors' in done.stdout
    if rate is None or count is None or failed:
        raise UserError(f'wrk met with errors:\n{done.stdout}')
    return Round(float(rate[1]), (server.computed() - before) / int(count[1]))


def ratio_row(
    what: str, pairs: list[tuple[float, float]], most: float, unit: str
) -> Row:
    """Return a row for measurements that were made in pairs: the median of ratios."""
    mine, other = map(statistics.median, zip(*pairs, strict=True))
    ratios = [mine / other for mine, other in pairs]
    ratio = statistics.median(ratios)
    text = f'{mine:.2f} {unit} against {other:.2f} {unit}; '
    text += f'rounds {min(ratios):.2f} to {max(ratios):.2f}'
    return Row(what, f'{ratio:.2f}', f'at most {most:g}', verdict(ratio <= most), text)


def rate_row(what: str, pairs: list[tuple[float, float]], least: float) -> Row:
    """Return a row for rates that were measured in pairs: the median of ratios."""
    mine, other = map(statistics.median, zip(*pairs, strict=True))
    ratios = [mine / other for mine, other in pairs]
    ratio = statistics.median(ratios)
    text = f'{mine:.0f}/s against {other:.0f}/s; '
    text += f'rounds {min(ratios):.2f} to {max(ratios):.2f}'
    return Row(
        what, f'{ratio:.2f}', f'at least {least:g}', verdict(ratio >= least), text
    )


def in_rounds(sides: list[tuple[Server, str]], count: int) -> list[list[Round]]:
    """Ask each side in each round, and return the rounds.

    The servers are asked by turns, so that each has its share of a machine's better
    and worse seconds; each is the first of a round as often.
    """
    rounds = []
    for index in range(count):
        first = index % len(sides)
        order = [*range(first, len(sides)), *range(first)]
        found = {side: wrk(*sides[side]) for side in order}
        rounds.append([found[side] for side in range(len(sides))])
    return rounds


def cached(bench: Bench) -> Iterator[Row]:
    """Measure thumbnails that are in the cache."""
    ours = bench.serve()
    path = ours.upload(as_file(photo(1600, 1200)))
    with ours.connect() as connection:
        body = get(connection, path, 'Miss')
        get(connection, path, 'Hit')
    bench.redis.set(BARE_KEY, body)
    bare = bench.serve(BARE)

    sides = [(ours, path), (bare, '/bare'), (bare, '/barest')]
    rounds = in_rounds(sides, 6 if bench.quick else 24)
    what = f'cached thumbnails of {len(body)} bytes per second / bare Falcon with one '
    what += 'Redis GET'
    yield rate_row(what, [(one.rate, two.rate) for one, two, _ in rounds], 0.85)
    what = 'the same / bare Falcon without Redis'
    yield rate_row(what, [(one.rate, two.rate) for one, _, two in rounds], 0.6)
    what = 'CPU time of the server for one / bare Falcon with one Redis GET'
    yield ratio_row(what, [(one.cpu, two.cpu) for one, two, _ in rounds], 1.5, 'ms')
    what = 'the same / bare Falcon without Redis'
    yield ratio_row(what, [(one.cpu, two.cpu) for one, _, two in rounds], 4, 'ms')


def listed(bench: Bench) -> Iterator[Row]:
    """Measure a full page of the list, in the cache and not."""
    ours = bench.serve()
    data = as_file(photo(320, 240))
    with ours.connect() as connection:
        for _ in range(PAGE):
            post(connection, data)

        def miss() -> None:
            bench.redis.flushall()
            get(connection, '/images', 'Miss')

        cpu = statistics.median(Side(miss, ours.computed).measure() for _ in range(5))
        body = get(connection, '/images', 'Hit')
    bench.redis.set(BARE_KEY, b'')
    bench.redis.set(BARE_LIST_KEY, body)
    bare = bench.serve(BARE)

    rounds = in_rounds([(ours, '/images'), (bare, '/list')], 6 if bench.quick else 24)
    what = f'cached pages of {PAGE} images, {len(body)} bytes, per second / bare '
    what += 'Falcon without Redis'
    yield rate_row(what, [(one.rate, two.rate) for one, two in rounds], 0.5)
    what = 'CPU time of the server for a page that is not in the cache'
    text = f'median of 5 times {BLOCK} pages'
    yield Row(what, f'{cpu:.1f} ms', 'at most 10 ms', verdict(cpu <= 10), text)


def timed(work: Callable[[], object]) -> float:
    """Return how long the work takes, in ms."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def here() -> float:
    """Return how much CPU time this process has used so far, in ms."""
    return time.process_time() * 1000


class Side(NamedTuple):
    """Work of one kind, and the clock for the CPU time of the process that does it."""

    work: Callable[[], object]
    clock: Callable[[], float]

    def measure(self) -> float:
        """Return the CPU time for the work, in ms: the mean of a block."""
        before = self.clock()
        for _ in range(BLOCK):
            self.work()
        return (self.clock() - before) / BLOCK


@contextlib.contextmanager
def in_a_thread() -> Iterator[Callable[..., Callable[[], object]]]:
    """Yield a function that has work done in one thread, as the service does.

    In the main thread, what becomes of memory that is freed, and with it the time,
    depends on what was done there before.
    """
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        yield lambda work, *arguments: lambda: pool.submit(work, *arguments).result()


def by_turns(ours: Side, alone: Side, rounds: int) -> list[tuple[float, float]]:
    """Measure both sides in each round, each of them first as often."""
    pairs = []
    for index in range(rounds):
        if index % 2:
            other, mine = alone.measure(), ours.measure()
        else:
            mine, other = ours.measure(), alone.measure()
        pairs.append((mine, other))
    return pairs


def pillow_alone(path: pathlib.Path, quality: int | None = None) -> None:
    """Make a thumbnail; save it too, if a quality is named."""
    with PIL.Image.open(path) as image:
        image.thumbnail(THUMBNAIL)
        if quality is not None:
            image.save(io.BytesIO(), 'JPEG', quality=quality)


def converted_alone(data: bytes, quality: int) -> None:
    """Make a JPEG of a picture's file."""
    with PIL.Image.open(io.BytesIO(data)) as image:
        image.convert('RGB').save(io.BytesIO(), 'JPEG', quality=quality)


def uncached(bench: Bench) -> Iterator[Row]:
    """Measure thumbnails that are not in the cache."""
    server = bench.serve()
    path = server.upload(as_file(photo(1600, 1200)))
    [file] = server.folder.glob('*.jpeg')
    quality = importlib.import_module('asgilook.convert').QUALITY
    times = []
    with server.connect() as connection, in_a_thread() as done:
        for _ in range(40 if bench.quick else 200):
            bench.redis.flushall()
            whole = timed(functools.partial(get, connection, path, 'Miss'))
            saved = timed(done(pillow_alone, file, quality))
            unsaved = timed(done(pillow_alone, file))
            times.append((whole, saved, unsaved))

    whole, saved, unsaved = map(statistics.median, zip(*times, strict=True))
    ratio = statistics.median(row[0] / row[1] for row in times)
    what = 'uncached thumbnail, the whole request / Pillow: open, thumbnail, save'
    text = f'{whole:.1f} ms against {saved:.1f} ms'
    yield Row(what, f'{ratio:.2f}', 'at most 1.3', verdict(ratio <= 1.3), text)
    ratio = statistics.median(row[0] / row[2] for row in times)
    what = 'the same / Pillow: open, thumbnail, and no save'
    text = f'{whole:.1f} ms against {unsaved:.1f} ms'
    yield Row(what, f'{ratio:.2f}', '-', '-', text)


def cpu(bench: Bench) -> Iterator[Row]:
    """Measure the CPU time for what Pillow does, in the server and by itself."""
    server = bench.serve()
    data = as_file(photo(1600, 1200))
    path = server.upload(data)
    [file] = server.folder.glob('*.jpeg')
    quality = importlib.import_module('asgilook.convert').QUALITY
    rounds = 4 if bench.quick else 16
    with server.connect() as connection, in_a_thread() as done:

        def miss() -> None:
            bench.redis.flushall()
            get(connection, path, 'Miss')

        ours = Side(miss, server.computed)
        alone = Side(done(pillow_alone, file, quality), here)
        what = 'CPU time for an uncached thumbnail / Pillow: open, thumbnail, save'
        yield ratio_row(what, by_turns(ours, alone, rounds), 0.8, 'ms')
        ours = Side(functools.partial(post, connection, data), server.computed)
        alone = Side(done(converted_alone, data, quality), here)
        what = 'CPU time for an upload of 1600x1200 / Pillow: open, convert, save'
        yield ratio_row(what, by_turns(ours, alone, rounds), 1.2, 'ms')


Work = Callable[[http.client.HTTPConnection, str], object]
"""Something to do by a connection, and with the path of a thumbnail."""


def costs(server: Server, path: str, work: Work, times: int) -> tuple[float, float]:
    """Return the time and the CPU time of something done so many times: the means."""
    with server.connect() as connection:
        clock, computed = time.perf_counter(), server.computed()
        for _ in range(times):
            work(connection, path)
        passed = (time.perf_counter() - clock) * 1000
        return passed / times, (server.computed() - computed) / times


def since_part_one(bench: Bench) -> Iterator[Row]:
    """Compare uploads, and thumbnails that aren't cached, with those of part one."""
    [control] = [step for step in steps() if step.number == PART_ONE]
    small, large = as_file(photo(1600, 1200)), as_file(photo(4000, 3000))
    servers = [bench.serve(), bench.serve_step(control)]
    sides = [(server, server.upload(small)) for server in servers]

    def miss(connection: http.client.HTTPConnection, path: str) -> None:
        bench.redis.flushall()
        get(connection, path, 'Miss')

    kinds: list[tuple[str, Work, int]] = [
        ('an uncached thumbnail', miss, BLOCK),
        ('an upload of 1600x1200', lambda it, _: post(it, small), BLOCK),
        ('an upload of 4000x3000', lambda it, _: post(it, large), BLOCK // 4),
    ]
    for what, work, times in kinds:
        rounds = []
        for index in range(4 if bench.quick else 16):
            order = [0, 1] if index % 2 else [1, 0]
            found = {side: costs(*sides[side], work, times) for side in order}
            rounds.append((found[0], found[1]))
        for index, unit in enumerate(['time', 'CPU time']):
            pairs = [(ours[index], before[index]) for ours, before in rounds]
            title = f'{unit} for {what} / that of {control.name}'
            yield ratio_row(title, pairs, 1.15, 'ms')


async def longest_gap(work: Awaitable[object]) -> float:
    """Return the longest that the event loop stood still meanwhile, in ms."""
    task = asyncio.ensure_future(work)
    longest, last = 0.0, time.perf_counter()
    while not task.done():
        await asyncio.sleep(0.001)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    await task
    return longest * 1000


def gaps(bench: Bench) -> Iterator[Row]:
    """Measure how long a conversion keeps the event loop from other work."""
    config = importlib.import_module('asgilook.config').Config()
    config.storage_path = bench.new_folder()
    store = importlib.import_module('asgilook.store').Store(config)
    data = as_file(photo(4000, 3000))
    runs = 3 if bench.quick else 9
    found = [asyncio.run(longest_gap(store.save(f'{i}', data))) for i in range(runs)]
    idle = asyncio.run(longest_gap(asyncio.sleep(0.5)))
    median = statistics.median(found)
    what = 'longest gap in the event loop while a 12-megapixel JPEG is converted'
    text = f'median of {runs} runs, worst {max(found):.1f} ms; idle {idle:.1f} ms'
    yield Row(what, f'{median:.1f} ms', 'under 50 ms', verdict(median < 50), text)


def growth(bench: Bench, data: bytes) -> tuple[float, str]:
    """Return how far an upload raises the peak of memory, in MB, and from where."""
    server = bench.serve()
    small = as_file(photo(1600, 1200))
    for _ in range(10):  # Each process starts, and has what it needs.
        server.upload(small)
    before = server.peak()
    server.upload(data)
    after = server.peak()
    text = f'{before:.0f} to {after:.0f} MB; the upload has {len(data) / 1e6:.1f} MB'
    return after - before, text


def memory(bench: Bench) -> Iterator[Row]:
    """Measure how far uploads raise the peak of memory."""
    what = 'growth of peak memory by uploading a 24-megapixel'
    picture = photo(6000, 4000)
    grown, text = growth(bench, as_file(picture))
    holds = verdict(grown < 300)
    yield Row(f'{what} JPEG', f'{grown:.0f} MB', 'under 300 MB', holds, text)
    picture.putalpha(picture.getchannel('R'))
    grown, text = growth(bench, as_file(picture, 'PNG'))
    yield Row(f'{what} RGBA PNG', f'{grown:.0f} MB', '-', '-', text)


def at_once(bench: Bench) -> Iterator[Row]:
    """Count how often one thumbnail is made for many who ask at once."""
    server = bench.serve()
    path = server.upload(as_file(photo(1600, 1200)))
    barrier = threading.Barrier(AT_ONCE)

    def ask(_: int) -> str:
        with server.connect() as connection:
            connection.connect()
            barrier.wait(20)
            connection.request('GET', path)
            return connection.getresponse().headers['X-ASGILook-Cache']

    counts = []
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(10):
            bench.redis.flushall()
            counts.append(list(pool.map(ask, range(AT_ONCE))).count('Miss'))
    text = f'most of 10 rounds, least {min(counts)}'
    if max(counts) > 1:
        text += ' (a later step fixes that)'
    what = f'renders for {AT_ONCE} requests at once'
    yield Row(what, f'{max(counts)}', '-', '-', text)


MEASUREMENTS = (
    cached,
    listed,
    uncached,
    cpu,
    since_part_one,
    gaps,
    memory,
    at_once,
)
"""What is measured, in the order of the table."""


def print_table(rows: list[Row]) -> None:
    """Print the rows, each cell wrapped to the width of its column."""
    for row in rows:
        columns = map(textwrap.wrap, row, WIDTHS)
        for cells in itertools.zip_longest(*columns, fillvalue=''):
            padded = [
                cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)
            ]
            print('  '.join(padded).rstrip())


def machine() -> str:
    """Return what the figures are measured on, and with."""
    packages = ['falcon', 'redis', 'pillow', 'uvicorn']
    versions = [f'{name} {importlib.metadata.version(name)}' for name in packages]
    facts = [f'{os.cpu_count()} cores', f'Python {platform.python_version()}']
    return ', '.join([*facts, *versions])


def measure(quick: bool) -> list[Row]:
    """Return the table."""
    for program, package in PACKAGES.items():
        if shutil.which(program) is None:
            raise UserError(f'{program} is missing: install the package {package}.')
    if not (PROC / 'self' / 'stat').exists():
        raise UserError(f'There is no {PROC}: only Linux has what this measures with.')
    rows = [HEAD]
    for measurement in MEASUREMENTS:
        with contextlib.ExitStack() as stack:
            rows += measurement(Bench(stack, quick))
    return rows


def main() -> int:
    """Measure and print; return the exit status."""
    parser = Parser(prog='tox -e bench --', description=(__doc__ or '').splitlines()[0])
    parser.add_argument('--quick', action='store_true', help='take shorter rounds')
    parser.add_argument('--strict', action='store_true', help='exit 1 on a miss')
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    print(f'{steps()[-1].name}; {machine()}')
    print(f'one worker each: uvicorn {UVICORN_OPTIONS}, asked by: wrk {WRK_OPTIONS}')
    print(flush=True)
    try:
        rows = measure(options.quick)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print_table(rows)
    return int(options.strict and any(row.verdict == 'MISSES' for row in rows))


if __name__ == '__main__':
    sys.exit(main())
