"""The book names every command that there is."""

import configparser
import os
import re
import subprocess
import sys

import toxfile
from workbook.layout import ROOT, steps

PAGE = ROOT / 'docs' / 'reference' / 'commands.rst'


def commands():
    """Return the names of tox's environments; of those once per step, the first."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / 'tox.ini', encoding='utf-8')
    names = {name.partition(':')[2] for name in parser.sections()}
    names |= {name for name, _ in toxfile.environments([])}
    return sorted(
        name for name in names if name and not re.search(r'^py\d|[a-z](?!1$)\d+$', name)
    )


def test_every_command_is_in_the_book():
    """The page of commands has each of them."""
    text = PAGE.read_text(encoding='utf-8')
    assert [
        name for name in commands() if not re.search(rf'``tox -e {name}\b', text)
    ] == []


def test_what_tox_alone_runs():
    """The page of commands names all that `tox` runs when nothing is asked for."""
    listed = subprocess.run(
        [sys.executable, '-m', 'tox', 'list', '-q', '--no-desc', '-d'],
        cwd=ROOT,
        check=True,
        capture_output=True,
        encoding='utf-8',
    )
    wanted = {re.sub(r'^step\d+$', 'step', name) for name in listed.stdout.split()}
    if os.name != 'posix':
        wanted.add('transcripts')
    text = PAGE.read_text(encoding='utf-8')
    [told] = re.findall(r'^``tox``\n((?:   .*\n)+)', text, re.MULTILINE)
    named = set(re.findall(r'``([\w-]+)``', told))
    assert named | {'step'} == wanted
    assert "each step's tests" in told


def test_options_of_a_step():
    """A step's tests must cover every line, but not those that options choose."""

    def measures(*options):
        [command] = toxfile.test_settings(steps()[-1], [*options])['commands']
        return any(word.startswith('--cov') for word in command.args)

    assert measures()
    assert not measures('-k', 'upload')
    assert not measures('--app', 'work')
