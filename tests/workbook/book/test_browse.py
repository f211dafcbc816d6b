"""`tox -e browse` finds what a reader would stumble over."""

import os
import shutil
import subprocess
import sys

import pytest

from workbook.book import browse
from workbook.layout import ROOT

PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>A page</title>
  <link rel="icon" href="data:,">
  <style>
    body {{ background: #fff; color: #222 }}
    @media (prefers-color-scheme: dark) {{ body {{ background: #111; color: #eee }} }}
    {style}
  </style>
</head>
<body><main><h1>A page</h1>{body}</main></body>
</html>
"""

CODE = """<div class="highlight"><pre tabindex="0">{text}</pre>{button}</div>
<script>
  for (const button of document.querySelectorAll('.copybtn')) {{
    button.onclick = () => {{
      const area = document.createElement('textarea');
      area.value = {copied};
      document.body.append(area);
      area.focus();
      document.execCommand('copy');
      area.remove();
    }};
  }}
</script>"""

BUTTON = '<button class="copybtn">Copy</button>'
SESSION = '$ http :8000/images\nHTTP/1.1 200 OK'
CELLS = ''.join(f'<td>{number:06}</td>' for number in range(60))


def code(text, copied, button=BUTTON):
    """Return a block of code, and what its button copies."""
    return CODE.format(text=text, copied=repr(copied), button=button)


GOOD = [
    f'<div style="overflow-x: auto" tabindex="0"><table><tr>{CELLS}</tr></table></div>',
    '<img src="dot.svg" alt="A dot">',
    code(SESSION, 'http :8000/images'),
]
BAD = {
    'console': ('<script>console.error("Oh dear")</script>', 'console: Oh dear'),
    'script': ('<script>lighthouse()</script>', 'script: lighthouse is not defined'),
    'host': (
        '<script src="http://example.invalid/x.js"></script>',
        'other host: http://example.invalid/x.js',
    ),
    'request': ('<script src="gone.js"></script>', 'request: gone.js: 404'),
    'image': ('<img src="gone.png" alt="Gone">', 'image: gone.png does not show'),
    'alt': ('<img src="dot.svg">', 'alt: dot.svg has no'),
    'file-name': ('<img src="dot.svg" alt="dot.svg">', 'alt: dot.svg has no'),
    'sideways': (f'<table id="wide"><tr>{CELLS}</tr></table>', 'sideways: '),
    'no-button': (code(SESSION, '', button=''), 'copy: no button: <pre>'),
    'nothing-copied': (
        f'<div><pre>x</pre>{BUTTON}</div>',
        "copy: nothing was copied of: 'x'",
    ),
    'prompt': (
        code(SESSION, '$ http :8000/images'),
        "copy: a prompt, or what was printed, is copied: '$ http :8000/images'",
    ),
    'output': (
        code(SESSION, 'http :8000/images\nHTTP/1.1 200 OK'),
        "copy: a prompt, or what was printed, is copied: 'HTTP/1.1 200 OK'",
    ),
    'half': (
        code(
            '$ http POST :8000/images \\\n    @photo.jpeg', 'http POST :8000/images \\'
        ),
        "copy: this is not copied: '    @photo.jpeg'",
    ),
    'axe': ('<a href="index.html"></a>', 'axe: link-name'),
}
FAINT = '#text { color: #888; background: #777 }'
FAINT_IN_THE_DARK = f'@media (prefers-color-scheme: dark) {{ {FAINT} }}'
NARROW = '#text { width: 700px }'


def needs_browser():
    """Skip the test where there is no browser."""
    if not any(map(shutil.which, browse.BROWSERS)):
        pytest.skip('no Chromium is installed')


def visit(folder, pages, *options):
    """Write pages, and visit them; return the exit code, and the lines printed."""
    needs_browser()
    folder.mkdir()
    for name, (body, style) in pages.items():
        page = PAGE.format(body=body, style=style)
        (folder / f'{name}.html').write_text(page, encoding='utf-8')
    (folder / 'dot.svg').write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    )
    done = run(folder, *options)
    assert done.stderr == ''
    return done.returncode, done.stdout.splitlines()


def run(*arguments, **environment):
    """Run the tool."""
    return subprocess.run(
        [sys.executable, '-m', 'workbook.book.browse', *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def test_a_good_page_is_left_alone(tmp_path):
    """What scrolls within a frame of its own, the page need not scroll for."""
    pages = {'index': (''.join(GOOD), '')}
    code, lines = visit(tmp_path / 'book', pages, '--screenshots', tmp_path / 'seen')
    assert len(lines) == 1, lines
    assert lines[0].startswith('pages: 1, visits: 4, faults: 0, seconds: ')
    assert code == 0
    assert {path.name for path in (tmp_path / 'seen').iterdir()} == {
        'index-wide-light.png',
        'index-narrow-light.png',
        'index-wide-dark.png',
    }


def test_each_fault_is_found(tmp_path):
    """A check that cannot fail is worth nothing."""
    text = '<p id="text">Some text</p>'
    pages = {
        **{name: (body, '') for name, (body, _) in BAD.items()},
        'contrast': (text, FAINT_IN_THE_DARK),
        'narrow': (text, NARROW),
    }
    code, lines = visit(tmp_path / 'book', pages)
    assert code == 1
    for name, (_, wanted) in BAD.items():
        # What is the same in all colours is tried in the light alone.
        dark = name in ('image', 'alt', 'file-name', 'sideways')
        views = ['1280 light', '1280 dark', '390 light', '390 dark']
        seen = ', '.join(view for view in views if dark or 'light' in view)
        mine = [line for line in lines if line.startswith(f'{name}.html ')]
        assert any(f'({seen}): {wanted}' in line for line in mine), mine
    found = [line for line in lines if line.startswith('contrast.html')]
    assert len(found) == 1
    assert '(1280 dark, 390 dark): axe: color-contrast: #text' in found[0]
    found = [line for line in lines if line.startswith('narrow.html')]
    assert len(found) == 1
    assert '(390 light, 390 dark): sideways: ' in found[0]
    assert found[0].endswith('<p#text> Some text')
    found = [line for line in lines if line.startswith('sideways.html')]
    assert len(found) == 1
    assert '<table#wide>' in found[0]


def test_a_book_that_is_not_there_is_no_book_without_faults(tmp_path):
    """To visit nothing is not to pass."""
    done = run(tmp_path)
    assert done.returncode == 1
    assert 'tox -e docs' in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_browser_that_is_not_there_is_named(tmp_path):
    """One line says what to install."""
    (tmp_path / 'index.html').write_text(PAGE.format(body='', style=''))
    done = run(tmp_path, PATH=str(tmp_path))
    assert done.returncode == 1
    assert 'apt-get install chromium' in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ('shown', 'lines'),
    [
        ('x = 1\n\ny = 2\n', ['x = 1', '', 'y = 2']),
        ('$ ls\na\n$ pwd\n/', ['ls', 'pwd']),
        ('$ http \\\n  :8000\n200', ['http \\', '  :8000']),
        ('$ cat << END\n> a\n> END\na', ['cat << END', 'a', 'END']),
        ('$ pytest\nF\n>   assert False', ['pytest']),
        ('>>> if a:\n...     b\n...\n1\n', ['if a:', '    b', '']),
    ],
)
def test_what_was_typed_is_told_from_what_was_printed(shown, lines):
    """What a reader copies is to be run: it has neither prompts nor answers in it."""
    assert browse.typed(shown) == lines
