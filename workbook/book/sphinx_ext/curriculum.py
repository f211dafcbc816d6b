"""See to it that the teachers' list of points says truly where each is taught.

Each row of a table with the class ``points`` is a point. It must refer to a section, or
to a paragraph, and not only to a page; and each term in italics must stand in one of
the sections that it refers to. Each chapter of the tutorial must teach something.
"""

import itertools
import posixpath
import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

OWN = ('tutorial/', 'tour/')
"""Where the pages are that have a table of their own."""

logger = logging.getLogger(__name__)


def rows(document: nodes.document) -> Iterator[nodes.row]:
    """Yield the rows that are points."""
    for table in document.findall(nodes.table):
        if 'points' in table['classes']:
            for body in table.findall(nodes.tbody):
                yield from body.findall(nodes.row)


def place(
    env: BuildEnvironment, documents: dict[str, nodes.document], label: str
) -> tuple[str, nodes.section, bool] | None:
    """Return the page and the section of a label, and whether it means a whole page."""
    docname, name = env.domains.standard_domain.anonlabels.get(label, ('', ''))
    if docname in documents:
        document = documents[docname]
        for node in document.findall(nodes.Element):
            if name in node.get('ids', ()):
                found: nodes.Node | None = node
                while found is not None and not isinstance(found, nodes.section):
                    found = found.parent
                if found is not None:
                    return docname, found, found.parent is document and found is node
    return None


def has(text: str, term: str) -> bool:
    """Return whether a text has a term, or its plural, as words of their own."""
    return bool(re.search(rf'(?<!\w){re.escape(term)}(?:e?s)?(?!\w)', text))


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of each point that is not taught where it says."""
    pages: set[str] = set()
    count = 0
    documents = {name: env.get_doctree(name) for name in sorted(env.found_docs)}
    for document in documents.values():
        for row in rows(document):
            count += 1
            labels = [
                reference['reftarget']
                for reference in row.findall(pending_xref)
                if reference['reftype'] == 'ref'
            ]
            if not labels:
                logger.warning('a point is taught nowhere', location=row)
            text = ''
            for label in labels:
                # What there is not is warned of by the reference itself.
                if found := place(env, documents, label):
                    page, section, is_page = found
                    pages.add(page)
                    text += ' '.join(section.astext().lower().split()) + '\n'
                    if is_page:
                        logger.warning('%s is a whole page', label, location=row)
            for term in row.findall(nodes.emphasis):
                if not has(text, ' '.join(term.astext().lower().split())):
                    logger.warning(
                        'not where it should be taught: %s', term.astext(), location=row
                    )
    chapters = {name for name in env.found_docs if name.startswith('tutorial/')}
    for name in sorted(chapters - pages):
        logger.warning('no point is taught here', location=name)
    logger.info('points taught: %d', count)


def name_pages(app: Sphinx, document: nodes.document, docname: str) -> None:
    """Say which page a section is on, unless the page's name is the table's own."""
    for row in rows(document):
        references = list(row.findall(nodes.reference))
        for reference, after in itertools.zip_longest(references, references[1:]):
            page = reference.get('refuri', '').partition('#')[0]
            target = posixpath.normpath(f'{docname}/../{page}').removesuffix('.html')
            title = app.env.titles.get(target)
            goes_on = after is not None and after['refuri'].startswith(f'{page}#')
            if title and not goes_on and not target.startswith(OWN):
                place = reference.parent.index(reference) + 1
                reference.parent.insert(place, nodes.Text(f' ({title.astext()})'))


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the check."""
    app.connect('env-check-consistency', check)
    app.connect('doctree-resolved', name_pages)
    return {'version': '1', 'parallel_read_safe': True, 'parallel_write_safe': True}
