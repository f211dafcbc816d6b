"""Each fault is a change to the snapshots of today, can be planted, and is used."""

import re

import pytest

from workbook import faults, suites
from workbook.book import exercises
from workbook.cli import UserError
from workbook.layout import ROOT, copy_tree, steps

FAULTS = faults.read()
WITH_TESTS = [step for step in steps() if step.has_own_tests]
USES = re.compile(r':(?:since-)?fault: (\w+)|workbook\.faults plant (\w+)')
AWAY = 'bugs_that_get_away'

each_fault = pytest.mark.parametrize('fault', FAULTS.values(), ids=FAULTS)


def can_be_planted(fault, step):
    """Return whether each change fits in one place of a step's snapshot."""
    try:
        fault.in_snapshot(step)
    except (OSError, UserError):
        return False
    return True


def shown():
    """Return the names that pages use."""
    pages = [*(ROOT / 'docs').rglob('*.rst'), ROOT / 'README.rst']
    text = '\n'.join(page.read_text(encoding='utf-8') for page in pages)
    return {first or second for first, second in USES.findall(text)}


@each_fault
def test_fits_in_the_snapshots_that_it_names(fault):
    """A fault fits from its step on, up to the last that it names, and no others."""
    fits = [step.number for step in steps() if fault.fits(step)]
    assert fits
    assert [step.number for step in steps() if can_be_planted(fault, step)] == fits


@each_fault
def test_changes_what_the_module_does(fault):
    """With a fault, a module is still Python, and another text than without."""
    for step in steps():
        if fault.fits(step):
            text = fault.in_snapshot(step)
            assert text != (step.snapshot / fault.path).read_text(encoding='utf-8')
            compile(text, fault.path, 'exec')


@each_fault
def test_is_used(fault):
    """A fault is a bug for suites, or an exercise plants it, or a page shows it."""
    assert fault.fault.endswith('.')
    assert fault.bug or fault.exercises or fault.name in shown()
    assert set(fault.exercises) <= {each.name for each in exercises.exercises()}


def test_pages_show_what_there_is():
    """Every fault that a page names is there."""
    assert shown() <= FAULTS.keys()
    assert {'any_size_is_made', 'no_error_is_handled', 'wsgi_app'} <= shown()


@each_fault
def test_is_caught_by_a_test_that_there_is(fault):
    """The test that is tried first is in the last snapshot that has the fault."""
    if not fault.bug:
        assert not fault.caught_by
        return
    [*_, last] = [step for step in WITH_TESTS if fault.fits(step)]
    assert suites.likely_catcher(fault, last.snapshot)


@pytest.fixture
def mine(tmp_path):
    """Return a folder with the code of the last step."""
    copy_tree(steps()[-1].snapshot, tmp_path / 'mine')
    return tmp_path / 'mine'


def test_plant(mine, capsys):
    """The command plants a fault, and says what a client sees of it."""
    fault = FAULTS['any_size_is_made']
    assert faults.main(['plant', fault.name, str(mine)]) == 0
    assert fault.fault in capsys.readouterr().out
    planted = (mine / fault.path).read_text(encoding='utf-8')
    assert planted == fault.in_snapshot(steps()[-1])


@pytest.mark.parametrize(
    ('name', 'path', 'words'),
    [
        ('any_size', 'app.py', 'There is no fault'),
        ('options_are_cached', 'cache.py', "but it isn't there"),
        ('options_are_cached', None, 'has no asgilook/cache.py'),
    ],
)
def test_refused(mine, capsys, name, path, words):
    """A fault that doesn't fit is refused, and not even half of it is planted."""
    changed = mine / 'asgilook' / (path or 'cache.py')
    if path:
        text = changed.read_text(encoding='utf-8')
        text = text.replace('isinstance(data, bytes)', 'type(data) is bytes')
        changed.write_text(text, encoding='utf-8')
    else:
        changed.unlink()
    before = {p: p.read_bytes() for p in mine.rglob('*') if p.is_file()}
    assert faults.main(['plant', name, str(mine)]) == 1
    told = capsys.readouterr().err
    assert words in told
    assert told.endswith('Nothing was changed.\n')
    assert before == {p: p.read_bytes() for p in mine.rglob('*') if p.is_file()}


def test_what_gets_away_gets_away(tmp_path):
    """The last step's suite that can have them all passes, at full coverage."""
    planted = faults.of_exercise(AWAY)
    assert planted
    [*_, step] = [each for each in WITH_TESTS if all(f.fits(each) for f in planted)]
    suites.set_up(step.snapshot, step.snapshot / 'asgilook', tmp_path)
    for fault in planted:
        fault.plant(tmp_path)
    report = suites.run_suite(tmp_path, '--cov', '--cov-fail-under=100')
    assert report.passed, report.explanation


def test_bugs_are_planted_once(monkeypatch):
    """A snapshot gets the bugs of its own step; the last, and readers, get them all."""
    first = WITH_TESTS[0]
    longer = [*steps(), *(type(first)(n, f'step{n}_x') for n in (98, 99))]
    monkeypatch.setattr(type(first), 'has_own_tests', property(lambda s: s in own))
    own = [step for step in longer if step.number >= first.number]
    new = faults.Fault('new', 'It is new.', 'new.py', (), step=98, bug=True)
    monkeypatch.setattr(suites, 'steps', lambda: longer)
    monkeypatch.setattr(faults, 'read', lambda: {**FAULTS, 'new': new})

    def names(step, folder=None):
        monkeypatch.setattr(suites.progress, 'begun', lambda _: [*step.before, step])
        return {bug.name for bug in suites.bugs_to_plant(folder or step.snapshot)}

    old = {fault.name for fault in FAULTS.values() if fault.bug and not fault.until}
    assert names(first) == {bug.name for bug in faults.bugs(first)}
    assert names(longer[-2]) == {'new'}
    assert names(longer[-1]) == {*old, 'new'}
    assert names(longer[-2], ROOT / 'work') == {*old, 'new'}
    assert 'new' not in names(first, ROOT / 'work')
