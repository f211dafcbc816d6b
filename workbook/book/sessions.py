"""Read the book's `.. session::` blocks, and compare what they show with what came."""

import dataclasses
import difflib
import re
from collections.abc import Callable, Iterator

from workbook.cli import UserError

OPTIONS = {
    'server': False,
    'port': True,
    'log': False,
    'with': True,
    'fault': True,
    'step': True,
    'needs': True,
    'not-run': True,
}
"""The options of the directive, and whether each has a value."""
PROMPTS = {'$ ': '> ', '>>> ': '... '}
"""What a typed line begins with, and what goes before the lines that continue it."""
REPL = 'python -m asyncio'
BANNER_END = '>>> import asyncio'
"""The last line of the REPL's greeting: it looks typed, and is not."""

DIRECTIVE = re.compile(r'( *)\.\. session::\s*')
PLAIN = re.compile(r'( *)\.\. code-block:: console\s*')
"""A block outside the book, where the directive is not known."""
COMMENT = re.compile(r' *\.\. ([\w-]+): (.*)')
"""An option of such a block: it stands as a comment above."""
OPTION = re.compile(r' *:([\w-]+):(.*)')
FIELD = re.compile(r':([\w-]+):\s*(.*)')
HIDDEN = '\0'
"""What stands for a line that need not be there."""


class PageError(UserError):
    """A page that can't be run; the message says what to do, and `line` where."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


@dataclasses.dataclass
class Exchange:
    """What was typed, with its prompts, and what was printed then."""

    typed: list[str]
    output: list[str]

    @property
    def is_shell(self) -> bool:
        """Whether it was typed in a shell, and not in the REPL."""
        return self.typed[0].startswith('$')

    @property
    def command(self) -> str:
        """What was typed, without the prompts."""
        first, *others = self.typed
        prompt = '$ ' if self.is_shell else '>>> '
        skipped = len(PROMPTS[prompt])
        return '\n'.join([first[len(prompt) :], *(line[skipped:] for line in others)])


@dataclasses.dataclass
class Block:
    """A block, and its place in the page: `lines[start:end]`, counted from zero."""

    start: int
    end: int
    indent: str
    options: dict[str, str]
    lines: list[str]

    def exchanges(self) -> list[Exchange]:
        """Return what was typed, each with its output."""
        if 'log' in self.options:
            return [Exchange([], self.lines)]
        found: list[Exchange] = []
        more = ''
        for line in self.lines:
            last = found[-1] if found else None
            banner = line == BANNER_END and last and last.command == REPL
            prompts = [each for each in PROMPTS if f'{line} '.startswith(each)]
            if prompts and not banner:
                more = PROMPTS[prompts[0]]
                found.append(Exchange([line], []))
            elif last and more and f'{line} '.startswith(more):
                last.typed.append(line)
            elif last:
                more = ''
                last.output.append(line)
            else:
                raise PageError(
                    'the block begins with no prompt: '
                    'begin it with `$ ` or `>>> `, or give it the option :log:'
                )
        return found


def indent_of(line: str) -> int:
    """Return how far a line is indented."""
    return len(line) - len(line.lstrip())


def blocks(lines: list[str], plain: bool = False) -> Iterator[Block]:
    """Yield the blocks of a page, in their order; plain ones too, outside the book."""
    for number, line in enumerate(lines):
        if match := DIRECTIVE.fullmatch(line):
            yield block(lines, number + 1, len(match[1]))
        elif plain and (match := PLAIN.fullmatch(line)):
            found = block(lines, number + 1, len(match[1]))
            found.options |= options_above(lines, number)
            yield found


def options_above(lines: list[str], number: int) -> dict[str, str]:
    """Return the options in the comments above a line."""
    found = {}
    while number and (not lines[number - 1] or COMMENT.fullmatch(lines[number - 1])):
        number -= 1
        if match := COMMENT.fullmatch(lines[number]):
            if match[1] not in OPTIONS:
                raise PageError(f'no block has the option {match[1]}', number)
            found[match[1]] = match[2].strip()
    return found


def block(lines: list[str], start: int, outside: int) -> Block:
    """Return the block that begins with this line, below the directive."""
    end = start
    while end < len(lines) and (
        not lines[end].strip() or indent_of(lines[end]) > outside
    ):
        end += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    indent = min(
        (indent_of(line) for line in lines[start:end] if line.strip()), default=0
    )

    options: dict[str, str] = {}
    name = ''
    while start < end and lines[start].strip():
        if match := OPTION.fullmatch(lines[start]):
            name = match[1]
            options[name] = match[2].strip()
        elif name:
            options[name] += f' {lines[start].strip()}'
        else:
            break
        start += 1
    for name in options.keys() - OPTIONS.keys():
        raise PageError(f'no block has the option :{name}:', start)
    while start < end and not lines[start].strip():
        start += 1
    content = [line[indent:] for line in lines[start:end]]
    return Block(start, end, ' ' * indent, options, content)


def fields(lines: list[str]) -> dict[str, str]:
    """Return the fields at the top of a page."""
    found = {}
    for line in lines:
        if match := FIELD.fullmatch(line):
            found[match[1]] = match[2].strip()
        elif line.strip():
            break
    return found


def hide(match: re.Match[str]) -> str:
    """Return as many lines as were found, each of which need not be there."""
    return re.sub(r'[^\n]+', HIDDEN, match[0])


Replacement = str | Callable[[re.Match[str]], str]
DAY, MONTH = (
    '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)',
    '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)',
)
PRODUCTS = (
    'Python|python|CPython|HTTPie|curl|uvicorn|[Hh]ypercorn|[Dd]aphne|[Gg]ranian|falcon|Falcon'
    '|pytest|pluggy|redis|Redis|nginx|Pillow'
)

# What must vary from one run to the next, or from one machine to another, and why.
# Ids are not here: the run's are renamed to the page's, so that a wrong one shows.
MASKS: list[tuple[str, str, Replacement]] = [
    (
        'answers and pictures have the date of the run',
        rf'{DAY}, \d\d {MONTH} \d{{4}} \d\d:\d\d:\d\d GMT',
        '<date>',
    ),
    (
        'so have logs and records',
        r'\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?',
        '<date>',
    ),
    (
        'and objects in the REPL',
        r'datetime\.datetime\(\d+(?:, \d+){2,6}',
        'datetime.datetime(<date>',
    ),
    ('and files', rf'\b{MONTH} [ \d]\d (?: \d{{4}}|\d\d:\d\d)', '<date>'),
    (
        'they belong to whoever runs this',
        r'^([-dl][rwxst-]{9})[.+@]? +\d+ +\S+ +\S+ +',
        r'\1 <owner> ',
    ),
    (
        'and the access logs of some servers',
        rf'\d\d/{MONTH}/\d{{4}}:\d\d:\d\d:\d\d',
        '<date>',
    ),
    (
        'the system numbers processes',
        r'(process \[|\b(?:pid|PID)[ =:]+|^\[<date> \+0000\] \[)\d+',
        r'\1<pid>',
    ),
    (
        'a client, and an embedded Redis, have any free port',
        r'((?:\b127\.0\.0\.1|\blocalhost|::1\]?)(?::|\', ))(?!8000\b)\d+',
        r'\1<port>',
    ),
    ('Python is built anew', r'^asyncio REPL .*$', 'asyncio REPL <version>'),
    (
        'HTTP renamed this status, and Python followed in 3.13',
        r'\b422 Unprocessable (?:Entity|Content)',
        '422 Unprocessable <what>',
    ),
    (
        'new versions come out',
        rf'\b({PRODUCTS})([ /-]|==)v?\d+(?:\.\d+)+\w*',
        r'\1\2<version>',
    ),
    ('so they do of what is asked for its version', r'^\d+(?:\.\d+){2,}$', '<version>'),
    ("and of pytest's plugins", r'^plugins: .*$', 'plugins: <versions>'),
    (
        'no two runs take the same time',
        r'\b\d+\.\d+ ?(?:s|ms|[uµ]s|seconds)\b',
        '<time>',
    ),
    (
        'which Granian tells without a unit',
        r'(HTTP/[\d.]+" \d{3}) \d+\.\d+$',
        r'\1 <time>',
    ),
    ('nor does it in a shell', r'^(real|user|sys)\s+\d+m[\d.]+s$', r'\1 <time>'),
    ('nor the network', r'\d+(?:\.\d+)? ?[kM]?B/s', '<speed>'),
    ("a line is filled up after pytest's time", r'={3,}', '==='),
    (
        'temporary files have names of chance',
        r'(?<=/tmp/)(?:tmp|pytest-)[\w./-]+',
        '<name>',
    ),
    (
        'tests that draw pictures by chance print their seed',
        r'(?<=\brandom\.Random\()\d+(?=\))',
        '<seed>',
    ),
    ('objects lie anywhere', r'\b0x[0-9a-f]{6,}\b', '<address>'),
    ('tasks and threads are counted', r'\b(Task|Thread)-\d+', r'\1-<number>'),
    (
        'the book may have been built, or not',
        r'\bfile://\S+/\.tox/book/html/[\w/-]+\.html(?:#[\w-]+)?'
        r'|Run `tox -e book` to build the book, then open it from there\.',
        '<where to read it>',
    ),
    (
        'JPEG libraries differ in how small a file they make',
        r'(?i)(?<=^content-length: )\d+(?=\n(?:[\w-]+:.*\n)*content-type: image/)',
        '<length>',
    ),
    (
        'nginx makes a mark of the date and the length',
        r'(?i)(?<=^etag: )"[0-9a-f]+-[0-9a-f]+"$',
        '<mark>',
    ),
    ('wherever it is told', r'\([\d,]+(?= bytes, image/)', '(<length>'),
    (
        'and servers in the order of headers',
        r'(?i)(^content-type: image/.*\n(?:[\w-]+:.*\n)*content-length: )\d+$',
        r'\1<length>',
    ),
    (
        'Pythons name the lines typed in a REPL differently',
        r'File "<(?:console|stdin|python-input-\d+)>"',
        'File "<console>"',
    ),
    (
        "libraries' own lines move with their versions",
        r'^[ |]*File "(?:/usr/lib/|[^"]*/\.venv/|<frozen ).*'
        r'(?:\n[ |]{4,}(?![ |]*File ).*)*',
        hide,
    ),
    ('so a page may leave them out', r'^ +\.\.\.$', hide),
    (
        'whoever waits for a port to open makes a connection',
        r'^TRACE: +127\.0\.0\.1:<port> - HTTP connection (?:made|lost)$',
        hide,
    ),
    (
        "or shorten their paths, where asyncio's debug mode tells of a task",
        r'\bat \S*/(uvicorn/[\w/]+\.py):\d+',
        r'at .../\1:<line>',
    ),
    (
        'Python 3.13 gives the number of this error twice',
        r'\[errno 98\] (?=address already in use)',
        '',
    ),
    ('Pythons mark the place of an error differently', r'^[ |]+[~^]+$', hide),
]


def mask(lines: list[str]) -> list[str]:
    """Return the lines without what must vary."""
    text = '\n'.join(line.rstrip() for line in lines)
    for _, pattern, replacement in MASKS:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    return text.split('\n')


def mend(shown: list[str], came: list[str]) -> list[str]:
    """Return what came, but with the lines shown wherever they say the same."""
    old, new = mask(shown), mask(came)
    if [line for line in old if line != HIDDEN] == [
        line for line in new if line != HIDDEN
    ]:
        return shown
    mended = []
    for tag, i, j, k, m in difflib.SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        mended += shown[i:j] if tag == 'equal' else came[k:m]
    return mended
