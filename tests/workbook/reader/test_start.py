"""`tox -e start` makes a reader's folder, and never touches one that is there."""

import os
import subprocess
import sys

import pytest

from workbook.layout import ROOT, steps
from workbook.reader import start

STEPS = steps()
CACHES = {'__pycache__', '.pytest_cache', '.coverage', 'asgilook.egg-info'}
FAR = str(len(STEPS) + 1)


@pytest.fixture
def run(monkeypatch, capsys):
    """Return what runs the command; it returns the exit status, and what was said."""
    monkeypatch.chdir(ROOT)

    def run(*arguments):
        try:
            status = start.main([*map(str, arguments)])
        except SystemExit as ended:
            status = ended.code
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return run


def contents(folder):
    """Return the files in a folder, by their names."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


def test_chapter_one(run, tmp_path):
    """Chapter 1 begins with an empty folder, and a note that says what to do."""
    status, said = run('--into', tmp_path / 'mine')
    assert status == 0
    assert 'Step 1' in said
    [(name, note)] = contents(tmp_path / 'mine').items()
    assert name == 'START-HERE.txt'
    assert b'tox -e check' in note
    assert b'tox -e book' in note or b'step1.html' in note
    assert b'.rst' not in note
    assert list(tmp_path.iterdir()) == [tmp_path / 'mine']


@pytest.mark.parametrize('step', STEPS[1:], ids=lambda step: step.name)
def test_later_chapter(run, tmp_path, step):
    """A later chapter begins with what the ones before it have made, and no caches."""
    before = STEPS[STEPS.index(step) - 1]
    status, said = run(step.number, '--into', tmp_path / 'mine')
    assert status == 0
    assert f'Step {step.number}' in said
    listed = subprocess.run(
        ['git', 'ls-files', '--cached', '--others', '--exclude-standard', '-z', '.'],
        cwd=before.snapshot,
        capture_output=True,
        check=True,
    ).stdout.decode()
    kept = {name: (before.snapshot / name) for name in listed.split('\0') if name}
    assert contents(tmp_path / 'mine') == {
        name: path.read_bytes() for name, path in kept.items()
    }


@pytest.mark.parametrize(('number', 'package'), [(6, '-e .'), (7, '-e ".[test]"')])
def test_packages(run, tmp_path, number, package):
    """From the step with a test suite on, its packages are installed as well."""
    _, said = run(number, '--into', tmp_path / 'mine')
    assert f'pip install {package} httpie' in said


def test_caches_stay_behind(tmp_path):
    """What tools leave in a snapshot is not copied; a file with a dot is."""
    snapshot = tmp_path / 'steps' / 'step1_a'
    for name in [*CACHES, '.hidden']:
        (snapshot / name).mkdir(parents=True)
        (snapshot / name / 'file').touch()
    (snapshot / '.dockerignore').touch()
    start.make(tmp_path / 'mine', Part(2, snapshot, [Part(1, snapshot, [])]))
    assert set(contents(tmp_path / 'mine')) == {'.dockerignore', '.hidden/file'}


class Part:
    """What stands in for a step."""

    def __init__(self, number, snapshot, before):
        self.number, self.snapshot, self.before = number, snapshot, before


def test_never_overwrites(run, tmp_path):
    """A folder that is there stays; the answer says what it is, and how to go on."""
    mine = tmp_path / 'mine'
    run(3, '--into', mine)
    (mine / 'asgilook' / 'app.py').write_text('mine')
    before = contents(mine)
    status, said = run(4, '--into', mine)
    assert status == 1
    assert contents(mine) == before
    assert 'already exists, and I left it as it is' in said
    assert 'asgilook/__init__.py' in said
    assert 'looks like step 2' in said
    assert 'tox -e start -- 4 --into' in said
    assert f'tox -e check -- --app {mine}' in said


@pytest.mark.parametrize('kind', ['empty', 'file', 'link'])
def test_anything_there_stays(run, tmp_path, kind):
    """An empty folder, a file, and a link to nowhere are not replaced either."""
    mine = tmp_path / 'mine'
    if kind == 'empty':
        mine.mkdir()
    elif kind == 'file':
        mine.write_text('mine')
    else:
        mine.symlink_to(tmp_path / 'nowhere')
    status, said = run(2, '--into', mine)
    assert (status, said.startswith(str(tmp_path))) == (1, True)
    if kind == 'empty':
        assert list(mine.iterdir()) == []
    elif kind == 'file':
        assert mine.read_text() == 'mine'
    else:
        assert not (tmp_path / 'nowhere').exists()


def test_all_or_nothing(tmp_path, monkeypatch):
    """If the copy breaks off, no half of a folder stays behind."""

    def break_off(*arguments, **options):
        os.makedirs(arguments[1])
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(start, 'copy_tree', break_off)
    assert start.main(['3', '--into', str(tmp_path / 'mine')]) == 1
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_made(run, tmp_path):
    """A place that cannot be written to is named, in one line."""
    (tmp_path / 'file').touch()
    status, said = run('--into', tmp_path / 'file' / 'mine')
    assert status == 1
    assert 'file is a file, so no folder can be created in it.' in said
    assert said.count('\n') == 1


@pytest.mark.parametrize('number', ['0', FAR, 'four', '-1', '1.5'])
def test_no_such_chapter(run, tmp_path, number):
    """A chapter that there is not is refused in one line, and nothing is made."""
    status, said = run(number, '--into', tmp_path / 'mine')
    assert status == 2
    assert said.count('\n') == 1
    assert not (tmp_path / 'mine').exists()
    if number in ('0', FAR, 'four', '1.5'):
        assert f'numbered 1 to {STEPS[-1].number}' in said


def test_work_is_ignored():
    """Git leaves the reader's folder alone."""
    ended = subprocess.run(['git', 'check-ignore', 'work/asgilook/app.py'], cwd=ROOT)
    assert ended.returncode == 0


def test_what_is_told_of_it(run, tmp_path):
    """The checks take a folder for the chapter that it was made for."""
    run('--into', tmp_path / 'one')
    environment = {**os.environ, 'COLUMNS': '120', 'CI': ''}
    ended = subprocess.run(
        [sys.executable, '-m', 'workbook.reader.check', '--app', str(tmp_path / 'one')],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0
    assert 'Start with' in ended.stdout
