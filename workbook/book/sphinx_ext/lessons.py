"""List the chapters, and show teachers a table of them, made from the steps.

``.. chapters::`` is a table of contents in which the line ``tutorial/stepN`` means the
chapters of all steps, in their order. ``.. lessons::`` has a row for each chapter: how
long it takes and the labs that go with it, as the step's metadata says; and its
exercises, from their folders.
"""

from collections.abc import Iterable
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.directives.other import TocTree
from sphinx.util.docutils import SphinxDirective
from sphinx.util.parsing import nested_parse_to_nodes

from workbook.book.sphinx_ext.exercises import files, of_step
from workbook.layout import steps

LENGTHS = {
    30: 'half an hour',
    60: 'an hour',
    90: 'an hour and a half',
    120: 'two hours',
}
"""How long a chapter may take, in minutes, and how that is said."""


def in_lines(labels: Iterable[str]) -> str:
    """Return links to labels, each in a line of its own in a table's cell."""
    return '\n       '.join(f'| :ref:`{label}`' for label in labels) or 'none'


class Chapters(TocTree):
    """A table of contents with the chapter of each step."""

    def run(self) -> list[nodes.Node]:
        """Return it, with a line for each chapter."""
        self.env.note_reread()  # A new step changes no file that this page includes.
        lines = []
        for line in self.content:
            every = [line.replace('stepN', f'step{step.number}') for step in steps()]
            lines += every if 'stepN' in line else [line]
        self.content = StringList(lines, 'chapters')
        return super().run()


class Lessons(SphinxDirective):
    """The table of the chapters, for teachers."""

    def run(self) -> list[nodes.Node]:
        """Return it, and below it how long all chapters take together."""
        lines = ['.. list-table::', '   :header-rows: 1', '   :widths: 22 18 34 26', '']
        lines += self.row('Chapter', 'Typing along', 'Exercises', 'Labs')
        minutes = 0
        for step in steps():
            self.env.note_dependency(str(step.tests / 'step.toml'))
            for path in files(step.number):
                self.env.note_dependency(str(path))
            minutes += step.metadata['minutes']
            lines += self.row(
                f':ref:`step{step.number}`',
                f'about {LENGTHS[step.metadata["minutes"]]}',
                in_lines(each.label for each in of_step(step.number)),
                in_lines(f'lab{number}' for number in step.metadata['labs']),
            )
        lines += ['', f'All chapters together take about {minutes / 60:g} hours.']
        return nested_parse_to_nodes(self.state, StringList(lines, 'lessons'))

    def row(self, *cells: str) -> list[str]:
        """Return the lines of a row."""
        head, *rest = cells
        lines = [f'   * - {head}', *(f'     - {cell}' for cell in rest)]
        return '\n'.join(lines).split('\n')


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directives."""
    app.add_directive('chapters', Chapters)
    app.add_directive('lessons', Lessons)
    return {'version': '1', 'parallel_read_safe': True, 'parallel_write_safe': True}
