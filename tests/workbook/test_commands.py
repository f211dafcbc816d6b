"""The book names every command that there is."""

import configparser
import re

from layout import ROOT

import toxfile

PAGE = ROOT / 'docs' / 'reference' / 'commands.rst'


def commands():
    """Return the names of tox's environments; of those once per step, the first."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / 'tox.ini', encoding='utf-8')
    names = {name.partition(':')[2] for name in parser.sections()}
    names |= {name for name, _ in toxfile.environments([])}
    return sorted(
        name for name in names if name and not re.search(r'[2-9]$|^py\d+-', name)
    )


def test_every_command_is_in_the_book():
    """The page of commands has each of them."""
    text = PAGE.read_text(encoding='utf-8')
    assert [
        name for name in commands() if not re.search(rf'``tox -e {name}\b', text)
    ] == []
