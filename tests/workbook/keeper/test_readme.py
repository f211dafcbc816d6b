"""What a stranger reads first is true, and can be read."""

import docutils.core
import docutils.nodes
import docutils.utils
import pytest

from workbook.keeper import readme
from workbook.layout import ROOT, steps

PAGES = sorted(ROOT.glob('*.rst'))


def test_table_of_steps():
    """Each step is there, with what it teaches and how large it is."""
    text = readme.README.read_text(encoding='utf-8')
    assert readme.renewed(text) == text, 'run python -m workbook.keeper.readme'
    assert all(f'<steps/{step.name}>' in text for step in steps())


def test_what_is_served():
    """The first command serves the last step, and the page shows what it prints."""
    text = readme.README.read_text(encoding='utf-8')
    last = steps()[-1]
    assert f' python -m workbook.reader.serve {last.number}\n' in text
    assert f'   Serving {last.name}: open http://127.0.0.1:8000/\n' in text


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_page_is_sound(page):
    """A page outside the book has no mistake of markup, and links to what is there."""
    text = page.read_text(encoding='utf-8')
    warning = docutils.utils.Reporter.WARNING_LEVEL
    settings = {'halt_level': warning, 'report_level': warning}
    tree = docutils.core.publish_doctree(text, settings_overrides=settings)
    places = [
        node['refuri']
        for node in tree.findall()
        if 'refuri' in getattr(node, 'attributes', {})
    ]
    places += [node['uri'] for node in tree.findall(docutils.nodes.image)]
    for place in places:
        assert place.startswith('http') or (ROOT / place).exists(), place
