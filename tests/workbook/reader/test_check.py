"""`tox -e check`: whatever is wrong with a reader's code, one message says what."""

import ast
import contextlib
import gc
import io
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import psutil
import pytest
from rich.console import Console

from workbook import faults
from workbook.book import exercises
from workbook.layout import ROOT, copy_tree, steps
from workbook.reader.check import (
    book,
    command,
    explain,
    planted,
    progress,
    report,
    runner,
    submission,
    worker,
)

STEPS = {step.number: step for step in steps()}
CHECK = [sys.executable, '-m', 'workbook.reader.check', '--strict']
PLAIN = {
    **{name: value for name, value in os.environ.items() if name != 'FORCE_COLOR'},
    'COLUMNS': '200',
    'PYTHONIOENCODING': 'utf-8',
}


@pytest.fixture
def copy_of(tmp_path):
    """Return a function that copies the snapshot of a step."""

    def make(number):
        copy_tree(STEPS[number].snapshot, tmp_path / 'mine')
        return tmp_path / 'mine'

    return make


def check(folder, *options):
    """Check a folder; return the exit status and what was shown."""
    ended = subprocess.run(
        [*CHECK, '--app', str(folder), *options],
        env=PLAIN,
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding='utf-8',
        timeout=120,
    )
    assert 'Traceback' not in ended.stdout + ended.stderr, ended.stderr
    assert ended.stderr == ''
    return ended.returncode, ended.stdout


def fails(check):
    """Return whether a check failed: that is enough."""
    return check.outcome == 'failed'


@pytest.fixture
def look(monkeypatch, capsys):
    """Return a function that checks a folder in this process, with one worker.

    The first failure ends it. If only some of the steps are named, only their checks
    are run.
    """
    monkeypatch.setenv('COLUMNS', '200')
    for name in ['FORCE_COLOR', 'CI']:
        monkeypatch.delenv(name, raising=False)
    # An endless loop is as endless after two seconds as after six.
    monkeypatch.setattr(runner, 'BUSY', 0.3)

    def look(folder, *options, only=STEPS, enough=fails):
        others = [STEPS[number].tests for number in STEPS if number not in only]

        def run(folder, tests, on_progress):
            chosen = [each for each in tests if each not in others]
            return whole(folder, chosen, on_progress, enough, workers=1)

        whole = runner.run
        with monkeypatch.context() as patch:
            patch.setattr(runner, 'run', run)
            status = command.main(['--strict', '--app', str(folder), *options])
        shown, errors = capsys.readouterr()
        assert 'Traceback' not in shown
        assert errors == ''
        return status, shown

    return look


def states(shown):
    """Return how each step stands, as the table says."""
    states = 'done|under way|held up|wrong|not begun|not asked'
    rows = re.findall(rf'^step (\d+) .*?({states})\s*$', shown, re.M)
    return {int(number): state for number, state in rows}


def put(folder, name, text, before=''):
    """Write into a module of the package, before or in place of what is there."""
    path = folder / 'asgilook' / name
    old = path.read_text(encoding='utf-8') if before else ''
    assert before in old
    path.write_text(old.replace(before, text + before, 1) or text, encoding='utf-8')


AT_IMPORT = "Your code can't be imported"
WRONG = {
    'a missing module': (
        'import falco\n',
        [AT_IMPORT, 'asgilook/app.py, line 1:', 'There is no module falco'],
    ),
    'a missing name': (
        'import falcon.asgi\napp = falcon.asgi.Ap()\n',
        [AT_IMPORT, 'line 2:', "has no attribute 'Ap'"],
    ),
    'an error at import': (
        'values = []\nvalues[0]\n',
        [AT_IMPORT, 'line 2:', 'IndexError: list index out of range'],
    ),
    'sys.exit': (
        'import sys\nsys.exit(3)\n',
        [AT_IMPORT, 'line 2:', 'ends the whole program here'],
    ),
    'os._exit': (
        'import os\nos._exit(3)\n',
        [AT_IMPORT, 'line 2:', 'os._exit(3) ends the whole program'],
    ),
    'a process that dies': (
        'import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n',
        ['The whole program ended during this check'],
    ),
    'an endless loop at import': (
        'print("here we go")\nwhile True:\n    pass\n',
        [AT_IMPORT, 'It took too long and was stopped.', 'asgilook/app.py, line '],
    ),
    'a flood at import': (
        'while True:\n    print("flood" * 1000)\n',
        [AT_IMPORT, 'It took too long and was stopped.', 'asgilook/app.py, line '],
    ),
    'a flood that ends': (
        'for _ in range(100_000):\n    print("flood")\n1 / 0\n',
        [AT_IMPORT, 'line 3:', 'ZeroDivisionError: division by zero'],
    ),
    'no app': ('', ['asgilook/app.py has no `app`', 'What should happen']),
    'an app of the other kind': (
        'import falcon\napp = falcon.App()\n',
        [
            'The application is an asynchronous Falcon app.',
            'one for WSGI, and one for ASGI',
        ],
    ),
}


@pytest.mark.parametrize('what', WRONG)
def test_wrong_from_the_start(copy_of, look, what):
    """Code that cannot run is met with the place and the error, in a reader's words."""
    text, expected = WRONG[what]
    folder = copy_of(1)
    (folder / 'asgilook' / 'app.py').write_text(text, encoding='utf-8')
    status, shown = look(folder)
    assert status == 1
    for words in expected:
        assert words in shown, shown
    assert str(ROOT / 'workbook') not in shown
    assert len(shown) < 3000


@pytest.mark.parametrize(
    ('right', 'wrong', 'expected', 'spared'),
    [
        (
            'Images(config, store)',
            'Images(store)',
            ['Your code fails before the check begins', 'images = Images(store)'],
            ['Hint', 'What should happen'],
        ),
        (
            'errors.unknown_format)',
            'errors.another)',
            ['another', 'Has the chapter come to this already?'],
            ['one for WSGI', 'Your code fails before the check begins'],
        ),
    ],
    ids=['a wrong call', 'a name that is not there yet'],
)
def test_wrong_while_the_app_is_made(copy_of, look, right, wrong, expected, spared):
    """While the app cannot be made, earlier steps are open, and their hints spared."""
    folder = copy_of(3)
    place = folder / 'asgilook' / 'app.py'
    text = place.read_text(encoding='utf-8')
    assert right in text
    place.write_text(text.replace(right, wrong), encoding='utf-8')
    status, shown = look(folder)
    assert status == 1
    for words in ['held up', 'in create_app:', 'Step 3: ', *expected]:
        assert words in shown, shown
    for words in spared:
        assert words not in shown, shown


def test_leaves_nothing_running(copy_of, tmp_path, monkeypatch):
    """Code that ends the whole process leaves no Redis of the checks behind."""
    if not shutil.which('redis-server'):
        pytest.skip('redis-server is not installed')
    folder = copy_of(5)
    leave = (
        "        if '127.0.0.1' in config.redis_host:\n"
        '            __import__("signal").raise_signal(9)\n'
    )
    put(folder, 'cache.py', leave, before='        self._outdated: set[str]')
    places = tmp_path / 'places'
    places.mkdir()
    monkeypatch.setattr(tempfile, 'tempdir', str(places))
    run = runner.run(folder, [STEPS[5].tests / 'test_redis_away.py'])
    lines = [line for each in run.checks for line in each.lines]
    assert any('with the status -9' in line for line in lines), lines
    running_there = [
        process
        for process in psutil.process_iter(['cwd'])
        if (process.info['cwd'] or '').startswith(str(places))
    ]
    assert running_there == []


ROUTE = """
async def answer(req, resp):
    {}

app.add_sink(answer, '/')
"""


@pytest.mark.parametrize(
    ('line', 'expected'),
    [
        ('while True: pass', ['Its last request was', 'in answer: an endless loop']),
        ('import asyncio; await asyncio.sleep(999)', ['stopped', 'request was GET']),
        ('import sys; sys.exit(1)', ['got no answer', 'ends the whole program']),
        ('1 / 0', ['was answered 500', 'in answer:', 'ZeroDivisionError']),
        ('resp.text = "hello"', ['was answered 200 OK', 'Expected the status 404']),
        (
            'import pathlib, shutil; '
            'shutil.rmtree(pathlib.Path(__file__).parent.parent); resp.status = 404',
            ['Your code deleted the folder', 'This was a copy: yours is as it was.'],
        ),
    ],
    ids=['a loop', 'a wait', 'sys.exit', 'an error', 'an answer', 'a deletion'],
)
def test_wrong_in_a_responder(copy_of, look, line, expected):
    """A responder that hangs, ends or fails is named with the request that met it."""
    folder = copy_of(1)
    with (folder / 'asgilook' / 'app.py').open('a', encoding='utf-8') as file:
        file.write(ROUTE.format(line))
    status, shown = look(folder)
    assert status == 1
    for words in expected:
        assert words in shown, shown
    assert (folder / 'asgilook' / 'app.py').exists()


def test_import_loop(copy_of, look):
    """Modules that import each other are named in the order of the circle."""
    folder = copy_of(2)
    put(folder, 'convert.py', 'from .store import Store\n', 'import io')
    status, shown = look(folder)
    assert status == 1
    assert 'asgilook/store.py imports asgilook/convert.py imports' in shown


def test_deleted_store(copy_of, look):
    """An app that deletes its own store is told what is not there any more."""
    folder = copy_of(2)
    line = "        __import__('shutil').rmtree(self._config.storage_path)\n"
    put(folder, 'store.py', line, '        self._images[image_id] = image')
    status, shown = look(folder, '--step', '2')
    assert status == 1
    assert 'a.jpeg is missing' in shown or 'some-id.jpeg is missing' in shown
    assert states(shown)[1] == 'done'


FAULTS = {
    'a_stream_is_cached': [
        (3, 5),
        'asked for the 2nd time, was answered 200 OK',
        '(with no body)',
        'A picture is read from its file each time',
    ],
    'options_are_cached': [
        (3, 5),
        'After OPTIONS /images: 200:',
        '(with no body)',
        '`OPTIONS` and `HEAD` leave nothing in the cache',
    ],
    'a_text_is_an_error_of_ours': [
        (3,),
        'was answered 500 Internal Server Error',
        'UnknownFormatError',
        'POST /images',
    ],
    'a_thumbnail_is_not_what_its_name_says': [
        (4,),
        'A thumbnail has exactly the size in its path.',
        "Expected '2000x64', got '1984x64'",
        'resize',
    ],
}


def test_slip_in_code_that_catches_all(copy_of, look):
    """A slip is told of, although the code turns it into an error of its own."""
    mine = copy_of(2)
    path = mine / 'asgilook' / 'convert.py'
    text = path.read_text(encoding='utf-8')
    assert '        check_size(image)' in text
    path.write_text(text.replace('        check_size(', '        chek_size('), 'utf-8')
    status, shown = look(mine)
    assert status == 1
    assert "NameError: name 'chek_size' is not defined" in shown
    assert 'Do you mean `check_size`?' in shown


def test_no_link_is_cut():
    """A link that is wider than the terminal is shown whole, in one line."""
    link = f'file:///home/you/{"a-long-name/" * 9}step2.html#step2-store'
    console = Console(file=io.StringIO(), width=40)
    console.print(report.paragraph('Read', [link], whole=True), crop=False)
    assert f'  {link}\n' in console.file.getvalue()


def test_never_awaited():
    """A coroutine that nobody awaited is told of as such."""
    warning = pytest.PytestUnraisableExceptionWarning(
        'in <coroutine object save at 0x1>'
    )
    story = explain.Explainer(ROOT).tell(warning, [], None, None)
    assert story.lines == ['A coroutine was created but never awaited.']


@pytest.mark.parametrize('name', FAULTS)
def test_known_fault(copy_of, look, name):
    """A fault of the well-known version is shown by its request and its answer."""
    fault = faults.find(name)
    last = max(number for number, step in STEPS.items() if fault.fits(step))
    folder = copy_of(last)
    fault.plant(folder)
    tested, *expected = FAULTS[name]
    status, shown = look(
        folder, '--step', '5', '--hint', only=tested, enough=runner.never
    )
    assert status == 1
    for words in expected:
        assert words in shown, shown
    assert states(shown)[last] == 'not asked'


REFUSED = {
    'syntax': ('app.py', b'def (:\n', "asgilook/app.py, line 1: Python can't read"),
    'indentation': ('app.py', b'if 1:\nx = 1\n', 'line 2'),
    'not UTF-8': ('app.py', b'# \xe9\n', 'line 1: the file is not UTF-8'),
    'a null byte': ('app.py', b'\0', 'asgilook/app.py'),
    'no TOML': (
        '../pyproject.toml',
        b'# \xe2\x80\xa8 is one line\n[project\n',
        "pyproject.toml: this isn't TOML (Expected ']' at the end of a table "
        'declaration (at line 2, column 9)).\n    [project\n',
    ),
    'a package hidden': ('../falcon.py', b'', 'falcon.py hides the package falcon'),
}


@pytest.mark.parametrize('what', REFUSED)
def test_unreadable(copy_of, what):
    """A file that cannot be read is named with its line, and nothing is run."""
    name, data, expected = REFUSED[what]
    folder = copy_of(1)
    (folder / 'asgilook' / name).resolve().write_bytes(data)
    with pytest.raises(submission.UserError) as caught:
        submission.inspect(folder)
    assert expected in str(caught.value)


def test_forbidden(copy_of, monkeypatch):
    """A file that may not be read is named, with the reason."""
    folder = copy_of(1)

    def refuse(path):
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(submission.tokenize, 'open', refuse)
    with pytest.raises(
        submission.UserError, match=r"__init__.py can't be read: Permission"
    ):
        submission.inspect(folder)


def test_no_such_folder(tmp_path):
    """A folder that is none, or has no package in it, is refused with advice."""
    (tmp_path / 'file').touch()
    (tmp_path / 'no-package').mkdir()
    (tmp_path / 'no-package' / 'app.py').touch()
    package = tmp_path / 'asgilook'
    package.mkdir()
    (package / 'app.py').touch()
    for folder, words in [
        (tmp_path / 'nothing', 'There is no folder'),
        (tmp_path / 'file', 'is a file: name the folder'),
        (tmp_path / 'no-package', 'There is no folder asgilook in'),
        (package, "is the package itself: name the folder it's in"),
    ]:
        with pytest.raises(submission.UserError, match=words):
            submission.inspect(folder)
    status, shown = check(tmp_path / 'nothing')
    assert (status, shown.count('\n')) == (1, 1)


def test_another_package_of_that_name(copy_of, look, tmp_path, monkeypatch):
    """The reader's package is checked, even if another one is installed."""
    folder = copy_of(1)
    (tmp_path / 'elsewhere' / 'asgilook').mkdir(parents=True)
    (tmp_path / 'elsewhere' / 'asgilook' / '__init__.py').write_text('1 / 0')
    monkeypatch.setenv('PYTHONPATH', str(tmp_path / 'elsewhere'))
    assert look(folder, '--step', '1')[0] == 0


def test_hidden_by_another_package(copy_of, look, tmp_path, monkeypatch):
    """Where another package of that name is in the way, the reason is told."""
    folder = copy_of(1)
    (folder / 'asgilook' / '__init__.py').unlink()
    other = tmp_path / 'elsewhere' / 'asgilook'
    shutil.copytree(STEPS[1].snapshot / 'asgilook', other)
    monkeypatch.setenv('PYTHONPATH', str(tmp_path / 'elsewhere'))
    status, shown = look(folder)
    assert status == 1
    assert 'not from your folder' in shown
    assert '__init__.py' in shown


def test_unused_steps_do_not_count(copy_of):
    """Whoever has finished a chapter is told of the next, not of a failure."""
    status, shown = check(copy_of(2))
    assert status == 0
    assert states(shown) == {
        number: 'done' if number <= 2 else 'not begun' for number in STEPS
    }
    assert 'Everything you have so far works. Next' in shown
    assert book.chapter(STEPS[3]).title in shown
    assert '\x1b' not in shown


def test_the_same_tests(copy_of):
    """The checks are the steps' tests, every one of them, and all are run."""
    folders = [STEPS[number].tests for number in (1, 2)]
    run = runner.run(copy_of(2), folders)
    collected = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '--collect-only', *map(str, folders)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    ).stdout
    names = [line for line in collected.splitlines() if '::' in line]
    assert [check.name for check in run.checks] == names
    assert {check.outcome for check in run.checks} == {'passed'}


def test_begun(copy_of):
    """A step that was begun is told from one that is wrong, and from one to come."""
    folder = copy_of(1)
    put(folder, 'config.py', 'class Config:\n    pass\n')
    put(folder, 'app.py', 'import falcon\n', 'import falcon.asgi')
    text = (folder / 'asgilook' / 'app.py').read_text(encoding='utf-8')
    other = text.replace('= falcon.asgi.App()', '= falcon.App()')
    (folder / 'asgilook' / 'app.py').write_text(other, encoding='utf-8')
    status, shown = check(folder, '--all')
    assert status == 1
    found = states(shown)
    assert (found[1], found[2], found[3]) == ('wrong', 'under way', 'not begun')
    assert re.search(r'holds  1  `asgilook` is a package', shown)
    assert re.search(r'WRONG  2  ', shown)


@pytest.mark.parametrize('number', STEPS)
def test_each_step_is_recognised(number):
    """A snapshot is taken for what it is: that step, and nothing of a later one."""
    found = progress.begun(STEPS[number].snapshot)
    assert [step.number for step in found] == list(range(1, number + 1))


def test_a_step_that_adds_no_file(copy_of):
    """A step is begun with the first function of it, even if it adds no file."""
    folder = copy_of(3)
    assert progress.begun(folder)[-1].number == 3
    with (folder / 'asgilook' / 'convert.py').open('a', encoding='utf-8') as file:
        file.write('\n\ndef shrink(path, size):\n    pass\n')
    assert progress.begun(folder)[-1].number == 4


def test_solved_exercise_begins_nothing(tmp_path):
    """Solving an exercise before a step that does the same doesn't begin that step."""
    folder = tmp_path / 'mine'
    copy_tree(STEPS[3].snapshot, folder)
    copy_tree(exercises.find('delete').overlay, folder)

    assert progress.begun(folder)[-1].number == 3
    assert progress.furthest(folder, STEPS[2]) == STEPS[3]
    assert progress.furthest(folder, STEPS[5]) == STEPS[5]


def test_hints(copy_of, look):
    """The first hint is shown, the second when it is asked for, then the book."""
    folder = copy_of(1)
    (folder / 'pyproject.toml').unlink()
    status, shown = look(folder)
    assert status == 1
    assert "Compare yours with the chapter's" in shown
    assert 'Below `[project]`' not in shown
    assert book.UNBUILT in shown or 'step1.html#' in shown
    assert 'Below `[project]`' in look(folder, '--hint')[1]


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        (['--step', '9'], "no step '9'"),
        (['--step', 'x'], "no step 'x'"),
        (['--nothing'], 'nrecognized arguments: --nothing'),
    ],
)
def test_options_that_there_are_not(capsys, options, words):
    """An option or a number that there is not is refused in one line."""
    with pytest.raises(SystemExit) as ended:
        command.main(options)
    assert ended.value.code == 2
    errors = capsys.readouterr().err
    assert words in errors
    assert errors.count('\n') == 1


def test_several_folders(copy_of, look, tmp_path):
    """Several folders are checked one after the other; one that is wrong counts."""
    shutil.copytree(copy_of(1), tmp_path / 'other')
    (tmp_path / 'other' / 'asgilook' / 'app.py').write_text('def (')
    status, shown = look(tmp_path / 'mine', str(tmp_path / 'other'))
    assert status == 1
    assert shown.index('step 1') < shown.index("Python can't read this")


def test_watch(copy_of):
    """A change is checked, and Ctrl-C ends the watch quietly."""
    folder = copy_of(1)
    command = [*CHECK, '--watch', '--app', str(folder)]
    with (
        subprocess.Popen(
            command,
            env={**PLAIN, 'PYTHONUNBUFFERED': '1'},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # Where this runs in the background, Ctrl-C is ignored: not there.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as watching,
        contextlib.ExitStack() as stack,
    ):
        stack.callback(watching.kill)
        lines = []

        def read_on():
            for line in watching.stdout:
                lines.append(line)

        threading.Thread(target=read_on, daemon=True).start()

        def wait_for(words, start=0):
            for _ in range(2000):
                if any(words in line for line in lines[start:]):
                    return
                time.sleep(0.05)
            raise AssertionError(f'{words!r} in {lines}')

        wait_for('waiting for a change')
        seen = len(lines)
        (folder / 'asgilook' / 'app.py').write_text('def (')
        wait_for("Python can't read this", seen)
        wait_for('waiting for a change', seen)
        watching.send_signal(signal.SIGINT)
        assert watching.wait(60) == 0
    assert 'Traceback' not in ''.join(lines)


def test_exit_status(copy_of, monkeypatch):
    """Code that could be looked at is no failure of the command, unless asked."""
    folder = copy_of(1)
    wrong = runner.Check('a', 1, 'One.', outcome='failed')
    monkeypatch.setattr(runner, 'run', lambda *_, **__: runner.Run([wrong]))
    for options, environment, expected in [
        ([], {}, 0),
        (['--strict'], {}, 1),
        ([], {'CI': 'true'}, 1),
    ]:
        monkeypatch.delenv('CI', raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        status = command.main([*options, '--step', '1', '--app', str(folder)])
        assert status == expected, (options, environment)
    assert command.main(['--app', str(folder / 'nowhere')]) == 1


def one_check(folder, tests, *arguments, **options):
    """Stand in for a run: one check that passes, by what was asked for."""
    return runner.Run([runner.Check(f'{tests[-1]}', 6, 'It is.', outcome='passed')])


def test_planted_bugs_come_last(tmp_path, monkeypatch):
    """Bugs are planted once all else passes, and not again until something changes."""
    asked, passing = [], [True]

    def run(folder, tests, *arguments, **options):
        asked.append(tests[-1])
        found = one_check(folder, tests)
        found.checks[0].outcome = 'passed' if passing[0] else 'failed'
        return found

    monkeypatch.setattr(runner, 'run', run)
    monkeypatch.setattr(planted, 'RECORD', tmp_path / 'record.json')
    folder = tmp_path / 'mine'
    copy_tree(STEPS[6].snapshot, folder)
    chosen = [STEPS[5], STEPS[6]]
    whole = ['not plants_bugs', 'plants_bugs']

    def again():
        asked.clear()
        found = command.run_steps(folder, chosen, runner.ignore)
        return list(asked), len(found.checks), bool(found.left_out)

    passing[0] = False
    assert again() == (whole[:1], 1, True)
    passing[0] = True
    assert again() == (whole, 2, False)
    assert again() == (whole[:1], 2, False)
    (folder / 'tests' / 'test_more.py').write_text('def test(): pass\n')
    assert again() == (whole, 2, False)


class Clock:
    """The time, and what a process has computed by then."""

    def __init__(self):
        self.now = self.computed = 0.0


@pytest.mark.parametrize(
    ('share', 'seconds', 'hangs'),
    [
        (0.0, 7, False),
        (0.0, 9, True),
        (0.05, 100, False),
        (0.2, 50, True),
        (1, 7, True),
    ],
    ids=['a wait', 'a long wait', 'a busy machine', 'much work', 'a loop'],
)
def test_waiting_is_not_being_held_up(monkeypatch, share, seconds, hangs):
    """A check that gets little of a busy machine's time is not taken to hang."""
    clock = Clock()
    worker = runner.Worker.__new__(runner.Worker)
    worker.limit = 8.0
    monkeypatch.setattr(runner.time, 'monotonic', lambda: clock.now)
    monkeypatch.setattr(worker, 'computed', lambda: clock.computed)
    worker.begin()
    found = False
    while clock.now < seconds:
        clock.now += 0.1
        clock.computed += 0.1 * share
        found = found or worker.hangs()
    assert found == hangs


@pytest.mark.parametrize('count', [1, 2])
def test_who_goes_on_after_a_stop(tmp_path, monkeypatch, count):
    """Another worker goes on from the end of the checks at which one was stopped."""
    stopping = runner.Runner(tmp_path, tmp_path, [], print, runner.never, count, False)
    stopping._checks = {'a': runner.Check('a', 1, 'One.')}
    started = []
    monkeypatch.setattr(stopping, 'start', started.append)
    worker = runner.Worker.__new__(runner.Worker)
    worker.current, worker.request, worker.place = 'a', '', ''
    worker.at_import = False
    for index in range(count):
        worker.index, stopping._stopped = index, 0
        stopping.replace(worker, ended=False)
    assert [index % 2 for index in started] == [0, 1][:count]
    assert len({*started, *range(count)}) == 2 * count


def test_what_was_not_run_is_not_wrong():
    """A step whose checks were not reached is not called wrong."""
    checks = [
        runner.Check('a', 1, 'One.', outcome='failed'),
        runner.Check('b', 2, 'Two.'),
    ]
    two = [STEPS[1], STEPS[2]]
    console = Console(file=io.StringIO(), width=100)
    standing = report.Progress('mine', two, two, runner.Run(checks))
    console.print(report.table(standing, bars=False))
    assert re.search(r'step 2 +store +not run', console.file.getvalue())


def test_end_tree(tmp_path):
    """A process is ended with all that it started, even in a session of its own."""
    code = (
        'import subprocess, sys, time\n'
        'sleep = [sys.executable, "-c", "import time; time.sleep(99)"]\n'
        'print(subprocess.Popen(sleep, start_new_session=True).pid, flush=True)\n'
        'time.sleep(99)\n'
    )
    with subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE) as top:
        below = int(top.stdout.readline())
        runner.end_tree(top)
    for _ in range(100):
        gone = not psutil.pid_exists(below)
        if gone or psutil.Process(below).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.05)
    raise AssertionError('It still runs.')


class Rude:
    """An object that cannot even be shown."""

    def __repr__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ('left', 'operator', 'right', 'told'),
    [
        (500, '==', 404, ['Expected the status 404, got 500.']),
        ((1, 2), '==', (1, 3), ['Expected (1, 3), got (1, 2).']),
        ({'a': 1, 'b': 2}, '==', {'a': 1, 'b': 3}, ["'b': expected 3, got 2"]),
        ({1, 2}, '<=', {1}, ['Missing: 2.']),
        (b'x' * 100, '==', b'', ["Expected b'', got 100 bytes."]),
        (Rude(), 'is', None, ['a Rude whose repr fails']),
        ('a', 'in', 'xyz', ["'a' should be in it, but isn't:", "    'xyz'"]),
        (1, '!=', 1, ['It should be anything but 1.']),
    ],
)
def test_comparisons_in_words(left, operator, right, told):
    """What came and what was expected is told in short, whatever the values are."""
    lines = explain.Comparison(operator, left, right).describe()
    assert len(lines) == len(told)
    assert all(part in line for part, line in zip(told, lines, strict=True))


def hint_calls(node):
    """Return the calls of `pytest.mark.hint` in a piece of code."""
    return [
        call
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == 'pytest.mark.hint'
    ]


def sections(calls):
    """Return the labels of sections that the calls name."""
    keywords = [word for call in calls for word in call.keywords]
    return [ast.literal_eval(word.value) for word in keywords if word.arg == 'section']


@pytest.mark.parametrize('number', STEPS)
def test_every_test_has_hints(number):
    """Each test of a step has two hints, and a section of the book that is there."""
    for path in STEPS[number].tests.glob('test_*.py'):
        tree = ast.parse(path.read_text(encoding='utf-8'))
        assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
        general = [call for node in assigned for call in hint_calls(node)]
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef) or node.name[:5] != 'test_':
                continue
            calls = [call for each in node.decorator_list for call in hint_calls(each)]
            if not any(call.args for call in calls):
                calls += general
            hints = [ast.literal_eval(each) for call in calls for each in call.args]
            where = f'{path.name}: {node.name}'
            assert len(hints) == len(set(hints)) == 2, where
            assert all(len(hint) > 20 and hint[-1] in '.?' for hint in hints), where
            [label] = sections(calls) or sections(general)
            assert label in book.sections(), f'{where}: {label}'


def test_sections_are_found():
    """A label leads to its heading, its chapter, and a page that is there."""
    section = book.sections()['step4-your-turn']
    assert section.page == pathlib.Path(ROOT, 'docs/tutorial/step4.rst')
    assert section.title.startswith('Step 4')
    assert section.title.endswith('"Your turn: the route"')


def test_sections_are_told_by_where_they_can_be_read(tmp_path, monkeypatch):
    """Where the book was not built, its source is named, and what builds it."""
    monkeypatch.setattr(book, 'BOOK', tmp_path)
    section = book.sections()['step4-your-turn']
    [_, place] = section.lines
    assert place == book.UNBUILT
    (tmp_path / 'tutorial').mkdir()
    (tmp_path / 'tutorial' / 'step4.html').touch()
    [_, place] = section.lines
    assert place.startswith('file:')
    assert place.endswith('/tutorial/step4.html#step4-your-turn')


@pytest.mark.parametrize(
    ('name', 'shown'), [('step6/test_own_suite.py::test_passes', 2), ('t', 1)]
)
def test_own_suite_hides_nothing(name, shown):
    """A reader's own test that is yet to change is not all there is to say."""
    begun = [STEPS[6], STEPS[7]]
    lags = runner.Check(name, 6, 'It passes.', outcome='failed', to_be_changed=True)
    wrong = runner.Check('t', 7, 'Files are whole.', outcome='failed')
    standing = report.Progress('mine', begun, begun, runner.Run([lags, wrong]))
    assert [check for _, check in standing.in_question()] == [lags, wrong][:shown]


@pytest.mark.parametrize('collects', [True, False])
def test_parse_undisturbed(collects):
    """Nothing is collected while code is parsed; afterwards, all is as it was."""
    (gc.enable if collects else gc.disable)()
    try:
        seen = worker.undisturbed(lambda code: (code, gc.isenabled()))
        assert seen('1') == ('1', False)
        with pytest.raises(SyntaxError):
            worker.undisturbed(ast.parse)('def (')
        assert gc.isenabled() == collects
    finally:
        gc.enable()


def test_pages_show_where_it_is():
    """In pages that show what check says, a section has its own address below it."""
    known = {
        label.replace('_', '-').lower(): section.heading
        for label, section in book.sections().items()
    }
    shown = re.compile(
        r'^ +Step \d: [^"\n]+, "([^"]+)"\n +file://\S+\.html#(?!exercise-)([\w-]+)$',
        re.MULTILINE,
    )
    pages = [ROOT / 'README.rst', *(ROOT / 'docs').rglob('*.rst')]
    found = [pair for page in pages for pair in shown.findall(page.read_text('utf-8'))]
    assert len(found) > 1
    assert found == [(known[label], label) for _, label in found]
