"""What `tox -e check` says of the mistakes that readers make: mistakes.toml."""

import ast
import concurrent.futures
import io
import pathlib
import textwrap
import tomllib

import pytest
from rich.console import Console

from workbook.book import exercises
from workbook.cli import UserError
from workbook.layout import ROOT, copy_tree, steps
from workbook.reader.check import (
    command,
    exercise_check,
    progress,
    report,
    runner,
    submission,
)

TABLE = pathlib.Path(__file__).with_name('mistakes.toml')
MISTAKES = tomllib.loads(TABLE.read_text(encoding='utf-8'))
VERSIONS = ROOT / 'examples' / 'tutorial'
STEPS = {step.number: step for step in steps()}
AT_ONCE = 2


def definition(text, name):
    """Return a class or a function in a text."""
    node = ast.parse(text)
    for part in name.split('.'):
        [node] = [each for each in node.body if getattr(each, 'name', '') == part]
    return node


def cut(text, name):
    """Return a text without a definition, and that definition at the left margin."""
    node, lines = definition(text, name), text.splitlines(keepends=True)
    first = min([node.lineno, *(each.lineno for each in node.decorator_list)]) - 1
    taken = textwrap.dedent(''.join(lines[first : node.end_lineno]))
    return ''.join(lines[:first] + lines[node.end_lineno :]), taken


def put(folder, file, place, taken):
    """Put a definition at the end of a class, of a function, or of a file."""
    kind, _, name = place.rpartition(' ')
    path = folder / (name if not kind else file)
    text = path.read_text(encoding='utf-8')
    if not kind:
        path.write_text(f'{text}\n\n{taken}', encoding='utf-8')
        return
    node, lines = definition(text, name), text.splitlines(keepends=True)
    depth = 4 + node.col_offset
    lines.insert(node.end_lineno, '\n' + textwrap.indent(taken, ' ' * depth))
    path.write_text(''.join(lines), encoding='utf-8')


def replaced(text, pairs):
    """Return a text with something else in it; the first of what is there twice."""
    for right, wrong in pairs:
        assert right in text, f'The snapshot has no {right!r} any more.'
        text = text.replace(right, wrong, 1)
    return text


def make(mistake, folder):
    """Make a mistake in a folder."""
    package = folder / 'asgilook'
    if 'project' in mistake:
        path = folder / 'pyproject.toml'
        path.write_text(replaced(path.read_text('utf-8'), [mistake['project']]))
        return
    file = mistake['file']
    path = package / file
    text = path.read_text(encoding='utf-8')
    pairs = [(mistake['right'], mistake['wrong'])] if 'right' in mistake else []
    text = replaced(text, [*pairs, *mistake.get('also', [])])
    if name := mistake.get('cut', mistake.get('dedent')):
        text, taken = cut(text, name)
        if 'dedent' in mistake:
            text = f'{text}\n\n{taken}'
    path.write_text(text + mistake.get('append', ''), encoding='utf-8')
    if 'into' in mistake:
        put(package, file, mistake['into'], taken)
    for other, name in mistake.get('cut_too', {}).items():
        rest, _ = cut((package / other).read_text(encoding='utf-8'), name)
        (package / other).write_text(rest, encoding='utf-8')
    if 'delete_too' in mistake:
        (package / mistake['delete_too']).unlink()
    if 'rename' in mistake:
        path.rename(package / mistake['rename'])
    if 'delete' in mistake:
        path.unlink()


def fails(check):
    """Return whether a check failed: that is enough."""
    return check.outcome == 'failed'


def said(folder, step, tested, ahead):
    """Return what is shown of a folder, when the checks stop at the first that fails.

    Only the step's own checks are run, unless all are asked for: that takes its time.
    """
    written = io.StringIO()
    console = Console(file=written, width=200, highlight=False)
    try:
        submission.inspect(folder)
    except UserError as error:
        return str(error)
    run = runner.run(
        folder, [each.tests for each in tested], enough=fails, workers=1, ahead=ahead
    )
    command.explain_failures(folder, step, run)
    begun = progress.begun(folder) or [step]
    standing = report.Progress('mine', begun, [*step.before, step], run)
    report.report(console, standing, report.Shown())
    return written.getvalue()


def said_of_exercise(folder, exercise):
    """Return what is shown of an attempt at an exercise."""
    written = io.StringIO()
    console = Console(file=written, width=200, highlight=False)
    run = exercise_check.run(exercise, folder, runner.ignore)
    exercise_check.show_result(console, exercise, folder, run, report.Shown())
    return written.getvalue()


def try_out(mistake, folder):
    """Make a mistake in a copy of its snapshot; return what is said of it."""
    step = STEPS[mistake['step']]
    if 'exercise' in mistake:
        exercise = exercises.find(mistake['exercise'])
        exercises.begin(exercise, folder)
        if 'unsolved' not in mistake:
            copy_tree(exercise.overlay, folder)
            make(mistake, folder)
        return said_of_exercise(folder, exercise)
    copy_tree(step.snapshot, folder)
    if 'version' in mistake:
        copy_tree(VERSIONS / mistake['version'], folder)
    make(mistake, folder)
    asked = STEPS[mistake.get('checks', mistake['step'])]
    tested = [*step.before, step] if 'from_the_start' in mistake else [asked]
    return said(folder, asked, tested, 'ahead' in mistake)


@pytest.fixture(scope='module')
def shown(request, tmp_path_factory):
    """Return what is said of each mistake that was chosen: two at a time."""
    place = tmp_path_factory.mktemp('mistakes')
    wanted = [
        item.callspec.params['name']
        for item in request.session.items
        if getattr(item, 'originalname', '') == 'test_mistake'
    ]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as executor:
        yield {
            name: executor.submit(try_out, MISTAKES[name], place / f'{number}')
            for number, name in enumerate(wanted)
        }
        executor.shutdown(cancel_futures=True)


@pytest.mark.parametrize('name', MISTAKES)
def test_mistake(shown, name):
    """The message names the cause, and says nothing that leads elsewhere."""
    mistake = MISTAKES[name]
    text = shown[name].result()
    flat = ' '.join(text.split())
    for words in mistake['says']:
        assert ' '.join(words.split()) in flat, text
    for words in [*mistake.get('never', []), 'Everything you have so far works', '-vv']:
        assert words not in flat, text
