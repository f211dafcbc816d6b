"""Make the pages of the e-book what the standard for e-books asks for.

Some extensions write for browsers, which forgive a paragraph or an icon of no namespace
in a summary, and a style sheet that is written after the e-book has been packed.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

TOO_LATE = 'mystnb.'
"""How the name of a style sheet begins that is not there yet when it's packed."""


def flat(summary: re.Match[str]) -> str:
    """Return a summary without paragraphs or icons in it."""
    words = re.sub(r'<svg\b.*?</svg>', '', summary[0], flags=re.DOTALL)
    return re.sub(r'<(/?)p\b', r'<\1span', words)


def tidy(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Tidy a page of an e-book."""
    if app.builder.name != 'epub':
        return
    context['css_files'] = [
        file for file in context['css_files'] if TOO_LATE not in str(file)
    ]
    if 'body' in context:
        summary = r'<summary\b.*?</summary>'
        context['body'] = re.sub(summary, flat, context['body'], flags=re.DOTALL)


def setup(app: Sphinx) -> dict[str, Any]:
    """Tidy each page, after all others had their say."""
    app.connect('html-page-context', tidy, priority=900)
    return {'version': '1', 'parallel_read_safe': True, 'parallel_write_safe': True}
