"""`tox -e check -- --summary`: a class's folders, a line and a row for each."""

import csv
import os
import pathlib
import subprocess
import sys
import threading

import pytest
from rich.cells import cell_len
from rich.console import Console

from workbook.layout import copy_tree, steps
from workbook.reader.check import command, report, runner, submission, summary

FIRST, SECOND = steps()[:2]
CHECK = [sys.executable, '-m', 'workbook.reader.check', '--strict']


def read(path):
    """Return the rows of a CSV file, by the folders' names."""
    with path.open(encoding='utf-8-sig', newline='') as file:
        return {row['name']: row for row in csv.DictReader(file)}


def held(name, at=FIRST):
    """Return how a made-up folder stands of which one check holds."""
    run = runner.Run([runner.Check('t', at.number, 'It works.', outcome='passed')])
    return report.Progress(name, [at], [at], run)


@pytest.fixture
def summarise(tmp_path, monkeypatch):
    """Return a function that sums up, and returns the lines that are shown."""
    monkeypatch.chdir(tmp_path)

    def run(paths, stand, width=80, **options):
        console = Console(width=width, record=True, file=open(os.devnull, 'w'))  # noqa: SIM115
        with console.file:
            holds = summary.summarise(console, paths, stand, **options)
        return holds, console.export_text().splitlines()

    return run


def test_class(tmp_path, monkeypatch, capsys):
    """Whatever is wrong with one folder, the others are checked."""
    submissions = tmp_path / 'submissions'
    for name in ['ann', 'bob', 'loop', 'packed/project']:
        copy_tree(FIRST.snapshot, submissions / name)
    app = pathlib.Path('asgilook', 'app.py')
    (submissions / 'bob' / app).write_text('def (', encoding='utf-8')
    (submissions / 'loop' / app).write_text('while True: pass', encoding='utf-8')
    (submissions / 'empty').mkdir()
    (submissions / '.DS_Store').write_bytes(b'\0')
    (submissions / 'zoe.zip').write_bytes(b'PK')
    written = tmp_path / 'all.csv'
    folders = ['--app', str(submissions / 'ann'), '--app', str(submissions / '[!a]*')]
    monkeypatch.setenv('COLUMNS', '100')
    monkeypatch.setattr(runner, 'BUSY', 0.3)  # An endless loop is known sooner.
    options = ['--strict', '--summary', '--csv', str(written)]
    assert command.main([*folders, *options]) == 1
    shown, errors = capsys.readouterr()
    assert errors == ''
    lines = {line.split()[0]: line for line in shown.splitlines() if line}
    assert '+' in lines['ann']
    assert '+' in lines['packed']
    assert 'bob' in lines
    assert '2 of 6 pass' in shown
    rows = read(written)
    assert list(rows) == ['ann', 'bob', 'empty', 'loop', 'packed', 'zoe.zip']
    assert rows['ann']['holds'] == rows['packed']['holds'] == 'yes'
    assert rows['ann']['step1_state'] == 'done'
    assert rows['ann']['step1_held'] == rows['ann']['step1_checks'] != '0'
    assert "app.py, line 1: Python can't read this" in rows['bob']['first_unmet']
    assert 'too long and was stopped' in rows['loop']['first_unmet']
    assert rows['empty']['first_unmet'] == 'There is nothing to check yet.'
    assert 'unpack it' in rows['zoe.zip']['first_unmet']


def test_error_of_ours(tmp_path, summarise):
    """Even a fault of the tool in one folder leaves the others their line."""

    def stand(folder):
        if folder.name == 'one':
            raise RuntimeError('who would have thought')
        return held(folder.name)

    for name in ['one', 'two']:
        (tmp_path / name).mkdir()
    holds, lines = summarise([tmp_path / 'one', tmp_path / 'two'], stand)
    assert not holds
    assert 'RuntimeError: who would' in lines[0]
    assert lines[1].split() == ['two', '+' + '.' * (len(steps()) - 1), '1/1']


def test_unmet(tmp_path, summarise):
    """The first check that does not hold is named; what happened is in the file."""
    wrong = runner.Check(
        't', 2, 'Pictures are kept.', outcome='failed', lines=['One', ' is gone.']
    )
    standing = held('x')
    standing.run.checks.append(wrong)
    standing.begun = standing.asked = [FIRST, SECOND]
    (tmp_path / 'x').mkdir()
    _, lines = summarise([tmp_path / 'x'], lambda folder: standing)
    assert lines[0].split()[1].startswith('+~')
    assert lines[0].endswith('1/2  Pictures are kept.')
    row = read(tmp_path / 'summary.csv')['x']
    assert row['first_unmet'] == 'Pictures are kept.'
    assert row['what_happened'] == 'One is gone.'
    assert (row['step2_held'], row['step2_checks']) == ('0', '1')


def test_unasked(tmp_path, summarise):
    """Where the app cannot be made, no promise is named that it would have broken."""
    wrong = runner.Check(
        't', 1, 'It works.', outcome='failed', lines=['No app.'], unready=True
    )
    standing = held('x')
    standing.run.checks[:] = [wrong]
    (tmp_path / 'x').mkdir()
    _, lines = summarise([tmp_path / 'x'], lambda folder: standing)
    assert lines[0].endswith('0/1  No app.')
    row = read(tmp_path / 'summary.csv')['x']
    assert (row['first_unmet'], row['what_happened']) == ('No app.', '')


def test_marks():
    """Each state that a step can be in has a mark of its own."""
    assert summary.MARKS.keys() == {*report.STYLES, 'not checked'}
    assert len(set(summary.MARKS.values())) == len(summary.MARKS)


def test_lines_fit(tmp_path, summarise):
    """No line is wider than the terminal, whatever the names and the messages."""
    names = ['a' * 100, '名前' * 30, '[bold]x']
    for name in names:
        (tmp_path / name).mkdir()

    def stand(folder):
        raise submission.UserError('This cannot be checked. ' * 20 + '\nSecond line.')

    _, lines = summarise([tmp_path / name for name in names], stand, width=70)
    assert len(lines[: len(names)]) == len(names)
    for line in lines[:-1]:
        assert cell_len(line) <= 70
    assert lines[2].startswith('[bold]x')
    assert 'Second' not in ''.join(lines)
    assert all('This cannot' in line for line in lines[: len(names)])


def test_never_overwrites(tmp_path, summarise):
    """A file that is there stays: a named one is refused, else a number is added."""
    (tmp_path / 'one').mkdir()
    folders = [tmp_path / 'one']
    for name in ['summary.csv', 'summary-2.csv', 'mine.csv']:
        (tmp_path / name).write_text('marks', encoding='utf-8')
    _, lines = summarise(folders, lambda folder: held('one'))
    assert lines[-1].endswith('summary-3.csv.')
    assert read(tmp_path / 'summary-3.csv')['one']['holds'] == 'yes'
    with pytest.raises(submission.UserError, match=r'mine\.csv exists already'):
        summarise(folders, pytest.fail, csv_file=tmp_path / 'mine.csv')
    with pytest.raises(submission.UserError, match="can't be written"):
        summarise(folders, pytest.fail, csv_file=tmp_path / 'no' / 'mine.csv')
    for name in ['summary.csv', 'summary-2.csv', 'mine.csv']:
        assert (tmp_path / name).read_text(encoding='utf-8') == 'marks'


def test_no_formulas(tmp_path, summarise):
    """A name that a spreadsheet would compute comes as text."""
    (tmp_path / '=1+1').mkdir()
    summarise([tmp_path / '=1+1'], lambda folder: held('x'))
    assert list(read(tmp_path / 'summary.csv')) == ["'=1+1"]


def test_pattern(tmp_path):
    """A pattern that the shell has left is replaced by what fits it."""
    for name in ['b', 'a', '.hidden', '[odd]']:
        (tmp_path / name).mkdir()
    everything = [tmp_path / name for name in ['[odd]', 'a', 'b']]
    assert summary.expand([tmp_path / '*']) == everything
    assert summary.expand([tmp_path / '[odd]']) == [tmp_path / '[odd]']
    assert summary.expand([tmp_path / 'c*']) == [tmp_path / 'c*']


def test_same_names(tmp_path):
    """Folders of the same name are told from each other."""
    folders = [tmp_path / name for name in ['ann/work', 'bob/work']]
    assert summary.names(folders) == ['ann/work', 'bob/work']
    assert summary.names(folders[:1]) == ['work']


def test_at_once(tmp_path, summarise):
    """Where there are processors for it, several folders are checked at once."""
    folders = [tmp_path / name for name in 'abcd']
    for folder in folders:
        folder.mkdir()
    both = threading.Barrier(2, timeout=10)

    def stand(folder):
        both.wait()
        return held(folder.name)

    holds, lines = summarise(folders, stand, at_once=2)
    assert holds
    assert [line.split()[0] for line in lines[:4]] == list('abcd')


def test_interrupted(tmp_path, summarise, monkeypatch):
    """Ctrl-C ends the checks that run, and begins no more."""
    folders = [tmp_path / name for name in 'abc']
    for folder in folders:
        folder.mkdir()
    looked, second = [], threading.Event()

    def stand(folder):
        looked.append(folder.name)
        if folder.name == 'b':
            second.set()
            assert runner.STOP.wait(10)
        return held(folder.name)

    class Interrupted(summary.Row):
        def cells(self):
            assert second.wait(10)
            raise KeyboardInterrupt

    monkeypatch.setattr(summary, 'Row', Interrupted)
    with pytest.raises(KeyboardInterrupt):
        summarise(folders, stand, at_once=1)
    assert looked == ['a', 'b']
    assert not runner.STOP.is_set()


@pytest.mark.parametrize('wrong', [['--csv', 'x.csv'], ['--summary', '--watch']])
def test_refused(wrong):
    """Options that make no sense together are refused in one line."""
    ended = subprocess.run([*CHECK, *wrong], capture_output=True, encoding='utf-8')
    assert ended.returncode == 2
    assert ended.stderr.count('\n') == 1
    assert '--summary' in ended.stderr
