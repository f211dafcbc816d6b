"""The check of the e-book finds what a reader's device would stumble over."""

import re
import zipfile

import pytest

from workbook.book import ebook
from workbook.book.sphinx_ext.ebook import flat

CONTAINER = """<?xml version="1.0"?>
<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="content.opf"/></rootfiles></container>"""
CONTENTS = """<?xml version="1.0"?>
<package xmlns="http://www.idpf.org/2007/opf"><manifest>
<item href="a.xhtml" id="a" media-type="application/xhtml+xml"/>
<item href="more/b.xhtml" id="b" media-type="application/xhtml+xml"/>
<item href="more/dot.svg" id="dot" media-type="image/svg+xml"/>
</manifest><spine><itemref idref="a"/><itemref idref="b"/></spine></package>"""
PAGE = """<html xmlns="http://www.w3.org/1999/xhtml"><head><title>A page</title></head>
<body><h1 id="top">A page</h1>{}</body></html>"""
FILES = {
    'mimetype': 'application/epub+zip',
    'META-INF/container.xml': CONTAINER,
    'content.opf': CONTENTS,
    'a.xhtml': PAGE.format(
        '<a href="more/b.xhtml#top">B</a> <a href="#top">Up</a>'
        '<a href="https://falcon.readthedocs.io">Falcon</a>'
    ),
    'more/b.xhtml': PAGE.format(
        '<a href="../a.xhtml">A</a><img src="dot.svg" alt="A dot"/>'
    ),
    'more/dot.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
}
BAD = {
    'mimetype': (
        'mimetype',
        'text/plain',
        'must be the first file, and not compressed',
    ),
    'container': ('META-INF/container.xml', '<container/>', 'names no list'),
    'not listed': ('more/left.txt', 'left', 'more/left.txt: is there, and not listed'),
    'missing': ('more/dot.svg', None, 'more/dot.svg: is listed, and missing'),
    'spine': ('content.opf', CONTENTS.replace('"b"', '"c"', 1), 'the page b is not'),
    'no pages': (
        'content.opf',
        CONTENTS.replace('xhtml+xml', 'xml'),
        'there are no pages',
    ),
}
PAGES = {
    'well-formed': ('<p>one<br>two</p>', 'a.xhtml: is not well-formed'),
    'script': ('<script>lighthouse()</script>', 'a.xhtml: has a script'),
    'alt': ('<img src="more/dot.svg"/>', 'a picture without a description'),
    'host': (
        '<img src="https://example.invalid/x.png" alt="X"/>',
        'loaded from another host: https://example.invalid/x.png',
    ),
    'link': ('<a href="c.xhtml">C</a>', 'leads nowhere: c.xhtml'),
    'image': ('<img src="dot.svg" alt="A dot"/>', 'leads nowhere: dot.svg'),
    'anchor': ('<a href="more/b.xhtml#end">B</a>', 'no such anchor: more/b.xhtml#end'),
    'own anchor': ('<a href="#end">Down</a>', 'no such anchor: #end'),
}


@pytest.fixture
def pack(tmp_path):
    """Return a function that packs a book, with some of its files replaced."""

    def pack(order=sorted, **replaced):
        path = tmp_path / 'book.epub'
        files = {**FILES, **replaced}
        names = ['mimetype', *order(files.keys() - {'mimetype'})]
        with zipfile.ZipFile(path, 'w') as book:
            for name in names:
                if files[name] is not None:
                    book.writestr(name, files[name])
        return path

    return pack


def test_a_good_book(pack, capsys, monkeypatch):
    """A book with nothing wrong in it passes."""
    monkeypatch.setattr(ebook.shutil, 'which', lambda name: None)
    assert ebook.main([str(pack())]) == 0
    out = capsys.readouterr().out
    assert 'faults: 0' in out
    assert 'skipped: EPUBCheck' in out


@pytest.mark.parametrize('name', BAD)
def test_a_bad_book(pack, name):
    """Each fault of the book's is found, by itself or with what comes of it."""
    file, content, words = BAD[name]
    found = ebook.faults(pack(**{file: content}))
    assert any(words in line for line in found), found


@pytest.mark.parametrize('name', PAGES)
def test_a_bad_page(pack, name, capsys, monkeypatch):
    """Each fault of a page's is found, and nothing else."""
    monkeypatch.setattr(ebook.shutil, 'which', lambda name: None)
    body, words = PAGES[name]
    path = pack(**{'a.xhtml': PAGE.format(body)})
    [line] = ebook.faults(path)
    assert words in line
    assert ebook.main([str(path)]) == 1
    assert line in capsys.readouterr().out


def test_the_mimetype_comes_first(pack, tmp_path):
    """A device looks for it at a certain place in the file."""
    path = pack()
    other = tmp_path / 'other.epub'
    with zipfile.ZipFile(path) as book, zipfile.ZipFile(other, 'w') as turned:
        for name in reversed(book.namelist()):
            turned.writestr(name, book.read(name))
    assert ebook.faults(path) == []
    assert ebook.faults(other) == [
        'mimetype: must be the first file, and not compressed'
    ]


def test_there_is_no_book(tmp_path, capsys):
    """Without a book, it says how to get one."""
    assert ebook.main([str(tmp_path / 'none.epub')]) == 1
    assert 'build it by tox -e epub' in capsys.readouterr().err


def test_a_summary_has_no_paragraphs():
    """What browsers forgive is taken out of a summary; its words stay."""
    summary = '<summary class="a"><p class="b">Show <svg><p/></svg>it</p></summary>'
    found = flat(re.fullmatch('.*', summary))
    assert found == '<summary class="a"><span class="b">Show it</span></summary>'
