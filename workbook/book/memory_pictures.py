"""Draw how much memory uploads take, as `docs/pictures/memory-*.svg`.

    python -m workbook.book.memory_pictures measure
    python -m workbook.book.memory_pictures

The first measures steps 6 and 7, in an environment with what both depend on, and keeps
what came in `memory.json`; it needs Linux. The second draws that. Memory is that of all
of the service's processes together, each shared page counted once (PSS).
"""

import http.client
import io
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator

import PIL.Image

from workbook.layout import ROOT, steps
from workbook.processes import free_port, listens, wait_until

DATA = pathlib.Path(__file__).with_name('memory.json')
PICTURES = ROOT / 'docs' / 'pictures'
MB = 1_000_000
PAUSE = 0.05
"""How long to wait between two looks at the memory, in seconds."""

TITLES = {
    'body': ('A body of 1 GB', 'A client sends zeros, and not how many there are.'),
    'burst': (
        'Sixteen pictures',
        'Sixteen transparent PNGs of 24 megapixels come together.',
    ),
}

WIDTH, HEIGHT = 480, 290
LEFT, RIGHT, TOP, BOTTOM = 64, 68, 68, 44
STYLE = (
    '.card{fill:#f3f5f8}text{fill:#1b2530}.axis{stroke:#c3cdd8}'
    'path{fill:none;stroke-width:2.5}.step6{stroke:#b42318}.step7{stroke:#116329}'
    '.step6t{fill:#b42318}.step7t{fill:#116329}'
    '.step6t,.step7t{paint-order:stroke;stroke:#f3f5f8;stroke-width:5}'
    '@media (prefers-color-scheme:dark){.card{fill:#1a1f26}text{fill:#eef2f6}'
    '.axis{stroke:#435063}.step6{stroke:#ff8f85}.step7{stroke:#56d364}'
    '.step6t{fill:#ff8f85}.step7t{fill:#56d364}.step6t,.step7t{stroke:#1a1f26}}'
)


def family(number: int) -> Iterator[int]:
    """Yield the ids of a process and of all that it has started."""
    yield number
    for task in pathlib.Path(f'/proc/{number}/task').glob('*/children'):
        for child in task.read_text().split():
            yield from family(int(child))


def memory(number: int) -> int:
    """Return how much memory a process and its children take, in bytes."""
    total = 0
    try:
        for each in family(number):
            text = pathlib.Path(f'/proc/{each}/smaps_rollup').read_text()
            total += 1024 * int(text.partition('\nPss:')[2].split()[0])
    except (OSError, IndexError):  # One has ended meanwhile.
        return 0
    return total


def picture() -> bytes:
    """Return a picture of 24 megapixels with transparent parts, as a PNG."""
    chance = random.Random(7)  # noqa: S311 - it is for a picture
    noise = PIL.Image.frombytes('RGB', (600, 400), chance.randbytes(720_000))
    image = noise.resize((6000, 4000), PIL.Image.Resampling.BICUBIC)
    image.putalpha(image.getchannel('R'))
    output = io.BytesIO()
    image.save(output, 'PNG', compress_level=1)
    return output.getvalue()


def send_zeros(port: int) -> str:
    """Send a gigabyte, in pieces of a megabyte; return what came."""
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=300)
    try:
        pieces = (bytes(MB) for _ in range(1000))
        connection.request('POST', '/images', pieces, encode_chunked=True)
        return str(connection.getresponse().status)
    except OSError:
        return 'refused'


def send_pictures(port: int) -> str:
    """Send sixteen pictures at the same time; return what came."""
    data, came = picture(), []

    def send() -> None:
        connection = http.client.HTTPConnection('127.0.0.1', port, timeout=300)
        connection.request('POST', '/images', data)
        came.append(connection.getresponse().status)

    threads = [threading.Thread(target=send) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ' '.join(map(str, sorted(came)))


def watch(number: int, send: Callable[[int], str]) -> tuple[str, list[list[float]]]:
    """Serve a step while something is sent; return what came, and the memory taken."""
    [snapshot] = [step.snapshot for step in steps() if step.number == number]
    samples: list[list[float]] = []
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [sys.executable, '-m', 'uvicorn', 'asgilook.asgi:app']
        options = ['--port', str(port), '--log-level', 'warning']
        environment = {
            **os.environ,
            'ASGI_LOOK_STORAGE_PATH': folder,
            'ASGI_LOOK_REDIS_HOST': 'redis://127.0.0.1:9',
            'ASGI_LOOK_QUEUE_TIMEOUT': '300',  # It may be a slow machine.
            'ASGI_LOOK_CONVERT_TIMEOUT': '300',
        }
        server = subprocess.Popen([*command, *options], cwd=snapshot, env=environment)
        wait_until(lambda: listens(port), 60)
        done = threading.Event()

        def look() -> None:
            start = time.monotonic()
            while not done.wait(PAUSE):
                if taken := memory(server.pid):
                    samples.append([round(time.monotonic() - start, 2), taken // MB])

        looking = threading.Thread(target=look)
        looking.start()
        time.sleep(0.3)
        came = send(port)
        time.sleep(0.5)
        done.set()
        looking.join()
        server.terminate()
        server.wait()
    return came, samples


def measure() -> None:
    """Measure all, and keep it."""
    kept: dict[str, dict[str, list[list[float]]]] = {}
    for name, send in {'body': send_zeros, 'burst': send_pictures}.items():
        kept[name] = {}
        for number in (6, 7):
            came, samples = watch(number, send)
            print(name, number, came, f'{max(taken for _, taken in samples)} MB')
            few = max(1, len(samples) // 80)
            kept[name][str(number)] = [
                max(samples[i : i + few], key=lambda sample: sample[1])
                for i in range(0, len(samples), few)
            ]
    DATA.write_text(json.dumps(kept) + '\n', encoding='utf-8')


def draw(name: str, kept: dict[str, list[list[float]]]) -> str:
    """Return the drawing of what was measured with each step."""
    title, words = TITLES[name]
    samples = [sample for each in kept.values() for sample in each]
    longest = max(at for at, _ in samples)
    unit = 500 if max(taken for _, taken in samples) > 1000 else 200
    most = unit * (1 + int(max(taken for _, taken in samples)) // unit)

    def x(at: float) -> float:
        return round(LEFT + at / longest * (WIDTH - LEFT - RIGHT), 1)

    def y(taken: float) -> float:
        return round(HEIGHT - BOTTOM - taken / most * (HEIGHT - TOP - BOTTOM), 1)

    peaks = {step: max(each, key=lambda one: one[1]) for step, each in kept.items()}
    told = ', '.join(
        f'step {step} up to {peak:.0f} MB' for step, (_, peak) in peaks.items()
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="15" role="img">',
        f'<title>{title}: the memory it takes</title>',
        f'<desc>{words} Over time, {told}.</desc>',
        f'<style>{STYLE}</style>',
        f'<rect class="card" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
        f'<text x="16" y="28" font-size="16" font-weight="600">{title}</text>',
        '<text x="16" y="48">MB of memory</text>',
    ]
    for taken in range(0, most + 1, unit):
        lines.append(
            f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(taken)}" '
            f'y2="{y(taken)}"/><text x="{LEFT - 8}" y="{y(taken) + 5}" '
            f'text-anchor="end">{taken:,}</text>'
        )
    for step, each in kept.items():
        way = ' '.join(f'{x(at)},{y(taken)}' for at, taken in each)
        _, peak = peaks[step]
        high = [at for at, taken in each if taken > 0.97 * peak]
        at = high[len(high) * 2 // 3]
        last = each[-1]
        lines += [
            f'<path class="step{step}" d="M{way}"/>',
            f'<text class="step{step}t" x="{x(last[0]) + 8}" y="{y(last[1]) + 5}">'
            f'step {step}</text>',
            f'<text class="step{step}t" x="{x(at)}" y="{y(peak) - 8}" '
            f'text-anchor="middle">{peak:,.0f}</text>',
        ]
    lines.append(
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 16}" text-anchor="end">'
        f'{longest:.0f} seconds</text>'
    )
    return '\n'.join([*lines, '</svg>']) + '\n'


if __name__ == '__main__':
    if sys.argv[1:] == ['measure']:
        measure()
    for name, kept in json.loads(DATA.read_text(encoding='utf-8')).items():
        path = PICTURES / f'memory-{name}.svg'
        path.write_text(draw(name, kept), encoding='utf-8', newline='\n')
