"""Phrases that nobody would say are found in prose, and code is left alone."""

import pathlib

import nbformat
import pytest

from workbook.keeper import voice
from workbook.layout import ROOT

CAUGHT = {
    'The mend is to mend it.': ['mend', 'mend'],
    'A front server takes the files.': ['front server'],
    'Type each line, or it is typed for you.': ['Type each line', 'is typed'],
    'Start anew.': ['anew'],
    'All at once, it is there.': ['at once'],
    'The others are kept likewise.': ['likewise'],
    'Use one in place of the other.': ['in place of'],
    'It is for whoever asks.': ['whoever'],
    'Who leaves this out measures nothing.': ['Who leaves this out measures nothing.'],
    'It works. What is large leaves in pieces.': ['What is large leaves in pieces.'],
    'Such code belongs into middleware.': ['belongs into'],
    'It was fetched in vain.': ['in vain'],
    'You need not know it.': ['need not'],
    'The other has none.': ['has none'],
    'The log is told.': ['is told'],
    'A list will do.': ['will do'],
    'It changes this and no more.': ['no more'],
    'There is a lab that there is not.': ['that there is not'],
    'Append it behind ``--``.': ['behind `'],
    'Add it behind the command.': ['behind the command'],
    'It stands in the file.': ['stands in'],
    'It stands below it.': ['stands below'],
    'The picture stood below.': ['stood below'],
    'The file is to be left alone.': ['is to be'],
    'A page says what is open.': ['what is open'],
    'All checks hold.': ['checks hold'],
    "This doesn't hold.": ["doesn't hold"],
    'It is simply there, obviously.': ['simply', 'obviously'],
    'It is just a file.': ['just'],
    'It works! And how!': ['s!', 'w!'],
}
FINE = [
    'It is just as quick, just before the end, and has just begun.',
    'What does it do? What a picture.',
    'What you have now',
    'What you see in the book is what happens.',
    'Who asks? Who sends it, and when?',
    'Has none of them an end? It has no more than ten, and no more room.',
    'ASGI stands for a name, and a plain file stands in for the disk.',
    'The file is behind nginx, and the feed goes on after it.',
    'A pool holds four connections; hold on.',
    'Use ``just!`` at your own risk, with ``at once``.',
    'The new value is to the left.',
    'The two can hardly be told apart.',
]


def phrases(text, name='page.rst'):
    """Return the phrases found in a text."""
    return [found.phrase for found in voice.look(pathlib.Path(name), text)]


@pytest.mark.parametrize('sentence', CAUGHT)
def test_habit_is_caught(sentence):
    """Each habit is found, whatever surrounds it."""
    assert sorted(phrases(sentence)) == sorted(CAUGHT[sentence])


def test_every_habit_was_seen():
    """No pattern is too narrow to find anything."""
    found = {
        one.habit for text in CAUGHT for one in voice.look(pathlib.Path('a.rst'), text)
    }
    assert found == set(voice.habits())


@pytest.mark.parametrize('sentence', FINE)
def test_good_english_is_left_alone(sentence):
    """The patterns are narrow."""
    assert phrases(sentence) == []


def test_a_page_is_read_as_prose():
    """Code, sessions, paths and comments are skipped; notes and captions aren't."""
    page = """
A page, simply
==============

.. a comment: mend it

Text that runs on at
once, and shows::

   print('just code!')

.. session::
   :not-run: it would do so at once

   $ tox -e anew!

.. note::

   It is ``at once`` in a *note*, likewise.

.. figure:: /pictures/mend.svg
   :alt: A picture that was made in vain.

   Its caption will do. See :ref:`anew <anew>`, `a page <https://mend.example>`_.
"""
    found = [(one.line, one.phrase) for one in voice.look(pathlib.Path('p.rst'), page)]
    assert found == [
        (2, 'simply'),
        (7, 'at once'),
        (19, 'likewise'),
        (22, 'in vain'),
        (24, 'will do'),
        (24, 'anew'),
    ]


def test_code_is_read_for_its_words():
    """A test's docstrings and hints are read; a program's messages, too."""
    code = '''"""Nothing, simply."""


@pytest.mark.hint('Mend it.', f'{name} will do.')
def test_it(run):
    """It works anew."""  # and this at once
    run('just a value')
'''
    assert phrases(code, 'tests/test_it.py') == [
        'simply',
        'anew',
        'Mend',
        'will do',
    ]
    in_a_program = phrases(code, 'workbook/reader/it.py')
    assert set(in_a_program) - {'simply', 'anew', 'Mend', 'will do'} == {
        'at once',
        'just',
    }


def test_settings_are_read_for_their_words():
    """The code in a list of bugs is no prose."""
    text = 'fault = "It answers at once."\nright = "just a line"\nwrong = "a b anew"\n'
    assert phrases(text, 'bugs.toml') == ['at once']


def test_a_notebook_is_read_cell_by_cell():
    """The line is that of the file, so that an editor goes there."""
    cells = [
        nbformat.v4.new_markdown_cell('# Title\n\nIt is `just` there,\nat once.'),
        nbformat.v4.new_code_cell('x = await f()\n# Mend it\nshow("that will do")'),
    ]
    text = nbformat.writes(nbformat.v4.new_notebook(cells=cells))
    found = list(voice.look(pathlib.Path('lab.ipynb'), text))
    assert [one.phrase for one in found] == ['at once', 'will do', 'Mend']
    for one in found:
        assert one.phrase in text.splitlines()[one.line - 1]


def test_what_was_found_is_reported(tmp_path, capsys):
    """One line says where it is, why it is avoided, and what to write."""
    page = tmp_path / 'page.rst'
    page.write_text('A\nsentence. This will do.\n', encoding='utf-8')
    assert voice.main([str(page)]) == 1
    assert capsys.readouterr().out == (
        f'{page.as_posix()}:2: "will do": translated word for word; write is enough, '
        'or works\n1 phrase to say another way: see voice.toml.\n'
    )
    page.write_text('A sentence. This works.\n', encoding='utf-8')
    assert voice.main([str(page)]) == 0


@pytest.mark.parametrize('kind', ['places', 'not_yet'])
def test_all_that_is_named_is_there(kind):
    """A pattern without a file is left over from something that moved."""
    for pattern in voice.rules()[kind]:
        assert any(ROOT.glob(pattern)), pattern


def test_pages_are_covered_unless_named():
    """The list of exceptions leaves out what it names, and nothing else."""
    covered = {path.relative_to(ROOT).as_posix() for path in voice.covered()}
    assert 'docs/explanation/cache.rst' in covered
    assert not any('.tox' in path for path in covered)
    later = {
        path.relative_to(ROOT).as_posix()
        for pattern in voice.rules()['not_yet']
        for path in ROOT.glob(pattern)
    }
    pages = {path.relative_to(ROOT).as_posix() for path in ROOT.glob('docs/**/*.rst')}
    assert pages - covered == pages & later
