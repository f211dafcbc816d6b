"""Find phrases that nobody would say aloud, in everything that people read.

    python -m workbook.keeper.voice [FILE ...]

The phrases are in voice.toml, each with the words to use instead; so are the files to
look at. Code, literals and shown sessions aren't prose, and are skipped.
"""

import ast
import dataclasses
import functools
import json
import pathlib
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

from workbook.layout import ROOT, is_generated

RULES = pathlib.Path(__file__).with_name('voice.toml')
START = r'(?:^|(?<=[.?!:] )|(?<=[.?!:]["\')*] ))["\'(*]*'
"""The pattern for the start of a sentence: `<start>` in voice.toml."""
LITERAL = '`'
"""The character that a literal is replaced with, so that patterns can ask for one."""
WITH_CODE = {
    'automodule', 'code', 'code-block', 'exercises', 'image', 'lessons', 'listing',
    'literalinclude', 'parsed-literal', 'raw', 'session', 'step-diff', 'step-zip',
    'toctree', 'wrong',
}  # fmt: skip
"""The directives whose contents aren't prose."""
IN_PROSE = {'alt'}
"""The options of directives that readers read."""
CODE_KEYS = {'file', 'right', 'wrong', 'also_right', 'also_wrong', 'replaced'}
"""The keys whose values, in a .toml file, are code."""

Line = tuple[int, str]
Paragraph = list[Line]


@dataclasses.dataclass(frozen=True)
class Habit:
    """Phrases to avoid, and the words to use instead."""

    find: re.Pattern[str]
    why: str
    write: str


@dataclasses.dataclass(frozen=True)
class Found:
    """A phrase that is in a file, with its line."""

    path: pathlib.Path
    line: int
    phrase: str
    habit: Habit

    def __str__(self) -> str:
        """Return one line for it, in the form that editors can jump to."""
        inside = self.path.is_relative_to(ROOT)
        place = self.path.relative_to(ROOT) if inside else self.path
        return (
            f'{place.as_posix()}:{self.line}: "{self.phrase}": {self.habit.why}; '
            f'write {self.habit.write}'
        )


@functools.cache
def rules() -> dict[str, Any]:
    """Return the contents of voice.toml."""
    return tomllib.loads(RULES.read_text(encoding='utf-8'))


@functools.cache
def habits() -> list[Habit]:
    """Return all habits."""
    return [
        Habit(
            re.compile(
                pattern.replace('<start>', START),
                0 if '<start>' in pattern else re.IGNORECASE,
            ),
            habit['why'],
            habit['write'],
        )
        for habit in rules()['habits']
        for pattern in habit['find']
    ]


def paragraphs(lines: Iterable[Line]) -> Iterator[Paragraph]:
    """Yield the paragraphs, items and headings of some lines, without their marks."""
    found: Paragraph = []
    for number, line in lines:
        text = re.sub(r'^(?:[*+|-]|#+|\d+\.|:(?:alt|caption):|# )\s+', '', line.strip())
        is_new = text != line.strip() or not re.search(r'\w', text)
        if is_new and found:
            yield found
            found = []
        if re.search(r'\w', text):
            found.append((number, text))
    if found:
        yield found


def prose_of_rst(text: str) -> Iterator[Line]:
    """Yield the lines of a page that aren't code; the others are empty."""
    skipped_below = None
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.lstrip()
        indent = len(line) - len(stripped)
        if skipped_below is not None and (not stripped or indent > skipped_below):
            yield number, ''
            continue
        skipped_below = None
        directive = re.match(r'(?:\* - |- )?\.\. (?:\|.*\| )?([\w-]+)::(.*)', stripped)
        option = re.match(r':([\w-]+):(?!`)', stripped)
        if directive:
            code = directive[1] in WITH_CODE
            skipped_below = indent if code else None
            yield number, '' if code or directive[1] == 'figure' else directive[2]
        elif stripped.startswith('.. ') or stripped == '..':
            skipped_below = indent
            yield number, ''
        elif option and option[1] not in IN_PROSE:
            yield number, ''
        else:
            if stripped.endswith('::'):
                skipped_below = indent
            yield number, line


def prose_of_markdown(text: str) -> Iterator[Line]:
    """Yield the lines of a text that aren't code; the others are empty."""
    in_code = False
    for number, line in enumerate(text.splitlines(), 1):
        fence = line.lstrip().startswith('```')
        in_code ^= fence
        yield number, '' if fence or in_code else line


def words(node: ast.AST) -> str:
    """Return a string in code, with a mark in place of each value in it."""
    if isinstance(node, ast.JoinedStr):
        return ''.join(words(value) for value in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else LITERAL


def strings(tree: ast.AST, all_strings: bool) -> Iterator[tuple[int, str]]:
    """Yield docstrings and hints with their lines, or else all strings."""
    for child in ast.iter_child_nodes(tree):
        is_text = isinstance(child, ast.JoinedStr) or (
            isinstance(child, ast.Constant) and isinstance(child.value, str)
        )
        is_shown = all_strings or isinstance(tree, ast.Expr)
        if isinstance(tree, ast.Call):
            is_shown |= ast.unparse(tree.func).endswith('hint')
        if is_text and is_shown:
            yield getattr(child, 'lineno', 1), words(child)
        elif not is_text:
            yield from strings(child, all_strings)


def prose_of_python(text: str, all_strings: bool = True) -> Iterator[Line]:
    """Yield the lines of strings and comments, each followed by an empty one."""
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    for start, string in strings(compile(text, '', 'exec', flags), all_strings):
        if ' ' in string:
            yield from enumerate(string.splitlines(), start)
            yield start, ''
    if all_strings:
        for number, line in enumerate(text.splitlines(), 1):
            before, mark, comment = line.partition('# ')
            if mark and before.count("'") % 2 == 0:
                yield number, comment
            else:
                yield number, ''


def prose_of_toml(text: str) -> Iterator[Line]:
    """Yield the lines of the values that are no code, each followed by an empty one."""

    def values(table: Any, key: str = '') -> Iterator[str]:
        if isinstance(table, dict):
            for name, value in table.items():
                yield from values(value, name)
        elif isinstance(table, str) and key not in CODE_KEYS and ' ' in table:
            yield table

    for value in values(tomllib.loads(text)):
        line = 1 + text[: max(0, text.find(value[:20].split('\n')[0]))].count('\n')
        yield line, value.strip()
        yield line, ''


def prose_of_notebook(text: str) -> Iterator[Line]:
    """Yield the lines of a notebook's texts, strings and comments, as in its file."""
    place = 0
    for cell in json.loads(text)['cells']:
        place = text.index('"source": [', text.index(f'"id": "{cell["id"]}"', place))
        first = text.count('\n', 0, place) + 1
        source = ''.join(cell['source'])
        is_code = cell['cell_type'] == 'code'
        found = prose_of_python(source) if is_code else prose_of_markdown(source)
        for number, line in found:
            yield first + number, line
        yield first, ''
        alt = cell['metadata'].get('mystnb', {}).get('image', {}).get('alt', '')
        yield first, alt
        yield first, ''


READERS = {
    '.rst': prose_of_rst,
    '.md': prose_of_markdown,
    '.yml': prose_of_markdown,
    '.py': prose_of_python,
    '.toml': prose_of_toml,
    '.ipynb': prose_of_notebook,
}


def without_literals(text: str) -> str:
    """Return a paragraph with its literals and addresses replaced, and no markup."""
    text = re.sub(r'``.+?``', LITERAL, text)
    text = re.sub(r':(?:ref|term|doc):`([^`<]*)(?:<[^`]*>)?`', r'\1', text)
    text = re.sub(r'`([^`<]+?)\s*<[^`>]*>`_+', r'\1', text)
    text = re.sub(r'(?::\w+:)?`[^`]+`', LITERAL, text)
    text = re.sub(r'\]\([^)]*\)', ']', text)
    return re.sub(r'https?://\S+', LITERAL, text)


def look(path: pathlib.Path, text: str) -> Iterator[Found]:
    """Yield the phrases to avoid in the text of a file."""
    name = path.as_posix()
    prose = READERS[path.suffix](text)
    if path.suffix == '.py' and not re.search(r'workbook/|notebooks/', name):
        prose = prose_of_python(text, all_strings=False)
    for paragraph in paragraphs(prose):
        joined = ' '.join(line for _, line in paragraph)
        plain = re.sub(r'\s+', ' ', without_literals(joined))
        matches = [
            (match.start(), match[0].strip(), habit)
            for habit in habits()
            for match in habit.find.finditer(plain)
        ]
        for _, phrase, habit in sorted(matches, key=lambda match: match[0]):
            yield Found(path, line_of(phrase, paragraph), phrase, habit)


def line_of(phrase: str, paragraph: Paragraph) -> int:
    """Return the line that a phrase begins on, or else that of the paragraph."""
    joined, lines = '', []
    for number, text in paragraph:
        lines += [number] * (len(text) + 1)
        joined += f'{text} '
    place = joined.find(phrase.split(LITERAL)[0].strip())
    return lines[max(place, 0)]


def covered() -> list[pathlib.Path]:
    """Return the files to look at, without those that are left for later."""
    later = rules()['not_yet']
    found = {path for place in rules()['places'] for path in ROOT.glob(place)}
    return sorted(
        path
        for path in found
        if path.suffix in READERS
        and not is_generated(path.relative_to(ROOT))
        and not any(path.relative_to(ROOT).match(pattern) for pattern in later)
    )


def main(names: list[str]) -> int:
    """Look at some files, or at all; print what was found."""
    paths = [pathlib.Path(name).resolve() for name in names] or covered()
    found = [
        one for path in paths for one in look(path, path.read_text(encoding='utf-8'))
    ]
    for one in found:
        print(one)
    if found:
        phrases = 'phrase' if len(found) == 1 else 'phrases'
        print(f'{len(found)} {phrases} to say another way: see {RULES.name}.')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
