"""The snapshots follow from each other, and each is what it says it is."""

import ast
import difflib
import re
import subprocess
import sys

import pytest

from workbook import suites
from workbook.book.sphinx_ext.lessons import LENGTHS
from workbook.layout import ROOT, steps
from workbook.suites import BROKEN, FAILED, PASSED, SKIPPED, UNFIT

STEPS = steps()
PAIRS = list(zip([None, *STEPS], STEPS, strict=False))
IMPORTED_AS = {'PIL': 'pillow'}
MOST_LINES = 120

each_step = pytest.mark.parametrize('step', STEPS, ids=lambda step: step.name)
each_pair = pytest.mark.parametrize(
    ('before', 'step'), PAIRS, ids=lambda step: step and step.name
)


def files(step):
    """Return the files of a snapshot that git keeps, by their names in it."""
    if step is None:
        return {}
    listed = subprocess.run(
        ['git', 'ls-files', '--cached', '--others', '--exclude-standard', '-z', '.'],
        cwd=step.snapshot,
        capture_output=True,
        check=True,
    ).stdout.decode()
    names = [name for name in listed.split('\0') if name]
    return {name: (step.snapshot / name).read_bytes() for name in names}


def lines(data):
    """Return the lines of a file."""
    return data.decode().splitlines()


def taken_out(before, after):
    """Return the lines of one text that another lacks, without their indents."""
    difference = difflib.ndiff(lines(before), lines(after))
    return [line[2:].strip() for line in difference if line.startswith('- ')]


def test_numbers():
    """The steps are numbered from one, without a gap, and each has its tests."""
    assert [step.number for step in STEPS] == list(range(1, len(STEPS) + 1))
    assert all(list(step.tests.glob('test_*.py')) for step in STEPS)


@each_pair
def test_shared_files_are_the_same(before, step):
    """A file is byte for byte the one before, unless the step says it changes it."""
    old, new = files(before), files(step)
    assert old.keys() <= new.keys()


@each_pair
def test_nothing_is_lost(before, step):
    """A step adds lines; it takes none out but those that it says it replaces."""
    old, new = files(before), files(step)
    lost = [line for name in old for line in taken_out(old[name], new[name])]
    assert sorted(lost) == sorted(step.metadata['replaced'])


@each_step
def test_files_are_clean(step):
    """Every file is UTF-8, with line ends as on Unix, and no blanks before them."""
    for name, data in files(step).items():
        assert b'\r' not in data, name
        assert data.endswith(b'\n'), name
        assert all(line == line.rstrip() for line in lines(data)), name


@each_step
def test_modules_are_short(step):
    """No module is too long to be read in one sitting."""
    for name, data in files(step).items():
        if name.startswith('asgilook/'):
            assert len(lines(data)) <= MOST_LINES, name


@each_step
def test_dependencies(step):
    """The project asks for just those packages that its modules import, and uvicorn."""
    imported = {'uvicorn'}
    if 'asgilook/database.py' in files(step):
        imported.add('aiosqlite')  # SQLAlchemy imports it, as the URL names it.
    for name, data in files(step).items():
        if name.startswith('asgilook/'):
            for node in ast.walk(ast.parse(data)):
                if isinstance(node, ast.Import):
                    imported |= {alias.name.split('.')[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    imported.add(node.module.split('.')[0])
    outside = {
        IMPORTED_AS.get(name, name) for name in imported - sys.stdlib_module_names
    }
    assert {re.split(r'\[|>=', name)[0] for name in step.dependencies} == outside
    assert all('>=' in name for name in step.dependencies)


def test_every_test_says_what_should_hold():
    """Every test has one sentence on what should hold, in a reader's words."""
    for path in (ROOT / 'tests').rglob('test_*.py'):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith('test_'):
                sentence = ast.get_docstring(node) or ''
                where = f'{path.name}: {node.name}'
                assert sentence.endswith('.'), where
                assert '\n' not in sentence, where


def test_no_private_parts():
    """The steps' tests speak to the app by its public names only."""
    for step in STEPS:
        for path in step.tests.glob('*.py'):
            for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
                if isinstance(node, ast.Attribute) and node.attr.startswith('_'):
                    owner = getattr(node.value, 'id', None)
                    assert node.attr.startswith('__') or owner == 'self', (
                        f'{path.name}: {ast.unparse(node)}'
                    )


@each_pair
def test_step_is_needed(before, step, tmp_path):
    """A step's tests fail on the snapshot before it, but for those that are named."""
    (tmp_path / 'asgilook').mkdir()
    app_folder = before.snapshot if before else tmp_path
    report = suites.run_pytest(f'--app={app_folder}', str(step.tests), seconds=600)
    passed, failed = report.names(PASSED), report.names(FAILED, UNFIT, BROKEN)
    assert passed | failed
    skipped = report.names(SKIPPED) - passed - failed
    assert passed == step.metadata['not_needed'].keys() - skipped
    assert all(why.endswith('.') for why in step.metadata['not_needed'].values())


def test_names_are_in_one_place():
    """No file but the folders themselves lists the steps."""
    for path in [
        ROOT / 'tox.ini',
        ROOT / 'toxfile.py',
        *(ROOT / 'workbook').rglob('*.py'),
    ]:
        text = path.read_text(encoding='utf-8')
        assert not [step.name for step in STEPS if step.name in text], path.name


@each_step
def test_chapter_says_what_the_metadata_says(step):
    """The chapter says how long it takes, and leads to the labs that go with it."""
    page = ROOT / 'docs' / 'tutorial' / f'step{step.number}.rst'
    text = ' '.join(page.read_text(encoding='utf-8').split())
    assert f'about {LENGTHS[step.metadata["minutes"]]}' in text
    for number in step.metadata['labs']:
        assert re.search(rf':ref:`(?:[^`]*<)?lab{number}>?`', text)
