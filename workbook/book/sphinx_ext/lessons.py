"""Show teachers a table of the chapters, made of what the chapters say themselves.

``.. lessons::`` has a row for each chapter: how long it takes, as its beginning says;
its exercises, from their folders; and the labs that go with it, as the list of labs
says.
"""

import pathlib
import re
from collections.abc import Iterable
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.parsing import nested_parse_to_nodes

from workbook.book.sphinx_ext.exercises import files, of_step
from workbook.layout import ROOT, Step, steps

LABS = ROOT / 'docs' / 'labs' / 'index.rst'
TIME = re.compile(r'\babout ((?:half )?an hour(?: and a half)?|\w+ hours)\b')
HOURS = {'half an hour': 0.5, 'an hour': 1, 'an hour and a half': 1.5, 'two hours': 2}


def chapter(step: Step) -> pathlib.Path:
    """Return the file of a step's chapter."""
    return ROOT / 'docs' / 'tutorial' / f'step{step.number}.rst'


def time(text: str) -> str:
    """Return how long a chapter takes, in its own words; what it says first holds."""
    found = TIME.search(' '.join(text.split()))
    return found[1] if found else ''


def labs(text: str) -> dict[int, list[str]]:
    """Return the labels of the labs, by the number of the step that they go with."""
    found: dict[int, list[str]] = {}
    for entry in re.split(r'^(?=:ref:`lab)', text, flags=re.MULTILINE)[1:]:
        label = re.match(r':ref:`(lab\d+)`', entry)
        goes_with = re.search(r'Goes\s+with\s+:ref:`step(\d+)`', entry)
        if label and goes_with:
            found.setdefault(int(goes_with[1]), []).append(label[1])
    return found


def in_lines(labels: Iterable[str]) -> str:
    """Return links to labels, each in a line of its own in a table's cell."""
    return '\n       '.join(f'| :ref:`{label}`' for label in labels) or 'none'


class Lessons(SphinxDirective):
    """The table of the chapters, for teachers."""

    def run(self) -> list[nodes.Node]:
        """Return it, and below it how long all chapters take together."""
        with_lab = labs(LABS.read_text(encoding='utf-8'))
        self.env.note_dependency(str(LABS))
        lines = ['.. list-table::', '   :header-rows: 1', '   :widths: 22 18 34 26', '']
        lines += self.row('Chapter', 'Typing along', 'Exercises', 'Labs')
        hours = 0.0
        for step in steps():
            self.env.note_dependency(str(chapter(step)))
            for path in files(step.number):
                self.env.note_dependency(str(path))
            text = chapter(step).read_text(encoding='utf-8')
            for lab in with_lab.get(step.number, []):
                if not re.search(rf':ref:`(?:[^`]*<)?{lab}>?`', text):
                    raise self.error(f'{chapter(step).name} has to lead to {lab}')
            words = time(text)
            if words not in HOURS:
                raise self.error(
                    f'{chapter(step).name} has to say how long it takes: about '
                    + ', or about '.join(HOURS)
                )
            hours += HOURS[words]
            lines += self.row(
                f':ref:`step{step.number}`',
                f'about {words}',
                in_lines(each.label for each in of_step(step.number)),
                in_lines(with_lab.get(step.number, [])),
            )
        lines += ['', f'All chapters together take about {hours:g} hours.']
        return nested_parse_to_nodes(self.state, StringList(lines, 'lessons'))

    def row(self, *cells: str) -> list[str]:
        """Return the lines of a row."""
        head, *rest = cells
        lines = [f'   * - {head}', *(f'     - {cell}' for cell in rest)]
        return '\n'.join(lines).split('\n')


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive."""
    app.add_directive('lessons', Lessons)
    return {'version': '1', 'parallel_read_safe': True, 'parallel_write_safe': True}
