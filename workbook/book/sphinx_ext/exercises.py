"""Show a chapter's exercises, from their folders.

``.. exercises::`` on a page with ``:step: N`` at its top shows each exercise of that
step: its task, the command that checks it, and its hints and its solution, folded. In
those files, ``literalinclude`` finds what lies beside them. With a name, it shows that
exercise only, for a chapter that wants it earlier; without one, it leaves out those
that were shown above.
"""

import pathlib
import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.util.parsing import nested_parse_to_nodes

from workbook.book.exercises import Exercise, exercises
from workbook.book.sphinx_ext.listings import keep_by_page, kept, page_step
from workbook.layout import ROOT, files_in

INCLUDED = re.compile(r'(?<=\.\. literalinclude:: )(?!/)')
INDENT = ' ' * 3
SHOWN = 'exercises_shown_above'
"""The key for the names of the exercises that the page has shown so far."""


def of_step(number: int) -> list[Exercise]:
    """Return the exercises of a step, in their order."""
    return [each for each in exercises() if each.step.number == number]


def files(number: int) -> list[pathlib.Path]:
    """Return the files of a step's exercises."""
    return sorted(
        path for exercise in of_step(number) for path in files_in(exercise.folder)
    )


class Page:
    """The lines of a page in the making, each with the place it comes from."""

    def __init__(self) -> None:
        self.lines = StringList()

    def add(self, text: str = '', indent: str = '', source: str = 'exercises') -> None:
        """Add a text, and an empty line."""
        for number, line in enumerate([*text.splitlines(), '']):
            self.lines.append(f'{indent}{line}'.rstrip(), source, number)

    def include(self, path: pathlib.Path, indent: str = '') -> None:
        """Add a file; what it includes is found beside it."""
        beside = f'/../{path.parent.relative_to(ROOT).as_posix()}/'
        text = INCLUDED.sub(beside, path.read_text(encoding='utf-8'))
        self.add(text, indent, str(path))

    def fold(self, title: str, path: pathlib.Path) -> None:
        """Add a file, folded."""
        self.add(f'.. dropdown:: {title}')
        self.include(path, INDENT)


class Exercises(SphinxDirective):
    """The exercises of the page's step, or the one that is named."""

    optional_arguments = 1

    def chosen(self, number: int) -> list[Exercise]:
        """Return the exercises to show here."""
        shown: set[str] = self.env.temp_data.get(SHOWN) or set()
        found = [
            each
            for each in of_step(number)
            if each.name not in shown and self.arguments in ([], [each.name])
        ]
        if self.arguments and not found:
            name = self.arguments[0]
            raise self.error(f'Step {number} has no exercise {name} to show here.')
        self.env.temp_data[SHOWN] = shown | {each.name for each in found}
        return found

    def run(self) -> list[nodes.Node]:
        """Return a section for each."""
        number = page_step(self)
        for path in files(number):
            self.env.note_dependency(str(path))
        kept(self.env, 'exercise_files')[self.env.docname] = (number, files(number))
        page = Page()
        for exercise in self.chosen(number):
            page.add(f'.. _{exercise.label}:')
            page.add(f'{exercise.heading}\n{"~" * len(exercise.heading)}')
            page.include(exercise.task)
            page.add(".. session::\n   :not-run: the folder is the reader's own")
            page.add(f'$ .venv/bin/tox -e check -- --exercise {exercise.name}', INDENT)
            for hint, path in enumerate(exercise.hints, start=1):
                page.fold(f'Hint {hint}' if len(exercise.hints) > 1 else 'Hint', path)
            page.fold('Solution', exercise.words)
        return nested_parse_to_nodes(
            self.state, page.lines, allow_section_headings=True
        )


def outdated(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> Iterator[str]:
    """Yield the pages whose exercises have other files than when they were read."""
    for docname, (number, shown) in getattr(env, 'exercise_files', {}).items():
        if files(number) != shown:
            yield docname


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive."""
    app.add_directive('exercises', Exercises)
    keep_by_page(app, 'exercise_files')
    app.connect('env-get-outdated', outdated)
    return {'version': '2', 'parallel_read_safe': True, 'parallel_write_safe': True}
