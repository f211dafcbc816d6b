"""Draw the service as it runs, for the README: what is typed, and what comes back.

    python -m workbook.book.running [PORT]

Serves the last step, runs each command in a shell, and writes running.svg beside this
file. It needs curl.
"""

import base64
import contextlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from html import escape

from workbook.book import diagrams, samples
from workbook.layout import ROOT, steps
from workbook.processes import comes_up

FILE = ROOT / 'docs' / 'pictures' / 'running.svg'
WIDTH, COLUMNS, LINE, LETTERS = 760, 92, 18, 13
"""Of the picture, in pixels; of a line, in letters; of a line and a letter."""

STYLE = (
    'text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",'
    'monospace;white-space:pre}.typed{font-weight:bold}'
    f'{diagrams.colours(diagrams.LIGHT)}'
    f'@media (prefers-color-scheme:dark){{{diagrams.colours(diagrams.DARK)}}}'
)


@contextlib.contextmanager
def served(port: int, folder: pathlib.Path) -> Iterator[str]:
    """Serve the last step, as `tox -e serve` does; yield its URL."""
    step = steps()[-1]
    options = ['--port', str(port), '--log-level', 'warning']
    server = subprocess.Popen(
        [sys.executable, '-m', 'workbook.reader.serve', str(step.number), *options],
        env={
            **os.environ,
            'PYTHONPATH': str(step.snapshot),
            'ASGI_LOOK_STORAGE_PATH': str(folder / 'store'),
        },
        stdout=subprocess.DEVNULL,
    )
    try:
        if not comes_up(server, port):
            raise SystemExit(f'The service did not start on port {port}.')
        yield f'http://127.0.0.1:{port}'
    finally:
        server.terminate()
        server.wait()


class Terminal:
    """A shell in a folder, and all that was to be seen in it."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.lines: list[tuple[str, str]] = []

    def run(self, command: str) -> str:
        """Run a command; return what it printed."""
        ours = pathlib.Path(sys.executable).parent
        printed = subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env={**os.environ, 'PATH': f'{ours}{os.pathsep}{os.environ["PATH"]}'},
            capture_output=True,
            check=True,
        ).stdout.decode()
        shown = textwrap.wrap(
            f'$ {command}',
            COLUMNS,
            subsequent_indent='    ',
            break_on_hyphens=False,
            break_long_words=False,
        )
        self.lines += [('text typed', line) for line in shown]
        self.lines += [('note', line) for line in printed.splitlines()]
        return printed

    def draw(self) -> tuple[list[str], float]:
        """Return the lines as parts of an SVG file, and how high they are."""
        parts = [
            diagrams.element(
                'text',
                escape(line),
                x=20,
                y=32 + LINE * row,
                class_=kind,
                font_size=LETTERS,
            )
            for row, (kind, line) in enumerate(self.lines)
            if line
        ]
        return parts, 32 + LINE * len(self.lines)


def use(terminal: Terminal, url: str) -> list[pathlib.Path]:
    """Upload the sample photo, fetch its thumbnails; return their files."""
    upload = f'curl -s --data-binary @photo.jpeg {url}/images'
    record = json.loads(terminal.run(f'{upload} | python3 -m json.tool'))
    names = [path.rpartition('/')[2] for path in record['thumbnails']]
    for path, name in zip(record['thumbnails'], names, strict=True):
        fetch = f'curl -s -D - -o {name} {url}{path}'
        if name == names[0]:
            terminal.run(f"{fetch} | grep -i -e '^HTTP' -e '^content' -e '^x-'")
            terminal.run(f"{fetch} | grep -i '^x-'")
        else:
            subprocess.run(
                shlex.split(fetch),
                cwd=terminal.folder,
                check=True,
                stdout=subprocess.DEVNULL,
            )
    return [terminal.folder / name for name in names]


def draw(port: int) -> str:
    """Return the whole SVG file, after having used the service."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        samples.write(folder)
        terminal = Terminal(folder)
        with served(port, folder) as url:
            files = use(terminal, url)
        parts, y = terminal.draw()
        x = 20.0
        for file in files:
            width, height = (int(side) / 2 for side in file.stem.split('x'))
            data = base64.b64encode(file.read_bytes()).decode()
            href = f'data:image/jpeg;base64,{data}'
            parts += [
                diagrams.element(
                    'image', x=x, y=y, width=width, height=height, href=href
                ),
                diagrams.element(
                    'text',
                    file.name,
                    x=x,
                    y=y + height + 20,
                    class_='text',
                    font_size=LETTERS,
                ),
            ]
            x += max(width, 110) + 24
        height = y + 225 + 40
    return '\n'.join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}"'
            f' height="{diagrams.number(height)}"'
            f' viewBox="0 0 {WIDTH} {diagrams.number(height)}"'
            ' role="img" aria-labelledby="title desc">',
            diagrams.element('title', 'The service as it runs', id='title'),
            diagrams.element(
                'desc',
                'A terminal: curl uploads a photo and gets its record as JSON, with '
                'the paths of its thumbnails. The first of them is fetched twice: '
                'Miss, then Hit. Below are the thumbnails that came, the photo '
                'upright in each.',
                id='desc',
            ),
            diagrams.element('style', STYLE),
            diagrams.element('rect', class_='card', rx=10, width=WIDTH, height=height),
            *parts,
            '</svg>\n',
        ]
    )


if __name__ == '__main__':
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    FILE.write_text(draw(port), encoding='utf-8', newline='\n')
