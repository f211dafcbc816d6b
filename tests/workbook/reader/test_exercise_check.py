"""`tox -e check -- --exercise NAME` and `--list`: a reader's attempts at exercises."""

import re
import shutil

import pytest

import toxfile
from workbook.book import exercises
from workbook.layout import ROOT, steps
from workbook.reader.check import command, exercise_check

ALL = exercises.exercises()
QUICK = 'two_applications'
"""An exercise whose check takes no time."""


@pytest.fixture(autouse=True)
def record(tmp_path, monkeypatch):
    """Keep what is found in a file of this test's own."""
    monkeypatch.setattr(exercise_check, 'RECORD', tmp_path / 'record.json')
    return tmp_path / 'record.json'


@pytest.fixture
def begun(tmp_path):
    """Return a function that makes a folder as it is when an exercise begins."""

    def make(name, folder='mine'):
        exercises.begin(exercises.find(name), tmp_path / folder)
        return tmp_path / folder

    return make


@pytest.fixture
def run(capsys):
    """Return a function that checks; it returns the exit status and what is shown."""

    def run(folder, *options):
        status = command.main([*options, '--strict', '--app', str(folder)])
        return status, capsys.readouterr().out

    return run


def solve(name, folder):
    """Lay the book's solution of an exercise over a folder."""
    overlay = exercises.find(name).overlay
    shutil.copytree(overlay, folder, dirs_exist_ok=True)


def states(text):
    """Return the exercises that a list calls solved or tried."""
    return dict(re.findall(r'^  (\w+) .* (solved|tried)\s*$', text, re.M))


def test_attempt(begun, run):
    """An attempt is told what does not hold yet, with a hint; or that it is solved."""
    folder = begun(QUICK)
    assert states(run(folder, '--list')[1]) == {}
    status, text = run(folder, '--exercise', QUICK)
    assert status == 1
    exercise = exercises.find(QUICK)
    assert f'exercise {QUICK}: 0 of ' in text
    assert 'What should happen' in text
    assert 'What does the part of the argument after the colon refer to?' in text
    assert f'"{exercise.heading}"' in text
    assert states(run(folder, '--list')[1]) == {QUICK: 'tried'}

    solve(QUICK, folder)
    status, text = run(folder, '--exercise', QUICK)
    assert (status, 'Solved.' in text, 'What happened' in text) == (0, True, False)
    status, text = run(folder, '--list')
    assert (status, states(text)) == (0, {QUICK: 'solved'})
    assert f': 1 of {len(ALL)}.' in ' '.join(text.split())


def test_broken_again(begun, run):
    """What was solved and does not hold any more does not count."""
    folder = begun(QUICK)
    solve(QUICK, folder)
    assert run(folder, '--exercise', QUICK)[0] == 0
    (folder / 'asgilook' / 'app.py').write_text('app = 1\n')
    assert run(folder, '--exercise', QUICK)[0] == 1
    assert states(run(folder, '--list')[1]) == {QUICK: 'tried'}


def test_folders_apart(begun, run, record):
    """What is solved in one folder is not solved in another; one gone is forgotten."""
    solved, other = begun(QUICK), begun(QUICK, 'other')
    solve(QUICK, solved)
    run(solved, '--exercise', QUICK)
    assert states(run(other, '--list')[1]) == {}
    shutil.rmtree(solved)
    run(other, '--exercise', QUICK)
    assert str(solved) not in record.read_text(encoding='utf-8')


@pytest.mark.parametrize('text', ['{', '[]', '{"a": 1}', '\udcff'])
def test_record_that_is_none(begun, run, record, text):
    """A record that cannot be read is as good as none, and is made anew."""
    record.write_bytes(text.encode(errors='surrogateescape'))
    folder = begun(QUICK)
    assert states(run(folder, '--list')[1]) == {}
    run(folder, '--exercise', QUICK)
    assert states(run(folder, '--list')[1]) == {QUICK: 'tried'}


def test_record_that_cannot_be_kept(begun, run, record):
    """What cannot be kept is no failure of the check, and leaves nothing behind."""
    folder = begun(QUICK)
    record.mkdir()
    around = set(record.parent.iterdir())
    solve(QUICK, folder)
    assert run(folder, '--exercise', QUICK)[0] == 0
    assert set(record.parent.iterdir()) == around


def test_list(run, tmp_path):
    """All exercises are listed, below their chapters, in the book's order."""
    status, text = run(tmp_path, '--list')
    assert status == 0
    assert re.findall(r'^  (\w+)  ', text, re.M) == [each.name for each in ALL]
    for each in ALL:
        assert re.search(rf'^  {each.name} +{re.escape(each.title)} *$', text, re.M)
    assert len(re.findall(r'^Step \d+: ', text, re.M)) == len(steps())
    status, text = run(tmp_path / 'none', '--list')
    assert status == 1
    assert text.startswith('There is no folder')


def test_too_early(tmp_path, run):
    """Whoever has not come to the chapter of an exercise is told so."""
    first = steps()[0]
    shutil.copytree(first.snapshot, tmp_path / 'mine')
    status, text = run(tmp_path / 'mine', '--exercise', 'delete')
    assert status == 1
    assert 'continues from step 3' in ' '.join(text.split())


def test_all_hints(begun, run):
    """The stronger hints are folded until they are asked for."""
    folder = begun('uuid_ids')
    # The check that fails first calls for the second hint, so that one comes first.
    second, first = exercise_check.hints(exercises.find('uuid_ids'))
    others = [second]
    text = ' '.join(run(folder, '--exercise', 'uuid_ids')[1].split())
    assert first in text
    assert not any(hint in text for hint in others)
    text = ' '.join(run(folder, '--exercise', 'uuid_ids', '--hint', '--all')[1].split())
    assert all(hint in text for hint in [first, *others])
    assert 'WRONG 2' in text


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        (['--exercise', 'delet'], "there is no exercise 'delet'. Try delete"),
        (['--exercise', 'delete', '--bugs'], 'not allowed with argument'),
        (['--list', '--step', '1'], 'not allowed with argument'),
    ],
)
def test_refused(options, words, capsys):
    """A name that there is not is refused in one line with near ones."""
    with pytest.raises(SystemExit) as ended:
        command.main(options)
    shown = capsys.readouterr().err
    assert (ended.value.code, shown.count('\n')) == (2, 1)
    assert words in shown


@pytest.mark.parametrize('exercise', ALL, ids=lambda exercise: exercise.name)
def test_plain(exercise):
    """Hints are shown without markup, and the place in the book is there."""
    found = exercise_check.hints(exercise)
    assert found
    assert not any(re.search(r'``|:\w+:`|\.\. ', hint) for hint in found)
    section = exercise_check.section(exercise)
    assert section.page.is_file()
    assert section.label == f'exercise-{exercise.name.replace("_", "-")}'


def test_roles():
    """A reference is shown as the heading that it leads to."""
    chapter = (ROOT / 'docs' / 'tutorial' / 'step6.rst').read_text(encoding='utf-8')
    heading = re.search(r'\.\. _step6:\n\n(.+)\n', chapter)[1]
    shown = exercise_check.plain('See :ref:`step6`,\n:doc:`that <there>`, ``a b``.')
    assert shown == f'See "{heading}", that, `a b`.'


def test_installed():
    """What only an exercise needs is there for the check as well."""
    needed = exercises.requirements(ALL)
    assert needed
    assert set(needed) <= set(toxfile.check_settings([])['deps'])
