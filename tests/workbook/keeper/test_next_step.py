"""A step more is a folder, tests, and a chapter: nothing else has to be edited."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from workbook.layout import GENERATED, ROOT, steps

LAST = steps()[-1]
NUMBER = LAST.number + 1
NAME = f'step{NUMBER}_clock'

MODULE = '''"""The time, as the service tells it."""

import datetime


def now() -> datetime.datetime:
    """Return the time, in UTC."""
    return datetime.datetime.now(datetime.UTC)
'''
TEST = '''"""The service can tell the time."""

import datetime


def test_now(module):
    """The time is told in UTC."""
    assert module('clock').now().tzinfo is datetime.UTC
'''
METADATA = """teaches = "what time it is"
minutes = 30
labs = []
replaced = []

[not_needed]
"""
CHAPTER = f""":step: {NUMBER}

.. _step{NUMBER}:

Step {NUMBER}: a clock
===============

This chapter takes about half an hour, and teaches

.. list-table::
   :class: points

   * - *UTC*
     - :ref:`step{NUMBER}-time`

.. _step{NUMBER}-time:

The time
--------

A service that stores pictures should know what time it is, in UTC.

.. listing:: asgilook/clock.py

.. session::

   $ python -c 'from asgilook import clock; print(clock.now().tzinfo)'
   UTC

.. step-diff::

Exercises
---------

.. exercises::
"""
EXERCISE = {
    'exercise.toml': 'title = "The year"\norder = 1\n',
    'task.rst': 'Write a function ``year`` that tells the year, in UTC.\n',
    'hints/1.rst': 'There is a function that knows more than the year.\n',
    'solution.rst': '.. literalinclude:: solution/asgilook/clock.py\n',
    'solution/asgilook/clock.py': f'''{MODULE}

def year() -> int:
    """Return the year, in UTC."""
    return now().year
''',
    'test_year.py': '''"""The service can tell the year."""


def test_year(module):
    """The year is that of the time."""
    clock = module('clock')
    assert clock.year() == clock.now().year
''',
}


def write(path, text):
    """Write a file, in a folder that there may not be yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding='utf-8')


def git(root, *arguments):
    """Run git."""
    identity = ['-c', 'user.name=A. Maintainer', '-c', 'user.email=a@maintainer']
    subprocess.run(['git', *identity, *arguments], cwd=root, check=True)


@pytest.fixture(scope='module')
def longer(tmp_path_factory):
    """Return a copy of the workbook with one step more, committed."""
    root = tmp_path_factory.mktemp('workbook') / 'copy'
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(*GENERATED, 'work'))
    shutil.copytree(root / 'steps' / LAST.name, root / 'steps' / NAME)
    write(root / 'steps' / NAME / 'asgilook' / 'clock.py', MODULE)
    write(root / 'tests' / NAME / 'test_clock.py', TEST)
    write(root / 'tests' / NAME / 'step.toml', METADATA)
    write(root / 'docs' / 'tutorial' / f'step{NUMBER}.rst', CHAPTER)
    for name, text in EXERCISE.items():
        write(root / 'exercises' / NAME / 'year' / name, text)
    git(root, 'init', '-q')
    git(root, 'add', '--all')
    git(root, 'commit', '-q', '-m', 'One step more')
    return root


def run(root, *command):
    """Run a Python module or script in the copy; return its status, what it printed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith('TOX')}
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=root,
        env={**environment, 'PYTHONDONTWRITEBYTECODE': '1', 'NO_COLOR': '1'},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding='utf-8',
    )
    return ended.returncode, ended.stdout


def test_commands(longer):
    """All commands know the step: to test it, serve it, and look at its types."""
    _, listed = run(longer, '-m', 'tox', 'list', '-q')
    default, _, additional = listed.partition('\n\n')
    assert f'\nstep{NUMBER} ' in default
    assert f'\nserve{NUMBER} ' in additional
    assert f'\npy311-step{NUMBER} ' in additional
    chosen = f'step{NUMBER},types,lowest,docs,serve'
    _, settings = run(longer, '-m', 'tox', 'config', '-e', chosen, '-k', 'commands')
    tests, types, lowest, _, serve = settings.split('[testenv:')[1:]
    assert f'--app=steps/{NAME}' in tests
    assert f'tests/{LAST.name} tests/{NAME}' in tests
    assert f'steps/{NAME}/asgilook' in types
    assert f'--with-editable steps/{NAME}' in lowest
    assert f'workbook.reader.serve {NUMBER}' in serve


def test_style(longer):
    """The style of its code is checked, and no list of exceptions is needed."""
    for command in [['check'], ['format', '--check', '--diff']]:
        status, printed = run(longer, '-m', 'ruff', *command, '--no-cache')
        assert status == 0, printed


def test_suite(longer):
    """Its tests are run on its snapshot, and those of the workbook on both."""
    status, printed = run(
        longer, '-m', 'pytest', '-q', f'--app=steps/{NAME}', f'tests/{NAME}'
    )
    assert status == 0, printed
    chosen = ['-k', f'{NAME} or numbers or in_one_place or private']
    status, printed = run(
        longer, '-m', 'pytest', '-q', 'tests/workbook/keeper/test_snapshots.py', *chosen
    )
    assert status == 0, printed
    assert ' passed' in printed


def test_chapter(longer, tmp_path):
    """Its chapter is in the book, which asks for a listing of every line."""
    build = ['-m', 'sphinx', '-W', '--keep-going', '-n', '-b', 'dummy', 'docs']
    build += ['-D', 'nb_execution_mode=off']  # The labs do not know the step.
    build += ['-d', str(tmp_path / 'doctrees'), str(tmp_path / 'book')]
    status, printed = run(longer, *build)
    assert status == 0, printed
    assert f'narration of step {NUMBER}: 100.0 %' in printed
    page = f'docs/tutorial/step{NUMBER}.rst'
    if os.name == 'posix':
        status, printed = run(longer, '-m', 'workbook.book.run_sessions', 'check', page)
        assert status == 0, printed

    write(longer / page, CHAPTER.replace('.. listing:: asgilook/clock.py\n', ''))
    status, printed = run(longer, *build)
    assert status != 0
    assert 'not told: asgilook/clock.py:3: import datetime' in printed
    git(longer, 'checkout', '--', page)


def test_forward(longer):
    """An edit of the step before reaches it."""
    name = 'asgilook/__init__.py'
    with (longer / 'steps' / LAST.name / name).open('a', encoding='utf-8') as file:
        file.write('\nVERSION = (0, 1, 0)\n')
    status, printed = run(longer, '-m', 'workbook.keeper.forward', str(LAST.number))
    assert status == 0, printed
    assert f'steps/{NAME}/{name}: carried' in printed
    assert 'VERSION' in (longer / 'steps' / NAME / name).read_text(encoding='utf-8')
    assert f'tox -e step{LAST.number},step{NUMBER}\n' in printed


def test_reader(longer, tmp_path):
    """A reader can begin with it, and is told what holds and what does not."""
    mine = str(tmp_path / 'mine')
    status, printed = run(
        longer, '-m', 'workbook.reader.start', str(NUMBER), '--into', mine
    )
    assert status == 0, printed
    assert f'it looks like step {LAST.number}.' in printed
    assert f'Step {NUMBER}: a clock (docs/tutorial/step{NUMBER}.rst)' in printed

    # A reader who has left out the step before: its tests of tests take long.
    shutil.rmtree(tmp_path / 'mine' / 'tests', ignore_errors=True)
    clock = pathlib.Path(mine, 'asgilook', 'clock.py')
    write(clock, MODULE)
    _, printed = run(longer, '-m', 'workbook.reader.check', '--app', mine)
    assert f'step {LAST.number} ' in printed
    assert re.search(rf'step {NUMBER}  clock +1 of 1  done', printed), printed


def test_exercise(longer, tmp_path):
    """Its exercise is known; its check can be failed, and can be passed."""
    _, listed = run(longer, '-m', 'workbook.keeper.verify_exercises', 'yaer')
    assert 'Try year' in listed
    check = ['-m', 'pytest', '-q', f'exercises/{NAME}/year']
    status, printed = run(longer, *check, f'--app=steps/{NAME}')
    assert status == 1, printed
    shutil.copytree(longer / 'steps' / NAME, tmp_path / 'solved')
    solution = longer / 'exercises' / NAME / 'year' / 'solution'
    shutil.copytree(solution, tmp_path / 'solved', dirs_exist_ok=True)
    status, printed = run(longer, *check, f'--app={tmp_path / "solved"}')
    assert status == 0, printed


def test_readme(longer):
    """It comes into the table of steps, with what it teaches."""
    status, printed = run(longer, '-m', 'workbook.keeper.readme')
    assert status == 0, printed
    text = (longer / 'README.rst').read_text(encoding='utf-8')
    assert f'`<steps/{NAME}>`_\n     - what time it is\n' in text
