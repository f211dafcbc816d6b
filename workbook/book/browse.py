"""Visit every page of the built book in a browser, as readers do.

    python -m workbook.book.browse [BOOK] [--screenshots FOLDER]

Each page is loaded wide and narrow, light and dark. Prints a line for each thing that
is wrong, and at the end how much was visited. Run by `tox -e browse`.
"""

import asyncio
import contextlib
import functools
import http.server
import importlib.resources
import os
import pathlib
import re
import shutil
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Literal

from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    Response,
    async_playwright,
)
from playwright.async_api import TimeoutError as PatienceLost

from workbook.cli import Parser, UserError
from workbook.layout import BOOK

BROWSERS = ['chromium', 'chromium-browser', 'google-chrome']

OPTIONS = [
    '--disable-gpu',
    # What a page wants from elsewhere must not be had, wherever this is run.
    '--no-proxy-server',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
]

RULES_IGNORED = {
    # Sphinx gives the headings of its tables of contents a role, but no level.
    'aria-required-attr': 'p.caption[role=heading]',
}
"""The rules of axe that need not hold, each with the elements that may break it."""

PATIENCE = 2000
"""How long a page may take to get its copy buttons, in milliseconds."""

Fault = tuple[str, str]
"""What was checked, and what is wrong."""


Scheme = Literal['light', 'dark']

SCHEMES: list[Scheme] = ['light', 'dark']
WIDTHS = {'wide': 1280, 'narrow': 390}
VIEWS = [f'{width} {scheme}' for width in WIDTHS.values() for scheme in SCHEMES]
PICTURED = [('wide', 'light'), ('narrow', 'light'), ('wide', 'dark')]
"""What screenshots are made of."""


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the book, and says nothing of it."""

    protocol_version = 'HTTP/1.1'

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""


@contextlib.contextmanager
def served(book: pathlib.Path) -> Iterator[str]:
    """Serve the book on a free port; yield where."""
    handler = functools.partial(Handler, directory=str(book))
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f'http://127.0.0.1:{server.server_address[1]}/'
        finally:
            server.shutdown()
            thread.join()


def chromium() -> str:
    """Return where the browser is."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    raise UserError(
        f'There is no browser: install Chromium (apt-get install chromium), so that '
        f'one of {", ".join(BROWSERS)} is on the PATH.'
    )


def pages(book: pathlib.Path) -> list[str]:
    """Return the pages of the book, by their paths in it."""
    found = sorted(path.relative_to(book) for path in book.rglob('*.html'))
    names = [path.as_posix() for path in found if path.parts[0] != '_static']
    if not names:
        raise UserError(f'There is no book in {book}: build it by tox -e docs.')
    return names


@functools.cache
def scripts() -> str:
    """Return what is run in each page: axe, and our own checks."""
    axe = importlib.resources.files('axe_playwright_python') / 'axe.min.js'
    own = pathlib.Path(__file__).with_suffix('.js')
    # What axe would leave behind as its value cannot leave the page.
    return f'{axe.read_text("utf-8")}\n{own.read_text("utf-8")}\nundefined;'


def typed(shown: str) -> list[str]:
    """Return the lines of a block of code that are to be copied.

    Where there are prompts, these are the lines behind them, and those that go on
    with such a line; otherwise all.
    """
    if not re.search(r'^(\$|>>>) ', shown, re.MULTILINE):
        return shown.splitlines()
    lines, goes_on, typing = [], False, False
    for line in shown.splitlines():
        # A shell's second prompt; pytest marks the line that failed in the same way.
        second = r'|> ' if typing else ''
        prompt = re.match(rf'(\$|>>>|\.\.\.)( |$){second}', line)
        typing = bool(prompt) or goes_on
        if typing:
            lines.append(line[prompt.end() :] if prompt else line)
            goes_on = line.endswith('\\')
    return lines


def check_copy(shown: str, copied: str | None) -> Iterator[Fault]:
    """Yield what is wrong with what a copy button copies."""
    if copied is None:
        yield 'copy', f'nothing was copied of: {shown[:40]!r}'
        return
    wanted = [line for line in typed(shown) if line.strip()]
    got = [line for line in copied.splitlines() if line.strip()]
    for line in got:
        if line not in wanted:
            yield 'copy', f'a prompt, or what was printed, is copied: {line!r}'
    for line in wanted:
        if line not in got:
            yield 'copy', f'this is not copied: {line!r}'


class Tab:
    """A tab of the browser, which visits one page after the other."""

    def __init__(self, page: Page, base: str, folder: pathlib.Path | None) -> None:
        self._page = page
        self._base = base
        self._folder = folder
        self._heard: list[Fault] = []
        page.on('console', self._hear_console)
        page.on('pageerror', lambda error: self._hear('script', error.message))
        page.on('request', self._hear_request)
        page.on('requestfailed', self._hear_failure)
        page.on('response', self._hear_response)

    def _hear(self, check: str, what: str) -> None:
        self._heard.append((check, what))

    def _is_ours(self, url: str) -> bool:
        return url.startswith((self._base, 'data:', 'blob:', 'about:'))

    def _hear_console(self, message: ConsoleMessage) -> None:
        # What could not be loaded is heard of otherwise, and by its name.
        loading = 'Failed to load resource' in message.text
        if message.type == 'error' and not loading:
            self._hear('console', message.text)

    def _hear_request(self, request: Request) -> None:
        if not self._is_ours(request.url):
            self._hear('other host', request.url)

    def _hear_failure(self, request: Request) -> None:
        # What was answered by an error is heard of as such, and then aborted.
        aborted = 'ERR_ABORTED' in (request.failure or '')
        if self._is_ours(request.url) and not aborted:
            path = request.url.removeprefix(self._base)
            self._hear('request', f'{path}: {request.failure}')

    def _hear_response(self, response: Response) -> None:
        if response.status >= 400:
            path = response.url.removeprefix(self._base)
            self._hear('request', f'{path}: {response.status}')

    async def visit(self, name: str, width: str) -> AsyncIterator[tuple[Scheme, Fault]]:
        """Load a page; yield what is wrong with it, light and then dark."""
        page, self._heard = self._page, []
        await page.set_viewport_size({'width': WIDTHS[width], 'height': 900})
        await page.emulate_media(color_scheme='light', reduced_motion='reduce')
        await page.goto(self._base + name)
        with contextlib.suppress(PatienceLost):
            await page.wait_for_function(
                '!document.querySelector("pre") || document.querySelector(".copybtn")',
                timeout=PATIENCE,
            )
        await self._take_pictures(name, width)

        await page.evaluate(scripts())
        await page.evaluate('browse.unfold()')
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            await page.evaluate('browse.sample()')
        await page.evaluate('browse.thin()')

        await page.emulate_media(color_scheme='light')
        copies = await page.evaluate('browse.copies()')
        faults = [fault for copy in copies for fault in check_copy(*copy)]
        found = await page.evaluate('ignored => browse.look(ignored)', RULES_IGNORED)
        for check, what in [*faults, *found, *self._heard]:
            yield 'light', (check, what)

        self._heard = []
        await page.emulate_media(color_scheme='dark')
        found = await page.evaluate('() => browse.lookAgain()')
        for check, what in [*found, *self._heard]:
            yield 'dark', (check, what)

    async def _take_pictures(self, name: str, width: str) -> None:
        for scheme in SCHEMES:
            if self._folder and (width, scheme) in PICTURED:
                await self._page.emulate_media(color_scheme=scheme)
                file = name.removesuffix('.html').replace('/', '-')
                path = self._folder / f'{file}-{width}-{scheme}.png'
                await self._page.screenshot(path=path, full_page=True)


async def browse(
    base: str, names: list[str], folder: pathlib.Path | None
) -> dict[tuple[str, Fault], set[str]]:
    """Visit all pages; return each page's faults, and in which views they show."""
    found: dict[tuple[str, Fault], set[str]] = {}
    visits = [(name, width) for name in names for width in WIDTHS]

    async def work(browser: Browser) -> None:
        page = await browser.new_page()
        tab = Tab(page, base, folder)
        while visits:
            name, width = visits.pop(0)
            async for scheme, fault in tab.visit(name, width):
                view = f'{WIDTHS[width]} {scheme}'
                found.setdefault((name, fault), set()).add(view)

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium(), args=OPTIONS
        )
        async with browser, asyncio.TaskGroup() as tasks:
            for _ in range(max(2, os.cpu_count() or 1)):
                tasks.create_task(work(browser))
    return found


def main() -> int:
    """Visit the book that the command line names."""
    parser = Parser(
        prog='tox -e browse --', description='Visit every page of the book.'
    )
    parser.add_argument('book', nargs='?', type=pathlib.Path, default=BOOK)
    parser.add_argument('--screenshots', type=pathlib.Path, metavar='FOLDER')
    arguments = parser.parse_args()
    start = time.perf_counter()
    try:
        names = pages(arguments.book)
        chromium()
        if arguments.screenshots:
            arguments.screenshots.mkdir(parents=True, exist_ok=True)
        with served(arguments.book) as base:
            found = asyncio.run(browse(base, names, arguments.screenshots))
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    for (name, (check, what)), views in sorted(found.items()):
        seen = ', '.join(view for view in VIEWS if view in views)
        print(f'{name} ({seen}): {check}: {what}')
    visits, seconds = len(names) * len(VIEWS), time.perf_counter() - start
    print(f'pages: {len(names)}, visits: {visits}, faults: {len(found)}, ', end='')
    print(f'seconds: {seconds:.1f}')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
