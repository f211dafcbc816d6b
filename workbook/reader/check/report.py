"""Shows a reader how far they are, and what to look at next."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from workbook.layout import Step, steps

from . import book
from .runner import Check, Run

BAR = 24
"""How wide a bar is, in characters."""
STYLES = {
    'done': 'green',
    'under way': 'yellow',
    'held up': 'yellow',
    'wrong': 'bold red',
    'not begun': 'dim',
    'not asked': 'dim',
    'not run': 'dim',
}


MISSING = (
    "Has the chapter come to this already? If not, nothing's wrong: read on. If it "
    'has, look at how the name is spelled, here and where it is defined or imported, '
    "which file it's in, and how far it's indented."
)


@dataclasses.dataclass
class Shown:
    """The parts to show besides the table."""

    stronger: bool = False
    all: bool = False


@dataclasses.dataclass
class Progress:
    """How far a folder has come, which steps of it were asked for, and what came."""

    name: str
    begun: list[Step]
    asked: list[Step]
    run: Run
    parts: tuple[int, int] = (0, 0)
    """How many of the last step's new classes and functions are there, of how many."""

    def of(self, step: Step) -> str:
        """Return how a step stands, in a word or two."""
        if step not in self.asked:
            return 'not asked' if step in self.begun else 'not begun'
        checks = self.run.of(step)
        if checks and all(check.holds for check in checks):
            return 'done'
        if checks and all(check.outcome == 'not reached' for check in checks):
            return 'not run'
        if step in [*self.begun[-1:], *self.asked[-1:]]:
            return 'under way'
        first = self.run.first_wrong
        return 'held up' if first is not None and first.unfinished else 'wrong'

    @property
    def holds(self) -> bool:
        """Whether what was asked holds."""
        return bool(self.asked) and all(self.of(step) == 'done' for step in self.asked)

    def in_question(self) -> Iterator[tuple[str, Check]]:
        """Yield the first check that fails, and the first one where the reader is.

        What an earlier step asks for often breaks by what was written last.
        """
        first = self.run.first_wrong
        if first is None:
            return
        yield f'The first check that fails, in step {first.step}:', first
        last = self.asked[-1]
        for check in self.run.of(last):
            same = check.place and check.place == first.place
            if check.outcome == 'failed' and not same:
                alone = first.fatal or (first.unfinished and not first.of_suite)
                if first.step < last.number and not alone:
                    yield f'And the first that fails in step {last.number}:', check
                return


def table(standing: Progress, bars: bool) -> Table:
    """Return a row for each step."""
    grid = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for step in steps():
        how = standing.of(step)
        checks = standing.run.of(step)
        held = sum(check.holds for check in checks)
        count = f'{held} of {len(checks)}' if checks and how != 'not run' else ''
        row: list[RenderableType] = [f'step {step.number}', step.title]
        if bars:
            done = ProgressBar(
                max(len(checks), 1),
                held,
                BAR,
                complete_style=STYLES[how],
                finished_style=STYLES[how],
            )
            row.append(done if count else '')
        grid.add_row(*row, Text(count, justify='right'), Text(how, STYLES[how]))
    return grid


def paragraph(
    title: str, lines: list[str], style: str = '', whole: bool = False
) -> RenderableType:
    """Return lines below a title; whole ones are not broken, so that links work."""
    head: list[RenderableType] = ['', Text(title, 'bold')]
    if whole:  # Padding would cut them at the width of the terminal.
        options: dict[str, Any] = {'no_wrap': True, 'overflow': 'ignore'}
        return Group(*head, *(Text(f'  {line}', style, **options) for line in lines))
    body = Group(*(Text(line, style) for line in lines))
    return Group(*head, Padding(body, (0, 0, 0, 2), expand=False))


def section_lines(check: Check, at: Step) -> list[str]:
    """Return where the book tells of a check, or of what is being typed."""
    if check.where:
        return check.where
    section = book.sections().get(
        check.section, book.sections().get(f'step{check.step}')
    )
    if check.unfinished and check.step < at.number:
        section = book.chapter(at)
    return section.lines if section else []


def of_check(
    check: Check, at: Step, options: Shown, where: list[str] | None = None
) -> RenderableType:
    """Return all there is to say of a check that fails, and where to read."""
    parts: list[RenderableType] = []
    if check.fatal:
        return paragraph('What happened', check.lines)
    unready = check.unready and not check.missing and check.step < at.number
    if check.at_import:
        parts.append(paragraph("Your code can't be imported", check.lines))
    elif unready:
        parts.append(paragraph('Your code fails before the check begins', check.lines))
    else:
        case = f' (tried with {check.case})' if check.case else ''
        parts.append(paragraph('What should happen', [check.sentence + case], 'cyan'))
        parts.append(paragraph('What happened', check.lines))
    if check.cause:
        title = 'Cause' if check.is_sure else 'Look at'
        parts.append(paragraph(title, check.cause, 'yellow'))
    if check.printed.strip():
        last = check.printed.strip().splitlines()[-5:]
        parts.append(paragraph('What it printed last', [line[:200] for line in last]))
    hints = [MISSING, *check.hints[1:]] if check.missing else check.hints
    if hints and not check.at_import and not unready and not check.is_sure:
        shown = hints if options.stronger else hints[:1]
        if len(hints) > len(shown):
            shown = [*shown, '(For a stronger hint, append `--hint`.)']
        parts.append(paragraph('Hint', shown))
    if lines := where or section_lines(check, at):
        parts.append(paragraph('Read', lines, whole=True))
    return Group(*parts)


def of_next(standing: Progress) -> RenderableType:
    """Return what comes after the steps that hold."""
    begun = standing.begun
    if standing.asked != begun:
        return Text('\nEverything you asked for works.', 'green')
    later = [step for step in steps() if step not in begun]
    if not later:
        return Text('\nEverything works. That was the last step.', 'green')
    chapter = book.chapter(later[0])
    where = chapter.lines if chapter else [later[0].name]
    if not begun:
        return paragraph('There is nothing to check yet. Start with', where, whole=True)
    return paragraph('Everything you have so far works. Next', where, whole=True)


def skipped(run: Run) -> list[str]:
    """Return why checks were not tried, each reason once."""
    reasons: dict[str, int] = {}
    for check in run.checks:
        if check.outcome == 'skipped':
            why = check.lines[0] if check.lines else ''
            reasons[why] = reasons.get(why, 0) + 1
    return [
        f'{count} {"check" if count == 1 else "checks"} skipped: {why}'
        for why, count in reasons.items()
    ]


def typed(standing: Progress) -> str:
    """Return how much of the step under way is there, while something still lacks."""
    there, count = standing.parts
    if not standing.asked or there == count:
        return ''
    step = standing.asked[-1]
    return (
        f'Of the {count} classes and functions that step {step.number} adds, you have '
        f'{there}.'
    )


def ahead(standing: Progress) -> list[str]:
    """Return what is wrong in code that the first failing check doesn't come to."""
    first = standing.run.first_wrong
    if first is None or first.is_sure or first.at_import:
        return []
    for story in standing.run.not_imported:
        if not story['missing'] or not story['missing_name']:
            return list(story['lines'])
    return standing.run.elsewhere if first.missing else []


def report(console: Console, standing: Progress, options: Shown) -> None:
    """Show how a folder stands."""
    run = standing.run
    console.print(Text(f'{standing.name}\n', 'bold'))
    console.print(table(standing, bars=console.is_terminal))
    for line in skipped(run):
        console.print(Text(f'\n{line}', 'dim'))
    if run.left_out:
        console.print(Text(f'\n{run.left_out}', 'dim'))
    if options.all:
        for check in run.checks:
            show_line(console, check)
    if line := typed(standing):
        console.print(Text(f'\n{line}', 'dim'))
    if lines := ahead(standing):
        title = 'Before anything else, in what you have typed already'
        console.print(paragraph(title, lines, 'yellow'), crop=False)
    for begins, check in standing.in_question():
        console.print(Text(f'\n{begins}', 'bold'))
        console.print(of_check(check, standing.asked[-1], options), crop=False)
    if run.remark:
        console.print(Text(f'\n{run.remark}', 'yellow'))
    elif standing.holds or not standing.asked:
        console.print(of_next(standing), crop=False)


def show_line(console: Console, check: Check) -> None:
    """Show a check in a line or two."""
    marks = {'passed': ('holds', 'green'), 'failed': ('WRONG', 'bold red')}
    word, style = marks.get(check.outcome, (check.outcome, 'dim'))
    case = f' ({check.case})' if check.case else ''
    console.print(
        Text.assemble((f'{word:>11}', style), f'  {check.step}  {check.sentence}{case}')
    )
    if check.outcome == 'failed' and check.lines:
        console.print(Text(f'{"":16}{check.lines[-1].strip()}'))
