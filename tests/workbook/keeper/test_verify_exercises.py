"""`tox -e exercises` notices each way in which an exercise can be broken."""

import pathlib
import shutil

import pytest

from workbook.book import exercises
from workbook.keeper import verify_exercises
from workbook.layout import ROOT, steps

NAME = 'say_hello'
FIRST = steps()[0]
CHECK = '''
"""The application greets."""


def test_greeting(client):
    """There is a greeting."""
    assert client.simulate_get('/hello').text == 'Hello'


def test_elsewhere(client):
    """Elsewhere there is nothing."""
    assert client.simulate_get('/elsewhere').status_code == 404
'''
SOLUTION = '''
"""The application."""

import falcon.asgi
from falcon.asgi import Request, Response


class Greeting:
    """A greeting."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Greet."""
        resp.text = 'Hello'


app = falcon.asgi.App()
app.add_route('/hello', Greeting())
'''
FICKLE = '''

class Fickle:
    """Middleware that fails in one test, if others were run before it."""

    begun = False

    async def process_request(self, req: Request, resp: Response) -> None:
        """Look which test this is."""
        if 'test_lifespan' not in os.environ.get('PYTEST_CURRENT_TEST', ''):
            Fickle.begun = True
        elif Fickle.begun:
            raise falcon.HTTPInternalServerError


app.add_middleware(Fickle())
'''
RUFF = """
extend = "{}"
[lint.per-file-ignores]
"exercises/**/test_*.py" = ["S101"]
"""
FILES = {
    'exercise.toml': """
title = "Say hello"
order = 1

[holds_already]
test_elsewhere = "Nothing is there before."
""",
    'task.rst': 'Say ``hello`` to whoever asks.\nAnd nothing else.',
    'hints/1.rst': 'Think.',
    'solution.rst': 'Done.',
    'test_say_hello.py': CHECK,
    'solution/asgilook/app.py': SOLUTION,
}


@pytest.fixture
def chapter(tmp_path):
    """Make a folder for the exercises of the first chapter."""
    folder = tmp_path / 'exercises' / FIRST.name
    folder.mkdir(parents=True)
    shutil.copy(ROOT / 'exercises' / 'conftest.py', folder.parent)
    settings = RUFF.format((ROOT / 'pyproject.toml').as_posix())
    (tmp_path / 'ruff.toml').write_text(settings)
    return folder


@pytest.fixture
def write(chapter):
    """Return what writes an exercise, with some files changed or left out."""

    def write(changes=None, name=NAME):
        for path, text in (FILES | (changes or {})).items():
            if text is not None:
                file = chapter / name / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text.lstrip('\n').rstrip('\n') + '\n')
        return chapter / name

    return write


@pytest.fixture
def run(chapter, capsys):
    """Return what proves the exercises, or those that are named."""

    def run(*names):
        status = verify_exercises.main([*names, '--exercises', str(chapter.parent)])
        return status, capsys.readouterr().out

    return run


def test_proven(write, run):
    """An exercise that can be failed and can be solved is proven."""
    write()
    status, output = run()
    assert status == 0, output
    assert f'1  {NAME}' in output
    assert '1 of 1 exercises proven.' in output


def test_left_by_tools(write, run):
    """What a tool leaves beside a solution is no part of it."""
    folder = write()
    for name in ('.ruff_cache/0.17.5/1', 'asgilook/__pycache__/app.pyc'):
        left = folder / 'solution' / name
        left.parent.mkdir(parents=True)
        left.write_bytes(b'\x94')
    status, output = run()
    assert status == 0, output


def test_broken_in_company(write, run):
    """A solution that breaks a test only if others are run before it is wrong."""
    solution = SOLUTION.replace('import falcon', 'import os\n\nimport falcon', 1)
    write({'solution/asgilook/app.py': solution + FICKLE})
    status, output = run()
    assert 'tries again' in output
    assert "the steps' tests fail with the solution" in output
    assert status == 1


@pytest.mark.parametrize(
    ('changes', 'says'),
    [
        ({'task.rst': None}, 'it has no task.rst'),
        ({'task.rst': ' '}, 'it has no task.rst'),
        ({'solution.rst': None}, 'it has no solution.rst'),
        ({'hints/1.rst': None}, 'it has no hint: write hints/1.rst'),
        ({'hints/3.rst': 'Third.'}, 'its hints are not numbered 1, 2, 3'),
        ({'test_say_hello.py': None}, 'it has no check'),
        ({'solution/asgilook/app.py': None}, 'it has no solution'),
        (
            {'test_say_hello.py': CHECK.replace('There is a greeting.', 'Greeting')},
            'test_greeting does not say in one sentence what should hold',
        ),
        (
            {'test_say_hello.py': CHECK.replace("'Hello'", '"Hello"')},
            'ruff format: ',
        ),
        (
            {'solution/asgilook/more.py': '"""More."""\n\nimport os'},
            'ruff check: ',
        ),
        (
            {
                'solution/pyproject.toml': (
                    FIRST.snapshot / 'pyproject.toml'
                ).read_text()
            },
            'solution/pyproject.toml is the same as in the snapshot: leave it out',
        ),
        (
            {
                'solution/asgilook/app.py': SOLUTION.replace(
                    'app = falcon.asgi.App()', 'app = falcon.asgi.App(cors_enable=True)'
                )
            },
            "solution/asgilook/app.py lacks a line of the snapshot: 'app = falcon",
        ),
        (
            {'exercise.toml': 'title = "A"\norder = 1\nreplaced = ["import old"]'},
            "replaced has a line that the solution does not take out: 'import old'",
        ),
        (
            {'exercise.toml': 'title = "A"\norder = 1\nunbegun = ["asgilook/no.py"]'},
            'unbegun names asgilook/no.py, which the snapshot has not got',
        ),
    ],
)
def test_untidy(write, run, changes, says):
    """What is missing, untidy or outdated is told, before any test is run."""
    write(changes)
    status, output = run()
    assert status == 1
    assert says in output
    assert '0 of 1 exercises proven.' in output


@pytest.mark.parametrize(
    ('changes', 'says'),
    [
        (
            {'test_say_hello.py': CHECK.replace("'/hello').text == 'Hello'", "'/')")},
            'its check passes before anything is solved',
        ),
        (
            {'exercise.toml': 'title = "A"\norder = 1'},
            'test_elsewhere passes before anything is solved: say why',
        ),
        (
            {
                'exercise.toml': FILES['exercise.toml'].replace(
                    'test_elsewhere', 'test_greeting'
                )
            },
            'test_greeting is in [holds_already], but does not pass before',
        ),
        (
            {
                'test_say_hello.py': CHECK.replace(
                    '\n\n\ndef', '\n\nimport missing\n\n\ndef', 1
                ).replace('client.sim', 'missing.sim')
            },
            'its check cannot be run:',
        ),
        (
            {'solution/asgilook/app.py': SOLUTION.replace("'Hello'", "'Goodbye'")},
            'its check does not pass with the solution:',
        ),
        (
            {
                'solution/asgilook/app.py': SOLUTION
                + "app.add_route('/image', Greeting())\n"
            },
            "the steps' tests fail with the solution:",
        ),
        (
            {'solution/asgilook/app.py': SOLUTION.replace('-> None', '-> int')},
            'mypy: ',
        ),
    ],
)
def test_unproven(write, run, changes, says):
    """A check that cannot fail, or a solution that breaks something, is told."""
    write(changes)
    status, output = run()
    assert status == 1
    assert says in output, output
    assert '0 of 1 exercises proven.' in output


def test_fallen_behind(write, run, monkeypatch, tmp_path):
    """A solution that lacks what the snapshot has got since is told."""
    write()
    root = tmp_path / 'root'
    snapshot = root / 'steps' / FIRST.name
    shutil.copytree(FIRST.snapshot, snapshot)
    monkeypatch.setattr('workbook.layout.ROOT', root)
    app = snapshot / 'asgilook' / 'app.py'
    app.write_text(app.read_text().replace('\n\napp', '\n\nNEW = 1\n\napp'))
    status, output = run()
    assert status == 1
    assert "solution/asgilook/app.py lacks a line of the snapshot: 'NEW = 1'" in output


def test_chosen(write, run):
    """Those that are named are proven, and no others; a wrong name gets advice."""
    write({'task.rst': None}, 'say_nothing')
    write({'hints/1.rst': None})
    status, output = run(NAME)
    assert (status, 'say_nothing' in output) == (1, False)
    status, output = run('say_helo')
    assert status == 2
    assert output.startswith("There is no exercise 'say_helo'. Try say_hello or ")


@pytest.mark.parametrize(
    ('text', 'says'),
    [('title = ', 'exercise.toml: '), ('title = "A"', 'exercise.toml: add order.')],
)
def test_not_told(write, run, text, says):
    """An exercise.toml that cannot be read, or says too little, is named."""
    write({'exercise.toml': text})
    status, output = run()
    assert status == 2
    assert says in output
    assert output.count('\n') == 1


def test_unknown_chapter(write, run, chapter):
    """A folder that goes by no step is named."""
    write()
    chapter.rename(chapter.parent / 'step99_none')
    status, output = run()
    assert status == 2
    assert 'there is no step step99_none' in output


def test_begun(write, chapter, tmp_path):
    """What the reader is to write is as the step before left it, or not there."""
    last = steps()[-1]
    told = {'title': 'A', 'order': 1, 'unbegun': ['tests', 'pyproject.toml']}
    exercise = exercises.Exercise(last, pathlib.Path('a'), told)
    exercises.begin(exercise, tmp_path / 'begun')
    before = steps()[-2].snapshot / 'pyproject.toml'
    assert not (tmp_path / 'begun' / 'tests').exists()
    assert (tmp_path / 'begun' / 'pyproject.toml').read_bytes() == before.read_bytes()
    assert (tmp_path / 'begun' / 'asgilook' / 'app.py').is_file()


def test_every_exercise_is_in_a_chapter():
    """Each step has exercises, its chapter has them, and names are given once."""
    found = exercises.exercises()
    assert {each.step for each in found} == set(steps())
    names = [each.name for each in found]
    assert len(set(names)) == len(names)
    for step in steps():
        orders = [each.order for each in found if each.step == step]
        assert orders == list(range(1, len(orders) + 1))
        page = ROOT / 'docs' / 'tutorial' / f'step{step.number}.rst'
        assert '\n.. exercises::\n' in page.read_text(encoding='utf-8')
