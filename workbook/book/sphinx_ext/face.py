"""What a page has around its text: where a reader is, and what keeps the place.

A chapter says below its heading which step it is and how long it takes. A script keeps
in the browser which chapters were read.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

from workbook.layout import Step, steps


class WithNumbers(SearchEnglish):
    """The search index, with numbers such as 404 in it."""

    def word_filter(self, word: str) -> bool:
        """Return whether a word can be searched for."""
        return word not in self.stopwords


def where_am_i(step: Step) -> str:
    """Return the line below a chapter's heading, and its bar."""
    last = steps()[-1].number
    return (
        '<p class="where-am-i">'
        f'<span>Step {step.number} of {last}</span>'
        f'<span>about {step.metadata["minutes"]} minutes</span>'
        f'<progress max="{last}" value="{step.number}" aria-hidden="true"></progress>'
        '</p>'
    )


def add_where_am_i(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Put the line below the first heading of each chapter."""
    number = (context.get('meta') or {}).get('step')
    if number is None or not pagename.startswith('tutorial/'):
        return
    [step] = [step for step in steps() if str(step.number) == number]
    line = where_am_i(step)
    context['body'] = re.sub(
        r'</h1>', lambda match: match[0] + line, context['body'], count=1
    )
    context['chapter'] = step.number


def make_focusable(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Let the keyboard scroll what is wider than the page."""
    if 'body' not in context:
        return
    body = context['body']
    body = body.replace('<pre>', '<pre tabindex="0">')
    body = body.replace(
        '<div class="table-wrapper', '<div tabindex="0" class="table-wrapper'
    )
    if pagename.startswith('labs/'):
        plot = r'<div class="plot">\g<0></div>'
        body = re.sub(r'<img [^>]*>', plot, body)
    context['body'] = body


SHORT_CODE = r'<code class="[^"]*"><span class="pre">[^<]{1,30}</span></code>'
"""Code in a text, of one word that fits on a line of a phone."""


def keep_together(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Keep a full stop, or a bracket, on the line of the code that it belongs to."""
    if 'body' in context:
        together = r'<span class="unbroken">\g<0></span>'
        marked = rf'\({SHORT_CODE}[.,;:?!)]*|{SHORT_CODE}[.,;:?!)]+'
        context['body'] = re.sub(marked, together, context['body'])


def setup(app: Sphinx) -> dict[str, Any]:
    """Add it to each page."""
    app.add_search_language(WithNumbers)
    app.connect('html-page-context', make_focusable)
    app.connect('html-page-context', add_where_am_i)
    app.connect('html-page-context', keep_together)
    return {'version': '1', 'parallel_read_safe': True, 'parallel_write_safe': True}
