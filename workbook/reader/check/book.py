"""Where the book tells of something: its labels, their headings, and its listings."""

import ast
import dataclasses
import functools
import itertools
import pathlib
import re

from workbook.layout import BOOK, ROOT, Step

from .submission import parse

DOCS = ROOT / 'docs'
UNBUILT = 'Run `tox -e book` to build the book, then open it from there.'
"""Where to read a section as long as there is no built book."""
LABEL = re.compile(r'\.\. _([\w-]+):\s*')
UNDERLINE = re.compile(r'([=\-~^"\'`#*+])\1{2,}\s*')


@dataclasses.dataclass(frozen=True)
class Section:
    """A section: its label, its heading, and the page it's on."""

    label: str
    heading: str
    page: pathlib.Path
    chapter: str

    @property
    def title(self) -> str:
        """The heading, with the chapter's before it."""
        if self.heading == self.chapter:
            return self.chapter
        return f'{self.chapter}, "{self.heading}"'

    @property
    def place(self) -> str:
        """Where to read it: a link to the built book, or else how to build it."""
        built = (BOOK / self.page.relative_to(DOCS)).with_suffix('.html')
        if built.exists():
            return f'{built.as_uri()}#{self.label.replace("_", "-").lower()}'
        return UNBUILT

    @property
    def lines(self) -> list[str]:
        """Where to read it: the title, and below it the place."""
        return [self.title, self.place]


def headings(lines: list[str]) -> list[tuple[int, str]]:
    """Return the headings of a page, each with the index of its line."""
    return [
        (number, line.strip())
        for number, (line, below) in enumerate(itertools.pairwise(lines))
        if UNDERLINE.fullmatch(below)
        and line.strip()
        and not UNDERLINE.fullmatch(line)
        and len(below.rstrip()) >= len(line.rstrip())
    ]


@functools.cache
def sections() -> dict[str, Section]:
    """Return all sections that have a label, by their labels."""
    found = {}
    for page in sorted(DOCS.rglob('*.rst')):
        lines = page.read_text(encoding='utf-8').splitlines()
        titles = headings(lines)
        for number, line in enumerate(lines):
            if not (match := LABEL.fullmatch(line)):
                continue
            if heading := heading_of(lines, number, titles):
                found[match[1]] = Section(match[1], heading, page, titles[0][1])
    return found


def heading_of(lines: list[str], number: int, titles: list[tuple[int, str]]) -> str:
    """Return the heading that a label is above, or else the one it is below."""
    above = ''
    for place, title in titles:
        if place < number:
            above = title
        elif all(
            LABEL.fullmatch(line) or not line.strip() for line in lines[number:place]
        ):
            return title
    return above


def chapter(step: Step) -> Section | None:
    """Return the chapter of a step, once it is written."""
    return sections().get(f'step{step.number}')


@dataclasses.dataclass(frozen=True)
class Shown:
    """A listing: which lines of which file of a step it shows, and in which section."""

    file: str
    lines: range
    section: Section


LISTING = re.compile(r'( *)\.\. listing:: (\S+)\s*')
OPTION = re.compile(r' +:([\w-]+): *(.*)')


def options_below(lines: list[str], number: int) -> dict[str, str]:
    """Return the options of the directive in a line."""
    found = {}
    for line in lines[number + 1 :]:
        if not (match := OPTION.fullmatch(line)):
            break
        found[match[1]] = match[2].strip()
    return found


def span(text: str, name: str) -> range:
    """Return the lines of a class or a function, by its name with what it is in."""
    node: ast.AST | None = parse(text)
    for part in name.split('.'):
        node = next(
            (
                child
                for child in ast.iter_child_nodes(node or ast.Module([], []))
                if getattr(child, 'name', '') == part
            ),
            None,
        )
    if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return range(0)
    first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
    return range(first, (node.end_lineno or first) + 1)


def lines_shown(text: str, options: dict[str, str]) -> range:
    """Return which lines of a file a listing with these options shows."""
    lines = text.splitlines()
    first, end = 1, len(lines) + 1
    if 'pyobject' in options:
        found = span(text, options['pyobject'])
        first, end = found.start, found.stop
    for name, after in (('start-at', 0), ('start-after', 1)):
        if name in options:
            starts = [n for n in range(first, end) if options[name] in lines[n - 1]]
            first = starts[0] + after if starts else end
    for name, after in (('end-at', 1), ('end-before', 0)):
        if name in options:
            ends = [n for n in range(first + 1, end) if options[name] in lines[n - 1]]
            if name == 'end-at':
                ends = [n for n in range(first, end) if options[name] in lines[n - 1]]
            end = ends[0] + after if ends else end
    return range(first, end)


@functools.cache
def listings(step: Step) -> list[Shown]:
    """Return the listings of a step's chapter."""
    page = DOCS / 'tutorial' / f'step{step.number}.rst'
    if not page.exists():
        return []
    lines = page.read_text(encoding='utf-8').splitlines()
    titles = headings(lines)
    labels: dict[str, str] = {}
    for section in sections().values():
        if section.page == page:
            labels.setdefault(section.heading, section.label)
    found = []
    for number, line in enumerate(lines):
        match = LISTING.fullmatch(line)
        path = step.snapshot / match[2] if match else page
        options = options_below(lines, number)
        # Code that's wrong on purpose is nowhere in the snapshot.
        if not match or not path.is_file() or 'fault' in options:
            continue
        text = path.read_text(encoding='utf-8')
        shown = lines_shown(text, options)
        heading = [title for place, title in titles if place < number][-1]
        label = labels.get(heading, re.sub(r'[^a-z0-9]+', '-', heading.lower()))
        section = Section(label.strip('-'), heading, page, titles[0][1])
        found.append(Shown(match[2], shown, section))
    return found


def shows_line(step: Step, file: str, code: str) -> Section | None:
    """Return the section of the shortest listing, up to a step, that shows a line."""
    found: list[Shown] = []
    for chapter_step in [*step.before, step]:
        path = chapter_step.snapshot / file
        lines = path.read_text(encoding='utf-8').splitlines() if path.is_file() else []
        numbers = {number for number, line in enumerate(lines, 1) if line == code}
        listed = [each for each in listings(chapter_step) if each.file == file]
        found += [each for each in listed if numbers & set(each.lines)]
    best = min(found, key=lambda each: len(each.lines), default=None)
    return best.section if best else None


def shows(step: Step, file: str, name: str, code: str = '') -> Section | None:
    """Return the section that shows a class or a function of a file, up to a step.

    Or a line of it, where that is given; without a name, it's the one that begins the
    file.
    """
    if code and (section := shows_line(step, file, code)):
        return section
    for chapter_step in reversed([*step.before, step]):
        path = chapter_step.snapshot / file
        here = [each for each in listings(chapter_step) if each.file == file]
        if not here or not path.is_file():
            continue
        if not name:
            continue
        text = path.read_text(encoding='utf-8')
        lines = span(text, name)
        whole = [each for each in here if set(lines) & set(each.lines)]
        # The file as a whole, at a chapter's end, is shown in pieces before.
        parts = [each for each in whole[1:] if len(each.lines) < text.count('\n')]
        whole = [*whole[:1], *parts]
        if lines and whole:
            # The listing that shows most of it, and little else.
            best = max(
                whole,
                key=lambda each: (
                    len(set(lines) & set(each.lines)) - len(each.lines) / 1000
                ),
            )
            return best.section
    for chapter_step in [*step.before, step]:
        for each in listings(chapter_step):
            if each.file == file:
                return each.section
    return None
