"""`workbook/book/links.py` finds what leads nowhere in the built book."""

import pytest

from workbook.book import links

GOOD = """
<link rel="stylesheet" href="style.css?v=1"><link rel="canonical" href="https://a.b/">
<h1 id="one">One</h1> <a href="#one">here</a> <a href="#">top</a>
<a href="more/two.html#two%20b">there</a> <a href="https://example.org/">away</a>
<img src="data:image/png;base64,AA==">
"""
OTHER = '<h1 id="two b">Two</h1> <a href="../index.html#one">back</a>'


@pytest.fixture
def book(tmp_path):
    """Make a book in which every link leads somewhere."""
    (tmp_path / 'more').mkdir()
    (tmp_path / 'style.css').touch()
    (tmp_path / 'index.html').write_text(GOOD)
    (tmp_path / 'more' / 'two.html').write_text(OTHER)
    return tmp_path


def test_right(book, capsys):
    """A book whose links lead somewhere passes, and is counted."""
    assert links.main([str(book)]) == 0
    assert capsys.readouterr().out == 'pages: 2, links: 8, faults: 0\n'


@pytest.mark.parametrize(
    ('planted', 'says'),
    [
        ('<a href="#three">', 'there is no such anchor: #three'),
        ('<a href="more/two.html#one">', 'there is no such anchor: more/two.html#one'),
        ('<a href="more/three.html">', 'leads nowhere: more/three.html'),
        ('<a href="../index.html">', 'leads nowhere: ../index.html'),
        ('<img src="two.png">', 'leads nowhere: two.png'),
        ('<img srcset="style.css 1x, two.png 2x">', 'leads nowhere: two.png'),
        ('<script src="https://a.b/c.js">', 'from another host: https://a.b/c.js'),
        ('<link rel="icon" href="//a.b/c.png">', 'from another host: //a.b/c.png'),
        (f'<p>{links.ROOT}/docs</p>', 'a path of this machine: ' + str(links.ROOT)),
    ],
)
def test_wrong(book, capsys, planted, says):
    """What leads nowhere, or to another host, is named with its page."""
    with (book / 'index.html').open('a') as page:
        page.write(planted)
    assert links.main([str(book)]) == 1
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith('index.html: ')
    assert first.endswith(says)
    assert last.endswith('faults: 1')


def test_no_book(tmp_path, capsys):
    """Where there is no book, it says how to make one."""
    assert links.main([str(tmp_path)]) == 1
    assert 'tox -e docs' in capsys.readouterr().err
