"""Follow every link within the built book, and see where it leads.

    python -m workbook.book.links [BOOK]

Prints a line for each link, picture or script that leads nowhere, for each that would
be loaded from another host, and for each page that names a path of this machine. Asks
nothing of the network. Run by `tox -e docs`.
"""

import html.parser
import pathlib
import sys
import urllib.parse
from collections.abc import Iterator

from workbook.cli import Parser
from workbook.layout import BOOK, ROOT

LOADED = {'link', 'script', 'img', 'source', 'iframe', 'object', 'image', 'use'}
"""The elements whose addresses a browser loads by itself."""
NO_LOAD = {'canonical', 'alternate', 'next', 'prev', 'search', 'index', 'author'}
"""What a `<link>` may be without being loaded."""


class Page(html.parser.HTMLParser):
    """A page: what can be linked to in it, and what it links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors = {'', 'top'}
        self.links: list[tuple[str, bool]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the anchors and the links of an element."""
        values = {name: value for name, value in attrs if value is not None}
        self.anchors |= {values[name] for name in ('id', 'name') if name in values}
        loaded = tag in LOADED and values.get('rel') not in NO_LOAD
        found = [values[name] for name in ('href', 'src', 'data') if name in values]
        sources = values.get('srcset', '').split(',')
        found += [source.split()[0] for source in sources if source.strip()]
        self.links += [(link, loaded) for link in found]


def faults(book: pathlib.Path, pages: dict[pathlib.Path, Page]) -> Iterator[str]:
    """Yield what is wrong with the links of the book."""
    for path, page in sorted(pages.items()):
        name = path.relative_to(book).as_posix()
        for link, loaded in dict.fromkeys(page.links):
            parts = urllib.parse.urlsplit(link)
            if parts.scheme == 'data':
                continue
            if parts.scheme or parts.netloc:
                if loaded:
                    yield f'{name}: loaded from another host: {link}'
                continue
            target = path
            if parts.path:
                target = (path.parent / urllib.parse.unquote(parts.path)).resolve()
            if target.is_dir():
                target /= 'index.html'
            if book not in target.parents or not target.exists():
                yield f'{name}: leads nowhere: {link}'
            elif target in pages:
                anchor = urllib.parse.unquote(parts.fragment)
                if anchor not in pages[target].anchors:
                    yield f'{name}: there is no such anchor: {link}'


def check(book: pathlib.Path) -> tuple[list[str], int, int]:
    """Return what is wrong with a book, and how many pages and links it has."""
    book = book.resolve()
    texts = {path: path.read_text(encoding='utf-8') for path in book.rglob('*.html')}
    pages = {path: Page(text) for path, text in texts.items()}
    found = list(faults(book, pages))
    found += [
        f'{path.relative_to(book).as_posix()}: names a path of this machine: {ROOT}'
        for path, text in sorted(texts.items())
        if str(ROOT) in text
    ]
    return found, len(pages), sum(len(page.links) for page in pages.values())


def main(arguments: list[str] | None = None) -> int:
    """Check the book that the command line names; return the exit status."""
    parser = Parser(
        prog='python -m workbook.book.links',
        description='Follow every link in the book.',
    )
    parser.add_argument('book', nargs='?', type=pathlib.Path, default=BOOK)
    book = parser.parse_args(arguments).book
    found, pages, links = check(book)
    if not pages:
        print(f'There is no book in {book}: build it by tox -e docs.', file=sys.stderr)
        return 1
    print('\n'.join([*found, f'pages: {pages}, links: {links}, faults: {len(found)}']))
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
