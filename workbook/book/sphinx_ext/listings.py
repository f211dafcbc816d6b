"""Show the snapshots in the book, and see to it that the book tells all of them.

``.. listing:: asgilook/store.py`` shows a file of the page's step, or the part of it
that `literalinclude`'s options choose, with its name; lines that the step before has
not got are highlighted, or with ``:since-fault: NAME`` those that aren't there with a
fault. With ``:fault: NAME`` the file is shown with a fault in it, and what is wrong is
highlighted. ``.. wrong:: PATH`` shows a file that belongs to no snapshot in the same
way, and marks what isn't in the file that ``:right:`` names. ``.. step-diff::`` shows
all that the step changes. A page says which step it is about by ``:step: N`` at its
top.
"""

import difflib
import pathlib
import re
import tempfile
from collections.abc import Iterable
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from pygments.lexers import find_lexer_class_for_filename
from sphinx.application import Sphinx
from sphinx.directives.code import (
    LiteralInclude,
    LiteralIncludeReader,
    container_wrapper,
)
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import OptionSpec

from workbook import faults
from workbook.book.places import Place, place
from workbook.cli import UserError
from workbook.layout import ROOT, Step, steps

logger = logging.getLogger(__name__)
ACTIONS = {'new': 'new file', 'add': 'add', 'change': 'change', 'look': 'as it is'}
"""What to do with a listing, in a reader's words."""
ONLY_SHOWN = ('explanation/', 'howto/', 'reference/')
"""Where the pages are on which a reader looks at code, and writes none of it."""
MOST_LINES = 30
"""The most lines a listing may have to count as shown."""

STEPS = {step.number: step for step in steps()}


def read(step: Step | None) -> dict[str, list[str]]:
    """Return the lines of each file of a snapshot, by the file's name in it."""
    contents = step.contents if step else {}
    return {name: data.decode().splitlines() for name, data in contents.items()}


def fresh_lines(before: list[str], after: list[str]) -> set[int]:
    """Return the numbers of the lines that were added or changed."""
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return {
        line + 1
        for tag, _, _, start, end in matcher.get_opcodes()
        if tag in ('insert', 'replace')
        for line in range(start, end)
    }


def new_lines(number: int) -> dict[str, set[int]]:
    """Return the numbers of the lines that a step adds or changes, by file."""
    before, after = read(STEPS.get(number - 1)), read(STEPS[number])
    return {
        name: fresh_lines(before.get(name, []), lines) for name, lines in after.items()
    }


def replaced_lines(before: list[str], after: list[str]) -> set[int]:
    """Return the numbers of the lines that take the place of others."""
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return {
        line + 1
        for tag, _, _, start, end in matcher.get_opcodes()
        if tag == 'replace'
        for line in range(start, end)
    }


def heading(path: str, name: str, found: Place) -> str:
    """Return a listing's heading: the file, what to do, where; and all of it."""
    parts = [f'``{name}``']
    if found.action:
        parts += [f'**{ACTIONS[found.action]}**', found.where]
    parts.append(f':download:`whole file <{path}>`')
    return ' '.join(part for part in parts if part)


def boxed(found: list[nodes.Node], kind: str) -> list[nodes.Node]:
    """Return a block whose container is a box of that kind."""
    for node in found:
        if isinstance(node, nodes.container):
            node['classes'] += ['box', kind]
    return found


def page_step(directive: SphinxDirective) -> int:
    """Return the number of the step that a directive, or its page, is about."""
    if 'step' in directive.options:
        return int(directive.options['step'])
    for field in directive.state.document.findall(nodes.field):
        if field[0].astext() == 'step':
            return int(field[1].astext())
    raise directive.error('Say which step this is about: by :step: N, here or on top.')


def folded(node: nodes.Element | None) -> bool:
    """Return whether what stands in a node is shown only when a reader opens it."""
    while node is not None and node.get('design_component') != 'dropdown':
        node = node.parent
    return node is not None


def named(name: str, text: str) -> bool:
    """Return whether a text names a file, with its folder or without."""
    names = [name, pathlib.PurePosixPath(name).name]
    return any(re.search(rf'(?<![\w./-]){re.escape(it)}(?!\w)', text) for it in names)


class Listing(LiteralInclude):
    """A file of a snapshot, or a part of it, with what is new in it highlighted."""

    option_spec: ClassVar[OptionSpec] = {
        **LiteralInclude.option_spec,
        'step': directives.positive_int,
        'fault': directives.unchanged_required,
        'since-fault': directives.unchanged_required,
        'since': directives.unchanged_required,
    }
    del option_spec['lines'], option_spec['emphasize-lines'], option_spec['diff']

    def run(self) -> list[nodes.Node]:
        """Return the listing; remember which lines it shows."""
        step = STEPS[page_step(self)]
        name = self.arguments[0]
        path = step.snapshot / name
        options = {**self.options, 'lineno-match': None}
        try:
            right = path.read_text('utf-8')
            wrong = self.with_fault(name, right, 'fault')
            before = self.with_fault(name, right, 'since-fault') or self.since()
            with tempfile.TemporaryDirectory() as folder:
                # Sphinx chooses parts of files only, and code with a fault is in none.
                shown_file = pathlib.Path(folder, path.name)
                shown_file.write_text(wrong or right, 'utf-8')
                reader = LiteralIncludeReader(str(shown_file), options, self.config)
                text, _ = reader.read()
        except (OSError, UserError, ValueError) as error:
            raise self.error(str(error)) from error
        count = len(text.rstrip().splitlines())
        shown = range(reader.lineno_start, reader.lineno_start + count)

        fresh = new_lines(step.number)[name]
        if wrong:
            fresh = fresh_lines(right.splitlines(), wrong.splitlines())
        elif before:
            fresh = fresh_lines(before.splitlines(), right.splitlines())
        highlighted = [line - shown[0] + 1 for line in shown if line in fresh]
        if wrong:
            return self.faulty(name, text, highlighted)
        if 0 < len(highlighted) < count:
            self.options['emphasize-lines'] = ','.join(map(str, highlighted))
        if lexer := find_lexer_class_for_filename(name):
            self.options.setdefault('language', lexer.aliases[0])
        self.arguments[0] = f'/../{path.relative_to(ROOT).as_posix()}'
        listed = kept(self.env, 'snapshot_listings').setdefault(self.env.docname, [])
        old = before.splitlines() or read(STEPS.get(step.number - 1)).get(name, [])
        there = set(range(1, len(right.splitlines()) + 1)) - fresh
        there |= {
            line
            for number, other, first, last in listed
            if (number, other) == (step.number, name)
            for line in range(first, last + 1)
        }
        replaced = replaced_lines(old, right.splitlines())
        found = place(right, shown, fresh, there, bool(replaced.intersection(shown)))
        if self.env.docname.startswith(ONLY_SHOWN):
            found = Place('')
        self.options.setdefault('caption', heading(self.arguments[0], name, found))
        if not folded(self.state.parent):
            listed.append((step.number, name, shown[0], shown[-1]))
        return boxed(super().run(), 'file')

    def since(self) -> str:
        """Return the text of the version that `:since:` names, if it names one."""
        if 'since' not in self.options:
            return ''
        relative, path = self.env.relfn2path(self.options.pop('since'))
        self.env.note_dependency(relative)
        return pathlib.Path(path).read_text('utf-8')

    def with_fault(self, name: str, text: str, option: str) -> str:
        """Return a file's text with the fault that an option names, if it names one."""
        if option not in self.options:
            return ''
        fault = faults.find(self.options[option])
        if fault.path != name:
            raise UserError(f'{fault.name} is a fault in {fault.path}, not in {name}.')
        self.env.note_dependency(str(faults.FAULTS))
        return fault.in_text(text)

    def faulty(self, name: str, text: str, wrong: list[int]) -> list[nodes.Node]:
        """Return a listing of code with a fault, which its part may have nothing of."""
        block = nodes.literal_block(text, text, source=str(faults.FAULTS))
        if lexer := find_lexer_class_for_filename(name):
            block['language'] = lexer.aliases[0]
        block['highlight_args'] = {'hl_lines': wrong}
        self.set_source_info(block)
        caption = self.options.get('caption', f'``{name}``')
        if wrong:
            block['classes'].append('wrong')
        box = container_wrapper(self, block, caption)
        return boxed([box], 'wrong' if wrong else 'file')


class Wrong(LiteralInclude):
    """A file that's wrong on purpose, or a part of it, with the wrong lines marked."""

    option_spec: ClassVar[OptionSpec] = {
        **LiteralInclude.option_spec,
        'right': directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Return the listing, in the box of what's wrong."""
        _, path = self.env.relfn2path(self.arguments[0])
        if 'right' in self.options:
            try:
                self.options['emphasize-lines'] = self.marked(pathlib.Path(path))
            except (OSError, UserError, ValueError) as error:
                raise self.error(str(error)) from error
        if not self.options.get('emphasize-lines'):
            raise self.error('Nothing is wrong in this part.')
        self.options.setdefault('caption', f'``{pathlib.Path(path).name}``')
        return boxed(super().run(), 'wrong')

    def marked(self, path: pathlib.Path) -> str:
        """Return which of the shown lines differ from the right file."""
        relative, right = self.env.relfn2path(self.options.pop('right'))
        self.env.note_dependency(relative)
        options = {**self.options, 'lineno-match': None}
        reader = LiteralIncludeReader(str(path), options, self.config)
        text, _ = reader.read()
        first = reader.lineno_start
        fresh = fresh_lines(
            pathlib.Path(right).read_text('utf-8').splitlines(),
            path.read_text('utf-8').splitlines(),
        )
        shown = range(first, first + len(text.rstrip().splitlines()))
        return ','.join(str(line - first + 1) for line in shown if line in fresh)


class StepDiff(SphinxDirective):
    """All that a step changes, against the step before it."""

    option_spec: ClassVar[OptionSpec] = {'step': directives.positive_int}

    def run(self) -> list[nodes.Node]:
        """Return the difference, as one listing."""
        number = page_step(self)
        before, after = read(STEPS.get(number - 1)), read(STEPS[number])
        for step in (STEPS.get(number - 1), STEPS[number]):
            for path in step.snapshot.rglob('*.*') if step else ():
                self.env.note_dependency(str(path))
        text = '\n'.join(
            line.rstrip('\n')
            for name in sorted(before.keys() | after.keys())
            for line in difflib.unified_diff(
                before.get(name, []),
                after.get(name, []),
                f'before/{name}' if name in before else '/dev/null',
                f'after/{name}' if name in after else '/dev/null',
                lineterm='',
            )
        )
        return [nodes.literal_block(text, text, language='diff')]


def kept(env: BuildEnvironment, name: str) -> dict[str, Any]:
    """Return what the environment keeps by that name, for each page."""
    found: dict[str, Any] = getattr(env, name)
    return found


def keep_by_page(app: Sphinx, name: str) -> None:
    """Have the environment keep, by that name, what each page shows."""

    def begin(app: Sphinx, env: BuildEnvironment, docnames: Iterable[str]) -> None:
        if not hasattr(env, name):
            setattr(env, name, {})

    def forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
        getattr(env, name, {}).pop(docname, None)

    def merge(
        app: Sphinx, env: BuildEnvironment, docnames: Iterable[str], other: Any
    ) -> None:
        kept, read = getattr(env, name), getattr(other, name)
        kept.update({page: read[page] for page in docnames if page in read})

    app.connect('env-before-read-docs', begin)
    app.connect('env-purge-doc', forget)
    app.connect('env-merge-info', merge)


def strip(app: Sphinx, document: nodes.document) -> None:
    """Take the empty lines from the end of each block: `end-before` leaves some."""
    for block in document.findall(nodes.literal_block):
        text = block.astext()
        if text.endswith('\n\n') and len(block.children) == 1:
            block.rawsource = text.rstrip() + '\n'
            block.children = [nodes.Text(block.rawsource)]


def narrate(app: Sphinx, env: BuildEnvironment) -> None:
    """Print how much of each step its chapter tells; warn of what it leaves out."""
    chapters = [
        (int(fields['step']), docname)
        for docname, fields in env.metadata.items()
        if 'step' in fields and docname.startswith('tutorial/')
    ]
    for number, docname in sorted(chapters):
        listed: dict[str, set[int]] = {}
        for step, name, first, last in kept(env, 'snapshot_listings').get(docname, []):
            if step == number and last - first < MOST_LINES:
                listed.setdefault(name, set()).update(range(first, last + 1))
        report(app, docname, number, listed)


def report(app: Sphinx, docname: str, number: int, listed: dict[str, set[int]]) -> None:
    """Print what part of a step's new lines was told; warn of each that was not."""
    files, before = read(STEPS[number]), read(STEPS.get(number - 1))
    text = pathlib.Path(app.env.doc2path(docname)).read_text(encoding='utf-8')
    total = missing = 0
    for name, lines in sorted(new_lines(number).items()):
        wanted = {line for line in lines if files[name][line - 1].strip()}
        untold = sorted(wanted - listed.get(name, set()))
        total, missing = total + len(wanted), missing + len(untold)
        for line in untold:
            content = files[name][line - 1].strip()
            logger.warning('not told: %s:%d: %s', name, line, content, location=docname)
    for name in sorted(files.keys() ^ before.keys()):
        if not named(name, text):
            logger.warning('not named: the file %s', name, location=docname)
    share = 100 * (total - missing) / max(total, 1)
    logger.info('narration of step %d: %.1f %% of %d lines', number, share, total)


def box_alike(app: Sphinx, doctree: nodes.document) -> None:
    """Make a box of any other listing whose caption says what to do with it."""
    for block in doctree.findall(nodes.container):
        if not block.get('literal_block') or 'box' in block['classes']:
            continue
        caption = block[0].children
        in_words = any(isinstance(node, nodes.strong) for node in caption[1:])
        if caption and isinstance(caption[0], nodes.literal) and in_words:
            boxed([block], 'file')


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directives, and the check."""
    app.add_directive('listing', Listing)
    app.add_directive('wrong', Wrong)
    app.add_directive('step-diff', StepDiff)
    keep_by_page(app, 'snapshot_listings')
    app.connect('doctree-read', strip)
    app.connect('doctree-read', box_alike)
    app.connect('env-check-consistency', narrate)
    return {'version': '1', 'parallel_read_safe': True, 'parallel_write_safe': True}
