"""A box says where its contents go, and a reader can rely on it."""

import html
import io
import re
import sys
from unittest import mock

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from workbook.layout import ROOT

LISTING = """
.. listing:: asgilook/store.py
   :step: 2
   :pyobject: Store.save
"""
SERVER = """
.. session::
   :server:

   $ uvicorn app:app
"""
CLIENT = """
.. session::

   $ http :8000
"""
NGINX = """
.. session::
   :server:
   :terminal: 2: nginx

   $ nginx
"""
THIRD = """
.. session::
   :terminal: 3

   $ redis-server
"""


@pytest.fixture
def build(tmp_path):
    """Return a function that builds a page; it returns the page."""

    def build(name, text):
        docs, out = tmp_path / 'docs', tmp_path / 'out'
        page = docs / f'{name}.rst'
        page.parent.mkdir(parents=True)
        (tmp_path / 'steps').symlink_to(ROOT / 'steps')
        page.write_text(f'Page\n====\n\n{text}', encoding='utf-8')
        parts = ['listings', 'transcripts', 'face']
        settings = {
            'extensions': [f'workbook.book.sphinx_ext.{part}' for part in parts],
            'root_doc': name,
            'default_role': 'code',
        }
        folders = [str(docs), None, str(out), str(tmp_path / 'trees')]
        warnings = io.StringIO()
        with (
            mock.patch.object(sys, 'path', sys.path[:]),
            patch_docutils(),
            docutils_namespace(),
        ):
            Sphinx(*folders, 'html', settings, None, warning=warnings).build()
        assert 'ERROR' not in warnings.getvalue()
        return (out / f'{name}.html').read_text('utf-8')

    return build


def headings(page):
    """Return the headings of a page's boxes."""
    found = re.findall(r'<span class="caption-text">(.*?)</span><a', page, re.DOTALL)
    return [html.unescape(re.sub('<.*?>', '', heading)) for heading in found]


@pytest.mark.parametrize(
    ('name', 'heading'),
    [
        ('page', 'asgilook/store.py new file whole file'),
        ('explanation/page', 'asgilook/store.py whole file'),
        ('howto/page', 'asgilook/store.py whole file'),
        ('reference/page', 'asgilook/store.py whole file'),
    ],
)
def test_nothing_to_do_where_code_is_only_shown(build, name, heading):
    """A page that explains code doesn't tell a reader to add it to a file."""
    assert headings(build(name, LISTING)) == [heading]


@pytest.mark.parametrize(
    ('blocks', 'expected'),
    [
        ([CLIENT], ['Terminal']),
        ([SERVER, CLIENT], ['Terminal 1: the server', 'Terminal 2']),
        (
            [SERVER, NGINX, CLIENT, SERVER, CLIENT],
            [
                'Terminal 1: the server',
                'Terminal 2: nginx',
                'Terminal 3',
                'Terminal 1: the server',
                'Terminal 3',
            ],
        ),
        (
            [SERVER, THIRD, CLIENT],
            ['Terminal 1: the server', 'Terminal 3', 'Terminal 2'],
        ),
    ],
    ids=['one', 'two', 'two servers', 'a third'],
)
def test_which_terminal(build, blocks, expected):
    """Each command's box names the terminal that the text has it run in."""
    assert headings(build('page', '\n'.join(blocks))) == expected


def test_marks_stay_with_their_code(build):
    """No line begins with a full stop, nor ends with a bracket that opens."""
    long = '-'.join(['very'] * 12)
    text = f'See ``on_get``. Not ``this`` one, nor ``{long}``. (``-q`` is (``-k``)).'
    page = build('page', text)
    kept = re.findall(r'<span class="unbroken">(.*?</code>.*?)</span>', page)
    assert [re.sub('<.*?>', '', code) for code in kept] == ['on_get.', '(-q', '(-k)).']
