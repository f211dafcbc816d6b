"""`workbook/keeper/lengths.py` counts what readers see of a chapter."""

import shutil

import pytest

from workbook.book.browse import BROWSERS
from workbook.keeper import lengths

CHAPTER = """
<nav>Not on the page</nav>
<article><section id="step-1"><span id="step1"></span><h1>Step one<a class="headerlink"
href="#step-1">¶</a></h1><p class="where-am-i">Step 1 of 6</p>
<p>Run <code>this program</code>, <em>now</em> &mdash; it&#8217;s short:<br></p>
<div class="code-block-caption">Terminal 1</div>
<pre tabindex="0"><span class="gp">$ </span>ls
<span class="go">one</span>
<span class="go">two</span></pre>
<p>Then look at the picture.</p><img src="one.png" alt="a falcon">
<details><summary>Why?</summary><p>Because.</p><pre><span class="go">three</span></pre>
</details>
<section><h2>Exercises</h2><section id="try"><span id="exercise-try"></span>
<h3>1. Try</h3><p>Do it again.</p></section></section>
<section><h2>The end</h2>%s</section></section></article><footer>Nor this</footer>
"""


@pytest.fixture
def book(tmp_path):
    """Make a book with two chapters, the second with as many words as it may have."""
    (tmp_path / 'tutorial').mkdir()
    (tmp_path / 'tutorial' / 'before.html').write_text('<article>No step</article>')
    (tmp_path / 'tutorial' / 'step10.html').write_text(CHAPTER % '')
    (tmp_path / 'tutorial' / 'step9.html').write_text(with_words(lengths.LIMIT))
    return tmp_path


def with_words(count):
    """Return a chapter with that many words."""
    others = lengths.Chapter(CHAPTER % '').length.words
    return CHAPTER % f'<p>{"word " * (count - others)}</p>'


def test_counts(book, capsys):
    """Each chapter has a line: words, of exercises, results, stretches without."""
    assert lengths.main([str(book)]) == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split('  ') == lengths.HEAD
    assert first.split()[:2] == ['step9', str(lengths.LIMIT)]
    assert second.split() == ['step10', '16', '5', '2', '8', '8']


def test_too_long(book, capsys):
    """A chapter with one word too many fails, and is named."""
    (book / 'tutorial' / 'step9.html').write_text(with_words(lengths.LIMIT + 1))
    assert lengths.main([str(book)]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f'A chapter may have {lengths.LIMIT} words. step9 has 1 too many.'


def test_pixels(book, capsys):
    """A browser says how far down the first result is, if it's asked to."""
    if not any(map(shutil.which, BROWSERS)):
        pytest.skip('no Chromium is installed')
    low = '<article><p style="margin: 0; height: 777px">Text</p><img alt="a falcon">'
    (book / 'tutorial' / 'step9.html').write_text(f'<body style="margin: 0">{low}')
    assert lengths.main([str(book), '--pixels']) == 0
    _, first, second = capsys.readouterr().out.splitlines()
    assert 770 <= int(first.split()[-1]) <= 800
    assert 0 < int(second.split()[-1]) < 770


def test_no_book(tmp_path, capsys):
    """Where there is no book, it says how to make one."""
    assert lengths.main([str(tmp_path)]) == 1
    assert 'tox -e docs' in capsys.readouterr().err
