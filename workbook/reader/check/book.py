"""Where the book tells of something: its labels, their headings and their pages."""

import dataclasses
import functools
import itertools
import pathlib
import re

from workbook.layout import BOOK, ROOT, Step

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
