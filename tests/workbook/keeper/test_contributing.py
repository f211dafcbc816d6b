"""The commands, files and folders that contributors read about are there."""

import configparser
import pathlib
import re

import pytest

import toxfile
from workbook.layout import ROOT

PAGES = [
    *ROOT.glob('*.rst'),
    ROOT / '.pre-commit-config.yaml',
    *(path for path in (ROOT / '.github').rglob('*') if path.is_file()),
    ROOT / 'docs' / 'reference' / 'commands.rst',
]


@pytest.fixture(scope='module')
def commands():
    """Return the names of all environments."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / 'tox.ini', encoding='utf-8')
    names = {name.partition(':')[2] for name in parser.sections()}
    return names | {name for name, _ in toxfile.environments([])}


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_commands(page, commands):
    """Every command that a page names is one that tox lists."""
    text = page.read_text(encoding='utf-8')
    named = {
        name
        for names in re.findall(r'tox (?:-q )?-e ([a-z][\w,-]*)', text)
        for name in re.sub(r'py\d+-', '', names).split(',')
    }
    assert named <= commands


@pytest.mark.parametrize('name', ['tests.yml', 'weekly.yml'])
def test_pythons(name):
    """GitHub runs the tests on just those Pythons that there are commands for."""
    text = (ROOT / '.github' / 'workflows' / name).read_text(encoding='utf-8')
    wanted = {f'3.{python[3:]}' for python in toxfile.PYTHONS}
    assert set(re.findall(r'\b3\.\d+\b', text)) == wanted


def test_folders():
    """Every folder in the table of places is there."""
    text = (ROOT / 'CONTRIBUTING.rst').read_text(encoding='utf-8')
    table = text.partition('Where things are')[2].partition('There')[0]
    named = set(re.findall(r'^``([\w/]+/)``', table, re.MULTILINE))
    assert len(named - {'tests/stepN_name/'}) > 5
    for name in named - {'tests/stepN_name/'}:
        assert (ROOT / name).is_dir(), name


def test_what_the_rooms_share():
    """The table of places names each module that `workbook/` has at its top."""
    text = (ROOT / 'CONTRIBUTING.rst').read_text(encoding='utf-8')
    row = text.partition('\n``workbook/``')[2].partition('\n``')[0]
    modules = {path.stem for path in (ROOT / 'workbook').glob('*.py')}
    assert set(re.findall(r'``(\w+)``:', row)) == modules - {'__init__'}


def test_parts():
    """CONTRIBUTING.rst names the parts of .ci/run, and no others."""
    text = (ROOT / 'CONTRIBUTING.rst').read_text(encoding='utf-8')
    script = (ROOT / '.ci' / 'run').read_text(encoding='utf-8')
    paragraph = re.search(r'``\.ci/run`` does.*?\n\n', text, re.DOTALL)[0]
    names = paragraph.partition('give its\nname:')[2]
    [usage] = re.findall(r'^#     \.ci/run (.*)$', script, re.MULTILINE)
    named = re.findall(r'``(?:\.ci/run )?(\w+)``', names)
    assert sorted(named) == sorted(re.findall(r'\w+', usage))


def test_paths():
    """Every file that CONTRIBUTING.rst names is there."""
    text = (ROOT / 'CONTRIBUTING.rst').read_text(encoding='utf-8')
    named = set(re.findall(r'``((?:[\w.]+/)*[\w.]+\.(?:py|rst|ini|toml))``', text))
    general = {'step.toml', 'requirements.txt', 'pyproject.toml', 'layout.py'}
    made_up = {'docs/tutorial/stepN.rst'}
    assert len(named) > len(general)
    for name in named - general - made_up:
        assert pathlib.Path(ROOT, name).is_file(), name
