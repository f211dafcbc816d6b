"""Write the README's table of steps anew, from the folders.

    python -m workbook.keeper.readme

What a step teaches stands in its tests' step.toml; how large it is is counted.
"""

import pathlib
import re
import textwrap

from workbook.cli import Parser
from workbook.layout import ROOT, Step, steps

README = ROOT / 'README.rst'
BEGIN, END = (
    '.. Made by workbook/keeper/readme.py:',
    '.. End of what workbook/keeper/readme.py made.',
)
TABLE = re.compile(f'(?<={re.escape(BEGIN)}\n).*?(?={re.escape(END)})', re.DOTALL)


def size(folder: pathlib.Path) -> int:
    """Return how many lines of Python are in a folder."""
    files = folder.rglob('*.py')
    return sum(len(path.read_text(encoding='utf-8').splitlines()) for path in files)


def row(step: Step) -> list[str]:
    """Return a step's row."""
    lines = f'{size(step.snapshot / "asgilook")}'
    if tests := size(step.snapshot / 'tests'):
        lines += f', and {tests} of tests'
    cells = [f'`<steps/{step.name}>`_', step.metadata['teaches'], lines]
    return [
        textwrap.fill(
            cell,
            88,
            initial_indent='     - ' if index else '   * - ',
            subsequent_indent='       ',
        )
        for index, cell in enumerate(cells)
    ]


def table() -> str:
    """Return the table."""
    head = [
        '.. list-table::',
        '   :header-rows: 1',
        '   :widths: 30 50 20',
        '',
        '   * - Step',
        '     - What you learn',
        '     - Lines of Python',
    ]
    rows = [line for step in steps() for line in row(step)]
    return '\n' + '\n'.join([*head, *rows]) + '\n\n'


def renewed(text: str) -> str:
    """Return the README with the table as it should be."""
    new, count = TABLE.subn(lambda match: table(), text)
    if count != 1:
        raise SystemExit(f'README.rst lacks the lines {BEGIN!r} and {END!r}.')
    return new


if __name__ == '__main__':
    Parser(
        prog='python -m workbook.keeper.readme',
        description="Write the README's table of steps.",
    ).parse_args()
    text = renewed(README.read_text(encoding='utf-8'))
    README.write_text(text, encoding='utf-8', newline='\n')
