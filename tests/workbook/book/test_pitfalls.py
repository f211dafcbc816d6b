"""The book's pitfalls are today's snapshots with one fault in them, not yesterday's."""

import os
import subprocess
import sys
import tomllib

import pytest

from workbook import faults
from workbook.book import sessions
from workbook.layout import ROOT, copy_tree, steps

DOCS = ROOT / 'docs'
PITFALLS = ROOT / 'examples' / 'pitfalls'
FAULTS = tomllib.loads((PITFALLS / 'faults.toml').read_text(encoding='utf-8'))
BUGS = {bug.name: bug for bug in faults.bugs(faults.step_with_bugs())}
SNAPSHOTS = {step.number: step.snapshot for step in steps()}


def runs():
    """Return the pitfalls that pages run, each with the number of the page's step."""
    found = set()
    for page in DOCS.rglob('*.rst'):
        lines = page.read_text(encoding='utf-8').split('\n')
        for block in sessions.blocks(lines):
            folder, _, name = block.options.get('with', '').partition('/')
            if folder == 'pitfalls' and 'not-run' not in block.options:
                found.add((name, int(sessions.fields(lines)['step'])))
    return found


RUNS = runs()
OTHERS = {(name, fault['step']) for name, fault in FAULTS.items() if 'step' in fault}


def faulty(text, changes):
    """Return a text with the changes in it, each of which must fit in one place."""
    for right, wrong in changes:
        assert text.count(right) == 1, f'no place, or several, for: {right}'
        text = text.replace(right, wrong)
    return text


def wanted(name, snapshot):
    """Return what the files of a pitfall must hold, by their paths in its folder."""
    fault = FAULTS[name]
    files = dict.fromkeys(fault.get('own', ()))
    for example in fault.get('examples', ()):
        files[example] = (ROOT / 'examples' / 'explanation' / example).read_text(
            encoding='utf-8'
        )
    if fault.get('bug'):
        fault = {'file': BUGS[name].file, 'changes': BUGS[name].changes}
    if 'file' in fault:
        path = f'asgilook/{fault["file"]}'
        text = (snapshot / path).read_text(encoding='utf-8')
        files[path] = faulty(text, fault['changes'])
    return files


def test_each_pitfall_is_run():
    """Each pitfall is run by a page, or has its step named; and none is made up."""
    folders = {path.name for path in PITFALLS.glob('[!.]*') if path.is_dir()}
    assert {name for name, _ in RUNS | OTHERS} == folders == FAULTS.keys()


@pytest.mark.parametrize(('name', 'number'), sorted(RUNS | OTHERS))
def test_pitfall_is_the_snapshot_with_one_fault(name, number):
    """A pitfall differs from the snapshot by its fault, and by nothing else."""
    folder = PITFALLS / name
    found = {
        path.relative_to(folder).as_posix(): path.read_text(encoding='utf-8')
        for path in folder.rglob('*')
        if path.is_file() and '__pycache__' not in path.parts
    }
    files = wanted(name, SNAPSHOTS[number])
    assert found.keys() == files.keys()
    for path, text in files.items():
        assert text is None or found[path] == text


def test_suite_does_not_see_entries_that_never_expire(tmp_path):
    """Entries without an end get past the suite of step 6, at full coverage."""
    copy_tree(SNAPSHOTS[6], tmp_path)
    overlay = PITFALLS / 'entries_never_expire'
    copy_tree(overlay, tmp_path)
    command = [sys.executable, '-m', 'pytest', '-q', '--cov', '--cov-fail-under=100']
    environment = {**os.environ, 'PYTHONPATH': str(tmp_path)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ' passed' in done.stdout
