"""A step more is a folder, tests, and a chapter: nothing else has to be edited.

The made-up steps go up to 11, so that lists which are sorted as text show themselves.
"""

import os
import pickle
import re
import shutil
import subprocess
import sys

import pytest

from workbook.layout import GENERATED, ROOT, Step, steps

REAL = steps()
LAST = REAL[-1]
ADDED = [
    Step(number, f'step{number}_extra{number}')
    for number in range(LAST.number + 1, max(LAST.number + 1, 11) + 1)
]
NEW = ADDED[-1]
BEFORE = [*REAL, *ADDED][-2]
NUMBERS = [step.number for step in [*REAL, *ADDED]]
WITH_OWN_TESTS = [step for step in REAL if any(step.tests.glob('bugs.toml'))]
UNTOLD = ADDED[0]
"""The step whose chapter leaves out a listing."""

MODULE = '''"""What step NUMBER adds."""


def number() -> int:
    """Return the number of the step."""
    return NUMBER
'''
OWN_TEST = '''"""What step NUMBER adds works."""

from asgilook import extraNUMBER


def test_number() -> None:
    """The number is that of the step."""
    assert extraNUMBER.number() == NUMBER
'''
TEST = '''"""The service knows the number NUMBER."""


def test_number(module):
    """The number is that of the step."""
    assert module('extraNUMBER').number() == NUMBER
'''
METADATA = """teaches = "the number NUMBER"
minutes = 30
labs = []
replaced = []

[not_needed]
"""
LISTINGS = """
.. listing:: asgilook/extraNUMBER.py

.. listing:: tests/test_extraNUMBER.py
"""
CHAPTER = """:step: NUMBER

.. _stepNUMBER:

Step NUMBER: one more
=====================

This chapter takes about half an hour, and teaches

.. list-table::
   :class: points

   * - *Numbers*
     - :ref:`stepNUMBER-number`

.. _stepNUMBER-number:

The number
----------

Numbers go on after the last one. Two files do, ``extraNUMBER.py`` and its tests,
``test_extraNUMBER.py``.
LISTINGS
.. session::

   $ python -c 'from asgilook import extraNUMBER; print(extraNUMBER.number())'
   NUMBER

.. step-diff::

Exercises
---------

.. exercises::
"""
EXERCISE = {
    'exercise.toml': 'title = "Twice NUMBER"\norder = 1\n',
    'task.rst': 'Write a function ``twice`` that returns twice the number.\n',
    'hints/1.rst': 'Add the number to itself.\n',
    'solution.rst': '.. literalinclude:: solution/asgilook/extraNUMBER.py\n',
    'solution/asgilook/extraNUMBER.py': f'''{MODULE}

def twice() -> int:
    """Return twice the number."""
    return 2 * number()
''',
    'test_twice.py': '''"""The service can count further."""


def test_twice(module):
    """Twice the number is as much as the number and the number."""
    extra = module('extraNUMBER')
    assert extra.twice() == extra.number() + extra.number()
''',
}


def write(path, text):
    """Write a file, in a folder that there may not be yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding='utf-8')


def filled(text, step):
    """Return a text of a made-up step, with its number."""
    return text.replace('NUMBER', str(step.number))


def git(root, *arguments):
    """Run git."""
    identity = ['-c', 'user.name=A. Maintainer', '-c', 'user.email=a@maintainer']
    subprocess.run(['git', *identity, *arguments], cwd=root, check=True)


def add(root, step, before):
    """Add a step to a copy of the workbook: folders, and a page."""
    snapshot = root / 'steps' / step.name
    shutil.copytree(root / 'steps' / before.name, snapshot)
    extra = f'extra{step.number}.py'
    write(snapshot / 'asgilook' / extra, filled(MODULE, step))
    write(snapshot / 'tests' / f'test_{extra}', filled(OWN_TEST, step))
    write(root / 'tests' / step.name / f'test_{extra}', filled(TEST, step))
    write(root / 'tests' / step.name / 'step.toml', filled(METADATA, step))
    listings = LISTINGS.replace('.. listing:: asgi', '.. asgi', step == UNTOLD)
    chapter = filled(CHAPTER.replace('LISTINGS', listings), step)
    write(root / 'docs' / 'tutorial' / f'step{step.number}.rst', chapter)
    folder = root / 'exercises' / step.name / f'twice{step.number}'
    for name, text in EXERCISE.items():
        write(folder / filled(name, step), filled(text, step))


def leave_little(root):
    """Leave the shortest file of each real step's tests: they are run elsewhere."""
    for step in REAL:
        folder = root / 'tests' / step.name
        files = sorted(folder.glob('test_*.py'), key=lambda path: path.stat().st_size)
        for path in files[1:]:
            path.unlink()


@pytest.fixture(scope='module')
def longer(tmp_path_factory):
    """Return a copy of the workbook with more steps, committed."""
    root = tmp_path_factory.mktemp('workbook') / 'copy'
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(*GENERATED, 'work'))
    for before, step in zip([LAST, *ADDED], ADDED, strict=False):
        add(root, step, before)
    git(root, 'init', '-q')
    git(root, 'add', '--all')
    git(root, 'commit', '-q', '-m', 'Some steps more')
    return root


def run(root, *command):
    """Run a Python module or script in the copy; return its status, what it printed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith('TOX')}
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=root,
        env={
            **environment,
            'NO_COLOR': '1',
            'COLUMNS': '120',
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding='utf-8',
    )
    return ended.returncode, ended.stdout


def numbers(pattern, text):
    """Return the numbers of the steps that a text names, in its order."""
    return [int(number) for number in re.findall(pattern, text, re.MULTILINE)]


def test_commands(longer):
    """All commands know the steps: to test, to serve, and to look at types."""
    _, listed = run(longer, '-m', 'tox', 'list', '-q')
    default, _, additional = listed.partition('\n\n')
    assert numbers(r'^step(\d+) ', default) == NUMBERS
    assert numbers(r'^serve(\d+) ', additional) == NUMBERS
    chosen = f'step{NEW.number},types,lowest,py311,serve'
    _, settings = run(longer, '-m', 'tox', 'config', '-e', chosen, '-k', 'commands')
    tests, types, lowest, py311, serve = settings.split('[testenv:')[1:]
    assert f'--app=steps/{NEW.name}' in tests
    assert f'tests/{BEFORE.name} tests/{NEW.name}' in tests
    assert numbers(r'steps/step(\d+)_\w+/asgilook', types) == NUMBERS
    assert numbers(r'--with-editable steps/step(\d+)_', lowest) == NUMBERS
    assert dict.fromkeys(numbers(r'steps/step(\d+)_', py311)).keys() == {*NUMBERS}
    assert f'workbook.reader.serve {NEW.number}' in serve


def test_unknown_step(longer):
    """The step after the last one is refused, by the number of the last."""
    _, printed = run(longer, '-m', 'tox', '-q', '-e', f'step{NEW.number + 1}')
    assert f'numbered 1 to {NEW.number}. Try `tox -e step{NEW.number}`' in printed


def test_style(longer):
    """The style of their code is checked, and no list of exceptions is needed."""
    for command in [['check'], ['format', '--check', '--diff']]:
        status, printed = run(longer, '-m', 'ruff', *command, '--no-cache')
        assert status == 0, printed


def test_suite(longer):
    """A step's tests are run on its snapshot, and those of the workbook on both."""
    status, printed = run(
        longer, '-m', 'pytest', '-q', f'--app=steps/{NEW.name}', f'tests/{NEW.name}'
    )
    assert status == 0, printed
    chosen = ['-k', f'{NEW.name} or numbers or in_one_place or private']
    status, printed = run(
        longer, '-m', 'pytest', '-q', 'tests/workbook/keeper/test_snapshots.py', *chosen
    )
    assert status == 0, printed
    assert ' passed' in printed


def test_own_suite(longer):
    """A snapshot's own suite has tests of what that snapshot adds, and covers it."""
    for step in WITH_OWN_TESTS:
        chosen = ['-k', 'test_complete', f'tests/{step.name}']
        status, printed = run(
            longer, '-m', 'pytest', '-q', f'--app=steps/{NEW.name}', *chosen
        )
        assert status == 0, printed


@pytest.fixture(scope='module')
def built(longer, tmp_path_factory):
    """Build the book; return Sphinx' status, what it printed, and all it knows."""
    folder = tmp_path_factory.mktemp('book')
    build = ['-m', 'sphinx', '-W', '--keep-going', '-n', '-b', 'dummy', 'docs']
    status, printed = run(
        longer, *build, '-d', str(folder / 'doctrees'), str(folder / 'book')
    )
    environment = (folder / 'doctrees' / 'environment.pickle').read_bytes()
    return status, printed, pickle.loads(environment)  # noqa: S301 - it is our own


def test_book(built):
    """The chapters are in the book in their order; each line has to be listed."""
    status, printed, environment = built
    shares = re.findall(r'^narration of step (\d+): (\S+) %', printed, re.MULTILINE)
    assert [int(number) for number, _ in shares] == NUMBERS
    for number, share in shares:
        assert (share == '100.0') == (int(number) != UNTOLD.number)
    pages = environment.toctree_includes['index']
    chapters = [page for page in pages if re.search(r'/step\d', page)]
    assert chapters == [f'tutorial/step{number}' for number in NUMBERS]

    # Nothing else is wrong with the book.
    assert status != 0
    warnings = [line for line in printed.splitlines() if 'WARNING: ' in line]
    untold = [line.partition('WARNING: ')[2] for line in warnings]
    assert all(f'step{UNTOLD.number}.rst' in line for line in warnings), printed
    name = f'asgilook/extra{UNTOLD.number}.py'
    assert untold[0].startswith(f'not told: {name}:1: '), printed
    assert all(line.startswith(f'not told: {name}:') for line in untold), printed


@pytest.mark.skipif(os.name != 'posix', reason='Windows has no such terminals')
def test_sessions(longer):
    """What the chapters show is run, each on its own snapshot."""
    pages = [f'docs/tutorial/step{step.number}.rst' for step in ADDED[-2:]]
    status, printed = run(longer, '-m', 'workbook.book.run_sessions', 'check', *pages)
    assert status == 0, printed


def test_forward(longer):
    """An edit of the last real step reaches all the others."""
    name = 'asgilook/__init__.py'
    with (longer / 'steps' / LAST.name / name).open('a', encoding='utf-8') as file:
        file.write('\nVERSION = (0, 1, 0)\n')
    status, printed = run(longer, '-m', 'workbook.keeper.forward', str(LAST.number))
    assert status == 0, printed
    carried = numbers(rf'steps/step(\d+)_\w+/{name}: carried', printed)
    assert carried == [step.number for step in ADDED]
    assert 'VERSION' in (longer / 'steps' / NEW.name / name).read_text('utf-8')
    environments = ','.join(f'step{step.number}' for step in [LAST, *ADDED])
    assert f'tox -e {environments}\n' in printed


def test_reader(longer, tmp_path):
    """A reader can begin with the last, and is told what holds and what does not."""
    mine = tmp_path / 'mine'
    status, printed = run(
        longer, '-m', 'workbook.reader.start', str(NEW.number), '--into', str(mine)
    )
    assert status == 0, printed
    assert f'step {BEFORE.number}' in printed
    assert f'Step {NEW.number}: one more\n' in printed

    # A reader who has left out the tests of the service: to plant bugs takes long.
    shutil.rmtree(mine / 'tests')
    write(mine / 'asgilook' / f'extra{NEW.number}.py', filled(MODULE, NEW))
    leave_little(longer)
    _, printed = run(longer, '-m', 'workbook.reader.check', '--app', str(mine))
    git(longer, 'checkout', '-q', '--', 'tests')
    left_out = [step.number for step in WITH_OWN_TESTS]
    done = [number for number in NUMBERS if number not in left_out]
    assert numbers(r'^ *step (\d+) .* done *$', printed) == done, printed
    assert numbers(r'^ *step (\d+) ', printed) == NUMBERS, printed


def test_exercise(longer, tmp_path):
    """Its exercise is known; its check can be failed, and can be passed."""
    name = f'twice{NEW.number}'
    _, listed = run(longer, '-m', 'workbook.keeper.verify_exercises', f'{name}e')
    assert f'Try {name} ' in listed
    check = ['-m', 'pytest', '-q', f'exercises/{NEW.name}/{name}']
    status, printed = run(longer, *check, f'--app=steps/{NEW.name}')
    assert status == 1, printed
    shutil.copytree(longer / 'steps' / NEW.name, tmp_path / 'solved')
    solution = longer / 'exercises' / NEW.name / name / 'solution'
    shutil.copytree(solution, tmp_path / 'solved', dirs_exist_ok=True)
    status, printed = run(longer, *check, f'--app={tmp_path / "solved"}')
    assert status == 0, printed


def test_exercises_in_order(longer):
    """The list of the exercises has the steps in their order."""
    _, listed = run(longer, '-m', 'workbook.reader.check', '--list', '--app', 'steps')
    assert numbers(r'^Step (\d+): ', listed) == NUMBERS, listed


def test_readme(longer):
    """They come into the table of steps, in their order, with what they teach."""
    status, printed = run(longer, '-m', 'workbook.keeper.readme')
    assert status == 0, printed
    text = (longer / 'README.rst').read_text(encoding='utf-8')
    assert numbers(r'^   \* - `<steps/step(\d+)_\w+>`_$', text) == NUMBERS
    teaches = f'the number {NEW.number}'
    assert f'`<steps/{NEW.name}>`_\n     - {teaches}\n' in text
