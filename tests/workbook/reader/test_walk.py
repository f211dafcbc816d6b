"""A beginner types what the chapters list, and asks `tox -e check` after each listing.

What it says on the way is kept in walk.txt, to be read as a beginner would read it.
When a change to it is meant, have it written anew, and look at what has changed:

    tox -e workbook -- tests/workbook/reader/test_walk.py --refresh
"""

import collections
import concurrent.futures
import dataclasses
import difflib
import functools
import io
import pathlib
import re
import shutil
import sys
import tempfile
import threading
from unittest import mock

import pytest
from docutils import nodes
from rich.console import Console
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from workbook.book.sphinx_ext import listings as extension
from workbook.layout import PACKAGE, ROOT, files_in, steps
from workbook.reader import start
from workbook.reader.check import book, progress, report, runner, submission
from workbook.reader.check import command as tool

STEPS = steps()
RECORD = pathlib.Path(__file__).with_name('walk.txt')
AT_ONCE = 2
"""How many folders are checked at a time: some checks wait more than they work."""
PARSING = threading.Lock()
"""Held while code is parsed: Python 3.11 may mix that up in two threads at once."""
HUBS = {'asgilook/app.py', 'asgilook/asgi.py'}
"""Where the application is made: what is half typed there breaks what held before."""
WITHOUT_BUGS = ['-m', 'not plants_bugs']
"""What takes long, and is tried by `tox -e stepN`."""
IMPORT = re.compile('(import|from) |$')
CHANGING = re.compile(
    r'[0-9a-f]{8}-[0-9a-f-]{27}|\w{3}, \d.* GMT|(?<= passed in )[\d.]+s.*'
)


@dataclasses.dataclass
class Listing:
    """What a chapter shows of a file, by the numbers of its lines in the snapshot."""

    file: str
    shown: set[int]


@dataclasses.dataclass
class Stage:
    """A folder as a reader has it after a listing, and what the check says of it."""

    title: str
    listing: Listing
    files: dict[str, str]
    standing: report.Progress | None = None
    shown: str = ''


def read(step):
    """Return the lines of a snapshot's files, by their names."""
    return extension.read(step)


def told_elsewhere(block, files):
    """Return what a listing of another file tells of a step's, if all of it does."""
    caption = block.parent[0]
    name = caption.astext() if isinstance(caption, nodes.caption) else ''
    wanted, shown = block.astext().splitlines(), set()
    for number, line in enumerate(files.get(name, []), start=1):
        if len(shown) < len(wanted) and line == wanted[len(shown)]:
            shown.add(number)
    return Listing(name, shown) if shown and len(shown) == len(wanted) else None


def told_by(doctree, step, listed):
    """Yield the listings of a chapter in their order, as the directive noted them."""
    files = read(step)
    remaining = iter(listed)
    following = next(remaining, None)
    for block in doctree.findall(nodes.literal_block):
        if following is None:
            break
        _, name, first, last = following
        lines = block.astext().splitlines()
        if block.get('source') == str(step.snapshot / name):
            if lines == files[name][first - 1 : last]:
                yield Listing(name, set(range(first, last + 1)))
                following = next(remaining, None)
        elif block.get('source') and (other := told_elsewhere(block, files)):
            yield other
    assert following is None, f'{step.name}: {following} was not found in its chapter'


@functools.cache
def listings():
    """Return the listings of each chapter, by the number of its step."""
    docs = str(ROOT / 'docs')
    pages = {'include_patterns': ['tutorial/step*.rst'], 'root_doc': 'tutorial/step1'}
    with (
        tempfile.TemporaryDirectory() as output,
        mock.patch.object(sys, 'path', sys.path[:]),
        patch_docutils(docs),
        docutils_namespace(),
    ):
        sphinx = Sphinx(
            docs, docs, output, output, 'dummy', pages, None, warning=io.StringIO()
        )
        sphinx.builder.read()
        found = {}
        for step in STEPS:
            page = f'tutorial/step{step.number}'
            listed = sphinx.env.snapshot_listings[page]
            found[step.number] = list(
                told_by(sphinx.env.get_doctree(page), step, listed)
            )
    return found


def typed(before, after, told, everywhere, complete):
    """Return a file's lines when some of a step's lines were told, by their numbers.

    What a step puts in place of other lines takes those out as soon as it is told. What
    it moves is taken out when it is told elsewhere, and all else when the file is
    complete; imports too, since another file's are no sign of a move.
    """
    lines = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, old, old_end, new, new_end in matcher.get_opcodes():
        fresh = [line for line in range(new + 1, new_end + 1) if line in told]
        moved = any(not IMPORT.match(line) for line in before[old:old_end])
        gone = complete or (moved and everywhere.issuperset(before[old:old_end]))
        if tag == 'equal' or (not fresh and not (tag == 'delete' and gone)):
            lines += before[old:old_end]
        else:
            lines += [after[line - 1] for line in fresh]
    return lines


def stages(step):
    """Return a chapter's stages: its listings, and the folder after each.

    Listings of one file that follow each other are one stage outside the package: a
    suite takes long to run, and a reader types it in one go. A chapter's first stage
    is the one that has code in it: until then, all is as the chapter before left it.
    """
    if on_the_way := list(versions(step)):
        return on_the_way
    before = read(STEPS[step.number - 2] if step.number > 1 else None)
    after, told, found = read(step), {}, []
    remaining = collections.Counter(each.file for each in listings()[step.number])
    for listing in listings()[step.number]:
        remaining[listing.file] -= 1
        told.setdefault(listing.file, set()).update(listing.shown)
        everywhere = {''}
        for name, numbers in told.items():
            everywhere.update(after[name][number - 1] for number in numbers)
        files = {}
        for name in sorted(before.keys() | told.keys()):
            told_here = told.get(name, set())
            complete = bool(told_here) and not remaining[name]
            lines = typed(
                before.get(name, []), after[name], told_here, everywhere, complete
            )
            files[name] = ''.join(f'{line}\n' for line in lines)
        package = listing.file.startswith(f'{PACKAGE}/')
        if found and found[-1].listing.file == listing.file and not package:
            found.pop()
        if not package and not found and listing.file in before:
            continue
        if not found or files != found[-1].files:
            first = after[listing.file][min(listing.shown) - 1].strip()
            found.append(Stage(f'{listing.file}: {first}', listing, files))
    return found


def versions(step):
    """Yield a stage for each version on the way, if the chapter has any; and the end.

    Such a chapter replaces code of its own, so its listings don't add up to a file
    before the last.
    """
    page = ROOT / 'docs' / 'tutorial' / f'step{step.number}.rst'
    text = page.read_text(encoding='utf-8')
    names = re.findall(rf':: /\.\./examples/tutorial/(\w+)/{PACKAGE}/', text)
    final = {name: '\n'.join([*lines, '']) for name, lines in read(step).items()}
    for name in dict.fromkeys(names):
        folder = ROOT / 'examples' / 'tutorial' / name
        files = {
            path.relative_to(folder).as_posix(): path.read_text(encoding='utf-8')
            for path in files_in(folder)
        }
        yield Stage(name, Listing(name, set()), {**final, **files})
    if names:
        yield Stage('the snapshot', Listing('', set()), final)


def run(stage, folder, step, last):
    """Check a stage's folder, as far as its first message needs; all of it, if last.

    The message is the one of a whole run: a step's checks are tried in their order, up
    to the first that does not hold. The steps before are tried where they may break:
    where the application is made, or where that first check stumbles over the code.
    """
    begun = progress.begun(folder)
    earlier = [each for each in begun if each.number < step.number]
    if last:
        # `tox -e stepN` runs the earlier steps' tests on what the folder holds now.
        found = runner.run(folder, [step.tests, *WITHOUT_BUGS])
        found.checks += [
            runner.Check('', each.number, '', outcome='passed') for each in earlier
        ]
        return found
    whole = [*(each.tests for each in begun), *WITHOUT_BUGS]
    if step not in begun:
        return runner.run(folder, whole)

    def enough(check):
        mine = check.unfinished or check.step == step.number
        return check.outcome == 'failed' and mine

    if stage.listing.file not in HUBS:
        found = runner.run(
            folder, [step.tests, *WITHOUT_BUGS], enough=enough, workers=1
        )
        if earlier and (not found.first_wrong or found.first_wrong.place):
            tests = [*(each.tests for each in earlier), *WITHOUT_BUGS]
            tried = runner.run(folder, tests, enough=enough, workers=1)
            found.checks = [*tried.checks, *found.checks]
        return found
    return runner.run(folder, whole, enough=enough, workers=1)


def check(stage, folder, step, last):
    """Make the folder of a stage, and have it checked."""
    folder.mkdir(parents=True)
    for name, text in stage.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')
    console = Console(file=io.StringIO(), width=200, highlight=False)
    with PARSING:
        begun = progress.begun(folder)
    try:
        with PARSING:
            submission.inspect(folder)
        found = run(stage, folder, step, last)
        found.remark = ''
        with PARSING:
            if begun:
                tool.explain_failures(folder, begun[-1], found)
        stage.standing = report.Progress('work', begun, begun, found)
        report.report(console, stage.standing, report.Shown())
    except submission.UserError as error:
        console.print(str(error))
    stage.shown = console.file.getvalue()


def first_of(stage):
    """Return the check that a stage's message is about, if there is one."""
    return stage.standing.run.first_wrong if stage.standing else None


def record_of(stage, step):
    """Yield the lines of the record for a stage: where the reader is sent, and why."""
    if not stage.listing.shown:  # A version on the way, or the end of the last.
        yield f'    step {step.number}: {stage.standing.of(step)}'
        return
    checks = stage.standing.run.of(step)
    first = first_of(stage)
    if first is None:
        held = f'all {len(checks)} hold' if checks else 'not begun'
        yield f'    step {step.number}: {held}'
        said = stage.shown.rstrip().split('\n\n')[-1].splitlines()
        yield from (f'    {line.strip()}' for line in said[:2])
        return
    if first in checks:
        held = f'the first {checks.index(first)} of {len(checks)} hold'
        yield f'    step {step.number}: {held}'
    else:
        yield f'    step {first.step}: {stage.standing.of(STEPS[first.step - 1])}'
    yield f'    {first.sentence}'
    yield from (f'      {CHANGING.sub("...", line)}' for line in lines_of(first))
    yield from (f'      {CHANGING.sub("...", line)}' for line in first.cause)
    lines = stage.shown.split('\nRead\n')[1].splitlines()
    yield f'    {lines[0].strip()}'


def lines_of(check):
    """Return the lines that say what is wrong, without those of the check itself."""
    return [line for line in check.lines if not line.startswith('The check says')][-2:]


@pytest.mark.parametrize('step', STEPS, ids=lambda step: step.name)
def test_walk(step, tmp_path, pytestconfig):
    """After each listing, the next message is about what is not typed yet."""
    if step.uses_redis and not shutil.which('redis-server'):
        pytest.skip('redis-server is not installed, which some checks try')
    walk = stages(step)
    assert same(walk[-1].files, read(step)), 'the listings do not make the snapshot'
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as executor:
        checked = [
            executor.submit(
                check, stage, tmp_path / f'{number}' / 'work', step, stage is walk[-1]
            )
            for number, stage in enumerate(walk)
        ]
        for each in checked:
            each.result()
    record, before = [f'Step {step.number}', ''], None
    for stage in walk:
        said = list(record_of(stage, step))
        record += [stage.title, *(['    the same'] if said == before else said)]
        before = said
    if pytestconfig.getoption('refresh'):
        refresh(step, record)
    assert_record(step, record)
    for stage in walk:
        assert_right(stage, step, walk[-1])
    if not list(versions(step)):
        assert_no_return([first_of(stage) for stage in walk], step.number)


def same(typed, snapshot):
    """Return whether files are those of a snapshot, but for empty lines."""
    return {
        name: [line for line in text.splitlines() if line]
        for name, text in typed.items()
    } == {name: [line for line in lines if line] for name, lines in snapshot.items()}


def assert_right(stage, step, last):
    """Assert what holds at each stage, whatever the record says."""
    assert 'Traceback' not in stage.shown
    assert str(ROOT / 'workbook') not in stage.shown
    standing, first = stage.standing, first_of(stage)
    assert standing, f'{stage.title}: refused: {stage.shown}'
    assert all(each.number <= step.number for each in standing.begun), stage.title
    for later in STEPS[step.number :]:
        assert standing.of(later) == 'not begun', stage.title
    # Nothing is wrong: what isn't typed yet is never called a mistake.
    assert report.ahead(standing) == [], stage.shown
    if first and first.cause:
        assert 'read on' in ' '.join(first.cause), stage.shown
    if stage is last:
        assert standing.holds, stage.shown
        assert [each.number for each in standing.begun] == list(
            range(1, step.number + 1)
        )
        return
    if first is None:
        assert standing.holds, stage.shown
        for following in STEPS[len(standing.begun) :][:1]:
            assert book.chapter(following).title in stage.shown, stage.shown
        return
    if first.step < step.number:
        assert first.unfinished, f'{stage.title}:\n{stage.shown}'
        assert standing.of(STEPS[first.step - 1]) == 'held up'
        assert any(name in stage.shown for name in read(step)), stage.shown
        assert book.chapter(step).title in stage.shown
    else:
        assert book.sections()[first.section].chapter == book.chapter(step).heading
        final = {check.name: check for check in last.standing.run.checks}
        assert final[first.name].holds


def is_on_the_way(first, number):
    """Return whether a check of an earlier step waits for what this one changes."""
    return first.step < number and first.to_be_changed


def assert_no_return(firsts, number):
    """Assert that what once was next, and then was there, is not asked for again."""
    names = [
        first.name
        for first in firsts
        if first and not (first.missing or is_on_the_way(first, number))
    ]
    turns = [
        name
        for name, before in zip(names, [None, *names], strict=False)
        if name != before
    ]
    assert len(turns) == len(set(turns)), turns


def parts():
    """Return the parts of the record, by the number of their step."""
    text = RECORD.read_text(encoding='utf-8') if RECORD.exists() else ''
    found = re.split(r'^(?=Step \d+$)', text, flags=re.MULTILINE)
    return {int(part.split()[1]): part for part in found if part.strip()}


def refresh(step, record):
    """Write what was seen into the record."""
    kept = {**parts(), step.number: '\n'.join(record) + '\n\n'}
    RECORD.write_text(
        ''.join(kept[number].rstrip('\n') + '\n\n' for number in sorted(kept)), 'utf-8'
    )


def assert_record(step, record):
    """Assert that a chapter's walk is the one that was read, and found right."""
    assert parts().get(step.number, '').strip().splitlines() == record


def test_nothing_begun(tmp_path):
    """An empty folder, as `tox -e start` makes it, is sent to the first chapter."""
    start.make(tmp_path / 'work', STEPS[0])
    console = Console(file=io.StringIO(), width=200)
    asked = tool.parse([])
    assert not tool.check(console, tmp_path / 'work', asked)
    shown = console.file.getvalue()
    assert shown.count('not begun') == len(STEPS)
    assert 'There is nothing to check yet' in shown
    assert book.chapter(STEPS[0]).title in shown
