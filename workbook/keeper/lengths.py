"""Count how long each chapter of the built book is, and how often it shows a result.

    python -m workbook.keeper.lengths [BOOK] [--pixels]

Words are those that a reader sees on the page: code, sessions and folded parts don't
count, and the exercises are counted apart. A result is output in a terminal, a line of
the log, or a picture. Prints a line for each chapter, and fails if one has too many
words. Run by `tox -e docs`. With --pixels, a browser measures how far down the page the
first result is; that takes the environment of `tox -e browse`.
"""

import asyncio
import dataclasses
import html.parser
import pathlib
import sys

from workbook.cli import Parser, UserError
from workbook.layout import BOOK, by_number

LIMIT = 2500
"""How many words a chapter may have, without its exercises."""
VOID = {'area', 'br', 'col', 'hr', 'img', 'input', 'link', 'meta', 'source', 'wbr'}
"""The elements without an end tag."""
NOT_PROSE = {'pre', 'details', 'script', 'style', 'nav', 'svg'}
"""The elements whose words don't count."""
NOT_PROSE_CLASSES = {'code-block-caption', 'headerlink', 'where-am-i'}
"""The same, by their classes."""
HEAD = ['chapter', 'words', 'exercises', 'results', 'before the first', 'longest']
"""The names of the columns; the last two are of words without a result."""
EXERCISE = 'exercise-'
"""What the labels of exercises begin with."""
RESULTS = 'pre .go, img'
"""What a result looks like, for the browser: output or log, or a picture."""


@dataclasses.dataclass
class Length:
    """How long a chapter is."""

    words: int = 0
    exercises: int = 0
    """Words of the exercises."""
    results: int = 0
    before_first: int = 0
    """Words before the first result."""
    longest: int = 0
    """Words in the longest stretch without a result."""
    since: int = 0
    """Words since the last result."""


class Chapter(html.parser.HTMLParser):
    """A page, of which it counts what's visible in its article."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.length = Length()
        self._open: list[tuple[str, set[str]]] = []
        self._shown = True
        self.feed(text)
        self._note_stretch()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a result, and which elements are open."""
        values = dict(attrs)
        classes = set((values.get('class') or '').split())
        if tag not in VOID:
            self._open.append((tag, classes))
        if (values.get('id') or '').startswith(EXERCISE):
            # The label is the first thing in the exercise's section.
            *_, section = [which for name, which in self._open if name == 'section']
            section.add(EXERCISE)
        if not self._is_in({'article'}) or self._is_in({'details'}):
            return
        if tag == 'pre':
            self._shown = False
        output = 'go' in classes and self._is_in({'pre'}) and not self._shown
        if tag == 'img' or output:
            self._shown = True
            self._note_stretch()
            self.length.results += 1

    def handle_endtag(self, tag: str) -> None:
        """Close the element, and those that were left open in it."""
        while any(name == tag for name, _ in self._open):
            if self._open.pop()[0] == tag:
                break

    def handle_data(self, data: str) -> None:
        """Count the words of visible prose."""
        if not self._is_in({'article'}) or self._is_in(NOT_PROSE):
            return
        classes = {name for _, classes in self._open for name in classes}
        words = sum(any(map(str.isalnum, word)) for word in data.split())
        if classes & NOT_PROSE_CLASSES:
            return
        if EXERCISE in classes:
            self.length.exercises += words
            return
        self.length.words += words
        self.length.since += words

    def _is_in(self, tags: set[str]) -> bool:
        return any(name in tags for name, _ in self._open)

    def _note_stretch(self) -> None:
        length = self.length
        if not length.results:
            length.before_first = length.words
        length.longest = max(length.longest, length.since)
        length.since = 0


def chapters(book: pathlib.Path) -> list[pathlib.Path]:
    """Return the pages of the chapters."""
    found = sorted((book / 'tutorial').glob('step*.html'), key=by_number)
    if not found:
        raise UserError(f'There is no book in {book}: build it by tox -e docs.')
    return found


async def pixels(book: pathlib.Path) -> list[int]:
    """Return how far down the first result of each chapter is."""
    from playwright.async_api import async_playwright

    from workbook.book.browse import OPTIONS, chromium, served

    with served(book) as base:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chromium(), args=OPTIONS
            )
            page = await browser.new_page(viewport={'width': 1280, 'height': 900})
            tops = []
            for path in chapters(book):
                await page.goto(f'{base}tutorial/{path.name}')
                tops.append(
                    await page.evaluate(
                        """wanted => {
                          const found = [...document.querySelectorAll('article *')]
                            .filter(one => one.matches(wanted))
                            .find(one => !one.closest('details'));
                          return Math.round(found.getBoundingClientRect().top);
                        }""",
                        RESULTS,
                    )
                )
            await browser.close()
    return tops


def main(arguments: list[str] | None = None) -> int:
    """Print the table; return 1 if a chapter is too long."""
    parser = Parser(
        prog='python -m workbook.keeper.lengths',
        description='Count the words and the results of each chapter.',
    )
    parser.add_argument('book', nargs='?', type=pathlib.Path, default=BOOK)
    parser.add_argument('--pixels', action='store_true', help='measure in a browser')
    options = parser.parse_args(arguments)
    try:
        pages = chapters(options.book)
        tops = asyncio.run(pixels(options.book)) if options.pixels else []
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    columns = [*HEAD, *(['pixels'] if tops else [])]
    print('  '.join(columns))
    too_long = []
    for number, path in enumerate(pages):
        length = Chapter(path.read_text(encoding='utf-8')).length
        counts = [
            length.words, length.exercises, length.results,
            length.before_first, length.longest, *tops[number : number + 1],
        ]  # fmt: skip
        cells = [path.stem, *map(str, counts)]
        print(
            '  '.join(
                cell.rjust(len(column))
                for column, cell in zip(columns, cells, strict=True)
            )
        )
        if length.words > LIMIT:
            too_long.append(f'{path.stem} has {length.words - LIMIT} too many.')
    if too_long:
        print(f'A chapter may have {LIMIT} words.', *too_long)
    return 1 if too_long else 0


if __name__ == '__main__':
    sys.exit(main())
