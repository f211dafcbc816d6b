"""A listing of code with a fault says so, and marks the lines that are wrong."""

import io
import sys
from unittest import mock

import pytest
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from workbook import faults
from workbook.layout import ROOT


@pytest.fixture
def build(tmp_path):
    """Return a function that reads a page; it returns its listings, and warnings."""

    def build(text):
        docs = tmp_path / 'docs'
        docs.mkdir()
        (tmp_path / 'steps').symlink_to(ROOT / 'steps')
        (docs / 'index.rst').write_text(f'Page\n====\n\n{text}', encoding='utf-8')
        warnings = io.StringIO()
        extensions = ['listings', 'transcripts']
        names = [f'workbook.book.sphinx_ext.{name}' for name in extensions]
        settings = {'extensions': names}
        folders = [str(docs), None, str(tmp_path / 'out'), str(tmp_path / 'trees')]
        with (
            mock.patch.object(sys, 'path', sys.path[:]),
            patch_docutils(),
            docutils_namespace(),
        ):
            sphinx = Sphinx(*folders, 'dummy', settings, None, warning=warnings)
            sphinx.build()
            tree = sphinx.env.get_doctree('index')
        return list(tree.findall(nodes.literal_block)), warnings.getvalue()

    return build


def test_what_is_wrong_is_marked(build):
    """The wrong lines of a part are highlighted, and its block is marked as wrong."""
    [block], _ = build("""
.. listing:: asgilook/convert.py
   :step: 4
   :fault: a_thumbnail_is_not_what_its_name_says
   :pyobject: shrink
""")
    lines = block.astext().splitlines()
    wrong = [
        lines[number - 1].strip() for number in block['highlight_args']['hl_lines']
    ]
    assert wrong == ['image.thumbnail(size)', 'return encode(image)']
    assert lines[0].startswith('def shrink(')
    assert 'wrong' in block['classes']
    assert block.parent[0].astext() == 'asgilook/convert.py'


def test_what_is_right_is_not_marked(build):
    """A part without a wrong line looks as always: it's what the file is up to then."""
    [block], _ = build("""
.. listing:: asgilook/app.py
   :step: 3
   :fault: no_error_is_handled
   :end-at: from .store import
""")
    assert 'errors' not in block.astext()
    assert block['highlight_args']['hl_lines'] == block['classes'] == []
    assert block.parent[0].astext() == 'asgilook/app.py'


def test_what_came_since(build):
    """What is new can be what a fault had left out."""
    [block], _ = build("""
.. listing:: asgilook/app.py
   :step: 3
   :since-fault: no_error_is_handled
   :end-at: from .store import
""")
    lines = block.astext().splitlines()
    new = [lines[number - 1] for number in block['highlight_args']['hl_lines']]
    imports = faults.find('no_error_is_handled').changes[:2]
    assert new == [right.strip() for right, _ in imports]


WRONG = """
.. wrong:: /../examples/cook.py
   :right: /../examples/right/cook.py
   :start-at: def cook
"""


def test_a_wrong_file_of_no_snapshot(build, tmp_path):
    """What differs from the right file is marked, in the same box as other faults."""
    right = '"""Cook."""\n\n\ndef cook(food):\n    boil(food)\n    serve(food)\n'
    (tmp_path / 'examples' / 'right').mkdir(parents=True)
    (tmp_path / 'examples' / 'right' / 'cook.py').write_text(right)
    (tmp_path / 'examples' / 'cook.py').write_text(right.replace('boil', 'burn'))
    [block], warnings = build(WRONG)
    assert not warnings
    assert block['highlight_args']['hl_lines'] == [2]
    assert block.parent['classes'][-2:] == ['box', 'wrong']
    assert block.parent[0].astext() == 'cook.py'


def test_a_wrong_file_with_nothing_wrong(build, tmp_path):
    """Code that isn't wrong can't be shown as if it were."""
    (tmp_path / 'examples' / 'right').mkdir(parents=True)
    for folder in ('examples', 'examples/right'):
        (tmp_path / folder / 'cook.py').write_text('def cook(food):\n    boil(food)\n')
    _, warnings = build(WRONG)
    assert 'Nothing is wrong in this part' in warnings


@pytest.mark.parametrize(
    ('fault', 'words'),
    [
        ('any_size', "There is no fault 'any_size'. Try any_size_is_made"),
        ('any_size_is_made', 'a fault in asgilook/images.py, not in asgilook/app.py'),
        (
            'wsgi_app',
            "asgilook/app.py isn't the same as in the snapshot where wsgi_app",
        ),
    ],
)
def test_refused(build, fault, words):
    """A fault that there isn't, or that the file can't have, is an error."""
    _, warnings = build(f"""
.. listing:: asgilook/app.py
   :step: 6
   :fault: {fault}
""")
    assert words in warnings


def test_a_call_says_where(build):
    """What goes below a call goes after that, not after the last thing with a name."""
    *_, block = build("""
.. listing:: asgilook/app.py
   :step: 3
   :start-at: def create_app
   :end-at: suffix='image'

.. listing:: asgilook/app.py
   :step: 3
   :since-fault: no_error_is_handled
   :start-at: app.add_error_handler(UnknownFormatError
   :end-at: app.add_error_handler(UnknownFormatError
""")[0]
    heading = block.parent[0].astext()
    assert heading.startswith('asgilook/app.py add in the function create_app, after ')
    assert 'after app.add_route' in heading


def test_a_changed_import_says_where(build):
    """Imports are changed at the top; what goes on below them says no such thing."""
    [imports, more] = build("""
.. listing:: asgilook/store.py
   :step: 7
   :start-at: from .thumbnails import
   :end-at: from .thumbnails import

.. listing:: asgilook/store.py
   :step: 7
   :end-before: def __init__
""")[0]
    place = 'change at the top, among the imports'
    assert f'asgilook/store.py {place} ' in imports.parent[0].astext()
    assert place not in more.parent[0].astext()


def test_terminals(build):
    """The heading of a session says in which terminal it's typed."""
    blocks, _ = build("""
.. session::

   $ ls

.. session::
   :server:

   $ uvicorn asgilook.app:app

.. session::

   $ ls

.. session::

   $ .venv/bin/tox -e check

.. session::
   :terminal: 3

   $ .venv/bin/tox -e serve
""")
    assert [block.parent[0].astext() for block in blocks] == [
        'Terminal',
        'Terminal 1: the server',
        'Terminal 2',
        'Terminal, in the repository root',
        'Terminal 3, in the repository root',
    ]


def test_a_program_in_a_box(build):
    """Any listing gets a file's box if its caption says what to do with it."""
    first, second = build("""
.. code-block:: python
   :caption: ``rush.py`` **new file**

   import asyncio

.. code-block:: python
   :caption: ``rush.py``

   import asyncio
""")[0]
    assert {'box', 'file'} <= set(first.parent['classes'])
    assert 'box' not in second.parent['classes']
