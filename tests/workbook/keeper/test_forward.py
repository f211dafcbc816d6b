"""`tox -e forward -- N` carries an edit of a step on, and loses nobody's work."""

import os
import shutil
import subprocess
import sys

import pytest

from workbook.layout import ROOT

NUMBERS = range(1, 7)
NEEDED = ['__init__.py', 'layout.py', 'cli.py', 'keeper/forward.py', 'book/sessions.py']
CONFIG = """import os

PORT = 8000
HOST = 'localhost'


def address():
    return HOST, PORT
"""
LATER = f"""{CONFIG}

def debug():
    return 'DEBUG' in os.environ
"""
OTHER = 'from dataclasses import dataclass\n\n\n@dataclass\nclass Config:\n    pass\n'
LOGO = b'\x89PNG\0\1\2'


class Book:
    """A small workbook in a folder of its own, kept by git."""

    def __init__(self, root):
        self.root = root
        for name in NEEDED:
            (root / 'workbook' / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / 'workbook' / name, root / 'workbook' / name)
        for number in NUMBERS:
            text = CONFIG if number < 4 else LATER
            self.write(f'steps/step{number}_x/asgilook/config.py', text)
        self.git('init', '-q')
        self.commit()

    def git(self, *arguments):
        """Run git."""
        identity = ['-c', 'user.name=A. Maintainer', '-c', 'user.email=a@maintainer']
        subprocess.run(['git', *identity, *arguments], cwd=self.root, check=True)

    def commit(self):
        """Commit all there is."""
        self.git('add', '--all')
        self.git('commit', '-q', '-m', 'All there is')

    def path(self, number, name='asgilook/config.py'):
        """Return the path of a file of a step."""
        return self.root / f'steps/step{number}_x/{name}'

    def read(self, number):
        """Return the settings of a step."""
        return self.path(number).read_text(encoding='utf-8')

    def write(self, path, text):
        """Write a file, in a folder that there may not be yet."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        data = text if isinstance(text, bytes) else text.encode()
        (self.root / path).write_bytes(data)

    def replace(self, number, old, new):
        """Edit the settings of a step."""
        assert old in self.read(number)
        self.path(number).write_bytes(self.read(number).replace(old, new).encode())

    def contents(self):
        """Return what is in each file of the steps."""
        paths = self.root.glob('steps/**/*.*')
        return {path: path.read_bytes() for path in paths if path.is_file()}

    def forward(self, *arguments):
        """Carry an edit on; return the exit status, and what became of each file."""
        command = [
            sys.executable,
            '-m',
            'workbook.keeper.forward',
            *map(str, arguments),
        ]
        ended = subprocess.run(
            command, cwd=self.root, capture_output=True, encoding='utf-8'
        )
        self.printed = ended.stdout + ended.stderr
        assert 'Traceback' not in self.printed
        lines = self.printed.partition('\n\n')[0].splitlines()
        told = [line.split(': ') for line in lines]
        return ended.returncode, {words[0]: words[1] for words in told if words[1:]}


@pytest.fixture
def book(tmp_path):
    """Return a small workbook of six steps, of which the fourth adds to a file."""
    return Book(tmp_path)


def test_edit_reaches_the_last_step(book):
    """An edit of step 2 is in all steps after it, beside what those have added."""
    book.replace(2, '8000', '8080')
    status, told = book.forward(2)
    assert status == 0, book.printed
    assert list(told.values()) == ['carried', 'merged', 'carried', 'carried']
    assert '8000' in book.read(1)
    for number in NUMBERS[1:]:
        expected = CONFIG if number < 4 else LATER
        assert book.read(number) == expected.replace('8000', '8080')
    assert 'tox -e step2,step3,step4,step5,step6\n' in book.printed


def test_again(book):
    """Carried again, an edit is where it was; carried anew, it is as it is now."""
    book.replace(2, '8000', '8080')
    book.forward(2)
    first = book.contents()
    assert book.forward(2)[0] == 0
    assert book.contents() == first
    book.replace(2, '8080', '8081')
    assert book.forward(2)[0] == 0
    assert '8081' in book.read(6)


def test_conflict(book):
    """A conflict is marked and listed, once; mended, the same command goes on."""
    book.replace(5, '8000', '9000')
    book.replace(6, '8000', '9000')
    book.commit()
    before = book.read(6)
    book.replace(2, '8000', '8080')
    status, told = book.forward(2)
    assert status == 1
    assert list(told.values()) == ['carried', 'merged', 'conflict', 'waits']
    assert '<<<<<<< step 5\nPORT = 9000\n' in book.read(5)
    assert '=======\nPORT = 8080\n>>>>>>> ' in book.read(5)
    assert book.read(6) == before
    assert book.forward(2) == (1, told)
    assert book.forward(5)[0] == 2

    mended = LATER.replace('8000', '9080')
    book.path(5).write_text(mended, encoding='utf-8')
    status, told = book.forward(2)
    assert status == 0
    assert list(told.values()) == ['carried', 'merged', 'mended', 'carried']
    assert book.read(5) == book.read(6) == mended


def test_mended_without_the_edit(book):
    """A conflict may be mended by leaving the later step as it was."""
    for number in [5, 6]:
        book.replace(number, '8000', '9000')
    book.commit()
    before = book.read(5)
    book.replace(2, '8000', '8080')
    assert book.forward(2)[0] == 1
    book.path(5).write_text(before, encoding='utf-8')
    for _ in range(2):
        status, told = book.forward(2)
        assert status == 0
        assert list(told.values()) == ['carried', 'merged', 'mended', 'already so']
        assert book.read(5) == book.read(6) == before
    book.git('checkout', '--', *(f'steps/step{n}_x' for n in [3, 4, 5, 6]))
    assert book.forward(2)[0] == 1
    assert '<<<<<<<' in book.read(5)


def test_replaced(book):
    """A file that a later step replaced stays, and whoever edits is asked to look."""
    for number in [4, 5, 6]:
        book.path(number).write_text(OTHER, encoding='utf-8')
    book.commit()
    book.replace(2, '8000', '8080')
    status, told = book.forward(2)
    assert status == 1
    assert list(told.values()) == ['carried', 'replaced', 'waits', 'waits']
    assert [book.read(number) for number in [4, 5, 6]] == [OTHER] * 3


def test_gone(book):
    """Where a later step has no such file any more, that is said."""
    for number in [5, 6]:
        book.path(number).unlink()
    book.commit()
    book.replace(2, '8000', '8080')
    status, told = book.forward(2)
    assert status == 1
    assert list(told.values()) == ['carried', 'merged', 'gone']
    assert not book.path(5).exists()


def test_new_file(book):
    """A new file is in all later steps, but where there is another of its name."""
    book.write('steps/step5_x/asgilook/two.py', 'TWO = "five"\n')
    book.commit()
    for name in ['one', 'two']:
        book.write(f'steps/step2_x/asgilook/{name}.py', f'{name} = 1\n')
    status, told = book.forward(2)
    assert status == 1
    assert list(told.values()) == ['added'] * 6 + ['conflict']
    assert book.path(6, 'asgilook/one.py').read_text(encoding='utf-8') == 'one = 1\n'
    assert 'five' in book.path(5, 'asgilook/two.py').read_text(encoding='utf-8')
    assert not book.path(6, 'asgilook/two.py').exists()


def test_deleted_file(book):
    """A file is deleted in the later steps, up to the one that has changed it."""
    book.path(2).unlink()
    status, told = book.forward(2)
    assert status == 1
    assert list(told.values()) == ['deleted', 'conflict', 'waits', 'waits']
    assert not book.path(3).exists()
    assert book.read(4) == LATER


def test_caches_are_left_alone(book):
    """What git ignores, caches and dot folders are no edit."""
    book.write('.gitignore', '*.log\n')
    book.commit()
    for name in ['x.log', 'asgilook/__pycache__/config.pyc', '.idea/config.xml']:
        book.write(f'steps/step2_x/{name}', 'no edit')
    assert book.forward(2)[0] == 2
    assert 'step2_x has no edit' in book.printed


@pytest.mark.parametrize('name', ['asgilook/config.py', 'asgilook/other.py'])
def test_own_edits_are_not_lost(book, name):
    """While a later step has edits of its own, nothing is written, and it is named."""
    book.write(f'steps/step5_x/{name}', 'OWN = "work"\n')
    book.replace(2, '8000', '8080')
    before = book.contents()
    assert book.forward(2)[0] == 2
    assert f'steps/step5_x/{name} has an edit of its own' in book.printed
    assert book.contents() == before


def test_edit_of_what_was_carried_is_not_lost(book):
    """An edit made upon one that was carried stays, too."""
    book.replace(2, '8000', '8080')
    assert book.forward(2)[0] == 0
    book.replace(5, '8080', '9090')
    book.replace(2, '8080', '8081')
    before = book.contents()
    assert book.forward(2)[0] == 2
    assert book.contents() == before


def test_edit_that_is_taken_back(book):
    """What an edit left in later steps is named when the edit is no more."""
    book.write('steps/step2_x/new.py', 'NEW = 1\n')
    book.replace(2, '8000', '8080')
    assert book.forward(2)[0] == 0
    book.path(2, 'new.py').unlink()
    status, told = book.forward(2)
    assert status == 1
    left_over = [path for path, word in told.items() if word == 'left over']
    assert left_over == [f'steps/step{number}_x/new.py' for number in [3, 4, 5, 6]]


def test_what_is_laid_over_a_step_gets_the_edit(book):
    """The book's and the exercises' changed copies get the edit, by their step."""
    pitfall = 'examples/pitfalls/late/asgilook/config.py'
    solution = 'exercises/step3_x/hosts/solution/asgilook/config.py'
    book.write(pitfall, LATER.replace('8000', '"8000"'))
    book.write(solution, CONFIG.replace('HOST, PORT', 'PORT, HOST'))
    book.write('docs/tutorial/step4.rst', ':step: 4\n\nStep 4\n======\n')
    book.commit()
    book.replace(2, '8000', '8080')
    status, told = book.forward(2)
    assert status == 1
    assert told.pop(pitfall) == 'conflict'
    assert told.pop(solution) == 'merged'
    assert list(told.values()) == ['carried', 'merged', 'carried', 'carried']
    text = (book.root / solution).read_text(encoding='utf-8')
    assert text == CONFIG.replace('8000', '8080').replace('HOST, PORT', 'PORT, HOST')
    assert '<<<<<<< examples/' in (book.root / pitfall).read_text(encoding='utf-8')
    assert 'tox -e transcripts -- check docs/tutorial/step4.rst' in book.printed


def test_lines_elsewhere_are_named(book):
    """A place outside the steps that has a line the edit takes out is named."""
    book.write('tests/bugs.toml', '\nright = "    return HOST, PORT # there"\n')
    book.replace(1, '    return HOST, PORT\n', '    return HOST, PORT # there\n')
    book.commit()
    book.replace(1, 'PORT # there', 'PORT')
    book.forward(1)
    assert '  tests/bugs.toml:2\n' in book.printed


def test_binary(book):
    """A file that is no text is carried to its equals, and never merged."""
    for number in NUMBERS:
        late = b'' if number < 5 else b'late'
        book.write(f'steps/step{number}_x/logo.png', LOGO + late)
    book.commit()
    book.write('steps/step2_x/logo.png', LOGO + b'new')
    status, told = book.forward(2)
    assert status == 1
    assert list(told.values()) == ['carried', 'carried', 'conflict', 'waits']
    assert book.path(4, 'logo.png').read_bytes() == LOGO + b'new'
    assert book.path(5, 'logo.png').read_bytes() == LOGO + b'late'


def test_line_ends(book):
    """Where an editor or git has lines end as on Windows, each file keeps its ends."""
    for number in [2, 6]:
        text = book.read(number).replace('\n', '\r\n')
        book.path(number).write_bytes(text.encode())
    assert book.forward(2)[0] == 2
    book.path(2).write_bytes(CONFIG.replace('8000', '8080').encode())
    assert book.forward(2)[0] == 0
    assert b'PORT = 8080\r\nHOST' in book.path(6).read_bytes()
    assert b'PORT = 8080\nHOST' in book.path(5).read_bytes()


@pytest.mark.skipif(os.name != 'posix', reason='Windows has no such bits')
def test_mode(book):
    """A file that can now be run can be run in the later steps, too."""
    book.path(2).chmod(0o755)
    assert book.forward(2)[0] == 0
    assert os.access(book.path(6), os.X_OK)
    assert book.read(6) == LATER


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['7'], "there is no step '7': they are numbered 1 to 6 (`tox -e "),
        (['2'], 'step2_x has no edit to carry: all of it is committed.'),
        (['two'], "there is no step 'two': they are numbered 1 to 6 (`tox -e "),
        ([], 'The following arguments are required: STEP'),
    ],
)
def test_nothing_to_do(book, arguments, message):
    """A step that there is not, or without an edit, is refused with what to do."""
    assert book.forward(*arguments)[0] == 2
    assert message in book.printed


def test_last_step(book):
    """An edit of the last step goes no further, and that is said."""
    book.replace(6, '8000', '8080')
    assert book.forward(6)[0] == 2
    assert 'there is no further' in book.printed
