"""`tox -e check -- --bugs`: what a reader's own tests catch, and nothing given away."""

import dataclasses
import io
import re
import shutil

import pytest
from rich.console import Console

from workbook import faults, suites
from workbook.book import sessions
from workbook.cli import UserError
from workbook.layout import ROOT, steps
from workbook.reader.check import bug_check, command
from workbook.reader.check.bug_check import BugReport
from workbook.suites import Report, Result

HOWTO = ROOT / 'examples' / 'howto'
TESTS_PAGE = ROOT / 'docs' / 'explanation' / 'tests.rst'
STEP = next(step for step in steps() if step.has_own_tests)
PLANTED = faults.bugs(STEP)
SUMMARY = (
    'FAILED tests/sub/test_list.py::test_list[a-b] - assert 1 == 2\n1 failed in 0.1s'
)
FAILED = Report(
    suites.FAILURES,
    f'F\nERROR    falcon:asgi.py:1 oh\n{SUMMARY}',
    (Result('tests/sub/test_list.py', 'test_list', suites.FAILED, 'assert 1 == 2'),),
)
PASSED = Report(suites.OK, '.\n1 passed in 0.1s')
BROKEN = Report(2, 'ERROR tests/test_list.py - NameError\n1 error in 0.1s')


@pytest.fixture
def suite(tmp_path):
    """Return a function that makes a folder with a suite of one file of tests."""

    def make(text, name='test_mine.py'):
        folder = tmp_path / 'mine'
        (folder / 'tests').mkdir(parents=True)
        shutil.copy(STEP.before[-1].snapshot / 'pyproject.toml', folder)
        (folder / 'tests' / name).write_text(text, encoding='utf-8')
        return folder

    return make


def shown(found, fault=False, change=False):
    """Return what is shown of a hunt."""
    written = io.StringIO()
    console = Console(file=written, width=80, highlight=False)
    bug_check.show_result(console, ROOT / 'mine', found, fault, change)
    return '\n'.join(line.rstrip() for line in written.getvalue().splitlines())


def test_one_test(suite):
    """A suite of one test catches as few bugs as the book says, and shows."""
    [path] = (HOWTO / 'one_test').rglob('test_*.py')
    folder = suite(path.read_text(encoding='utf-8'), path.name)
    told = []
    found = bug_check.try_bugs(folder, lambda done, total: told.append((done, total)))
    text = ' '.join(TESTS_PAGE.read_text(encoding='utf-8').split())
    match = re.search(r'It catches (\d+) of (?:the )?(\d+)', text)
    assert (str(found.caught), str(len(found.tried))) == match.groups()
    assert told[-1] == (len(PLANTED), len(PLANTED))
    page = (
        (ROOT / 'docs' / 'howto' / 'check.rst').read_text(encoding='utf-8').splitlines()
    )
    exchanges = [
        exchange for block in sessions.blocks(page) for exchange in block.exchanges()
    ]
    [output] = [each.output for each in exchanges if '--bugs' in each.command]
    assert output[1:] == shown(found).splitlines()[1:]


def test_not_given_away():
    """What gets through is not told before it is asked for; what is caught, never."""
    first, second, third = PLANTED[:3]
    found = BugReport([(first, FAILED), (second, PASSED), (third, BROKEN)])
    text = shown(found)
    assert 'catches 1 of 3 bugs' in text
    assert 'bug 1  caught       by test_list.py::test_list\n' in text
    assert re.search(r'bug 2  got through *\n', text)
    assert 'broke off: ERROR tests/test_list.py - NameError' in ' '.join(text.split())
    assert not any(bug.fault in text or bug.name in text for bug in PLANTED)

    text = shown(found, fault=True)
    assert f'Bug 2: {second.fault}' in text
    assert not any(bug.fault in text for bug in (first, third))
    assert 'asgilook/' not in text

    text = shown(found, change=True)
    assert f'In asgilook/{second.file}:' in text
    wrong = second.changes[0][1].strip().splitlines()
    assert all(f'+ {line}' in text for line in wrong)
    assert all(f'- {line}' in text for line in second.changes[0][0].splitlines())


def test_all_caught():
    """Whoever catches all is told no more than that."""
    text = shown(BugReport([(bug, FAILED) for bug in PLANTED]), fault=True, change=True)
    assert text.endswith(f'Your suite catches {len(PLANTED)} of {len(PLANTED)} bugs.')


def test_one_hint_at_a_time():
    """`--hint` is about the first bug that got away, and `--all` about each."""
    missed = BugReport([(bug, PASSED) for bug in PLANTED[:3]])
    text = ' '.join(shown(missed, fault=True).split())
    faults_shown = [' '.join(bug.fault.split()) in text for bug in PLANTED[:3]]
    assert faults_shown == [True, False, False]
    text = ' '.join(shown(missed, change=True).split())
    assert all(f'Bug {number}:' in text for number in (1, 2, 3))


@pytest.mark.parametrize('caught', [True, False])
def test_status(suite, monkeypatch, capsys, caught):
    """The exit status is 0 only if every bug is caught."""
    folder = suite('def test_nothing():\n    pass\n')
    (folder / 'asgilook').mkdir()
    found = BugReport(
        [(PLANTED[0], FAILED), (PLANTED[1], FAILED if caught else PASSED)]
    )
    monkeypatch.setattr(bug_check, 'try_bugs', lambda folder, progress: found)
    status = command.main(['--bugs', '--hint', '--strict', '--app', str(folder)])
    assert status == (0 if caught else 1)
    assert (PLANTED[1].fault in capsys.readouterr().out) == (not caught)


@pytest.mark.parametrize(
    ('text', 'name', 'words'),
    [
        (
            'def test_wrong():\n    assert 1 == 2\n',
            'test_a.py',
            'FAILED tests/test_a.py',
        ),
        ('def tset_wrong():\n    pass\n', 'test_a.py', 'pytest finds no test in'),
        (
            'def test_wrong():\n    pass\n',
            'tests.py',
            'has no folder tests/ with tests',
        ),
    ],
)
def test_no_suite(suite, text, name, words):
    """A suite that fails without a bug, or is none, is refused: no bug is planted."""
    with pytest.raises(UserError, match=re.escape(words)):
        bug_check.try_bugs(suite(text, name), lambda done, total: None)


def test_no_settings(suite):
    """A folder without a pyproject.toml is refused with advice."""
    folder = suite('def test_nothing():\n    pass\n')
    (folder / 'pyproject.toml').unlink()
    with pytest.raises(UserError, match=r'has no pyproject\.toml'):
        bug_check.try_bugs(folder, lambda done, total: None)


def test_no_more_wanted(suite, monkeypatch):
    """Whoever has seen enough closes the hunt, and the other bugs are not tried."""
    tried = []
    monkeypatch.setattr(suites, 'run_suite', lambda *rest: tried.append(rest) or FAILED)
    monkeypatch.setattr(suites.os, 'cpu_count', lambda: 1)
    folder = suite('')
    outcomes = suites.try_suite(folder, STEP, PLANTED)
    next(outcomes)
    outcomes.close()
    assert 1 <= len(tried) < len(PLANTED)


@pytest.mark.parametrize(
    ('name', 'status'),
    [('test_cool_down.py', suites.NO_TESTS), ('test_fuzz.py', suites.FAILURES)],
)
def test_tests_of_exercises(suite, name, status):
    """The tests of what an exercise adds to the service are left out: no others."""
    folder = suite('def test_what_is_new():\n    assert False\n', name)
    [(_, report)] = suites.try_suite(folder, STEP, [None])
    assert report.status == status


@pytest.mark.parametrize('case', ['', '[GET-/images]', '[/a b.jpeg]'])
def test_caught_by(case):
    """The test that caught a bug is named, whatever it was tried with."""
    line = f'FAILED tests/test_cache.py::test_head{case} - assert 405 == 200'
    outcome = dataclasses.replace(FAILED, output=f'{line}\n1 failed')
    assert bug_check.caught_by(outcome) == 'by test_cache.py::test_head'
