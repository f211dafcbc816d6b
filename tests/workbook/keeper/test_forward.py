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
        """Run git; return what it printed."""
        identity = ['-c', 'user.name=A. Maintainer', '-c', 'user.email=a@maintainer']
        command = ['git', *identity, *arguments]
        ended = subprocess.run(
            command, cwd=self.root, check=True, stdout=subprocess.PIPE, encoding='utf-8'
        )
        return ended.stdout

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

    def forward(self, *arguments, **environment):
        """Carry an edit on; return the exit status, and what became of each file."""
        command = [
            sys.executable,
            '-m',
            'workbook.keeper.forward',
            *map(str, arguments),
        ]
        ended = subprocess.run(
            command,
            cwd=self.root,
            capture_output=True,
            encoding='utf-8',
            env={**os.environ, **environment},
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
    assert 'There is nothing new to carry.' in book.printed
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
    assert list(told.values()) == ['carried', 'merged', 'conflict']
    assert '<<<<<<< steps/step5_x\nPORT = 9000\n' in book.read(5)
    assert '=======\nPORT = 8080\n>>>>>>> ' in book.read(5)
    assert book.read(6) == before
    conflict = {path: word for path, word in told.items() if word == 'conflict'}
    assert book.forward(2) == (1, conflict)
    assert book.read(6) == before
    assert book.forward(5)[0] == 2

    book.write('docs/other.rst', 'Something else\n')
    book.git('add', 'docs')
    book.git('commit', '-q', '-m', 'Something else')
    mended = LATER.replace('8000', '9080')
    half = book.read(5).replace('=======\n', '')
    book.path(5).write_text(half, encoding='utf-8')
    assert book.forward(2) == (1, conflict)
    book.path(5).write_text(mended, encoding='utf-8')
    status, told = book.forward(2)
    assert status == 0
    assert list(told.values()) == ['fixed', 'carried']
    assert book.read(5) == book.read(6) == mended
    assert book.read(4) == LATER.replace('8000', '8080')


def test_mended_without_the_edit(book):
    """A conflict may be mended by leaving the later step as it was."""
    for number in [5, 6]:
        book.replace(number, '8000', '9000')
    book.commit()
    before = book.read(5)
    book.replace(2, '8000', '8080')
    assert book.forward(2)[0] == 1
    book.path(5).write_text(before, encoding='utf-8')
    for expected in [['fixed'], []]:
        status, told = book.forward(2)
        assert status == 0
        assert list(told.values()) == expected
        assert book.read(5) == book.read(6) == before
    book.git('checkout', '--', *(f'steps/step{n}_x' for n in [3, 4, 5, 6]))
    assert book.forward(2)[0] == 1
    assert '<<<<<<<' in book.read(5)


def test_replaced(book):
    """A file that a later step replaced can be left without the edit."""
    for number in [4, 5, 6]:
        book.path(number).write_text(OTHER, encoding='utf-8')
    book.commit()
    book.replace(2, '8000', '8080')
    status, told = book.forward(2)
    assert status == 1
    assert list(told.values()) == ['carried', 'conflict']
    assert 'class Config' in book.read(4)
    assert 'PORT = 8080' in book.read(4)
    book.git('restore', 'steps/step4_x')
    assert book.forward(2) == (0, {'steps/step4_x/asgilook/config.py': 'fixed'})
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
    book.write('steps/step2_x/logo.png', LOGO)
    status, told = book.forward(2)
    assert status == 1
    assert list(told.values()) == ['added'] * 6 + ['conflict'] + ['added'] * 4
    assert book.path(6, 'logo.png').read_bytes() == LOGO
    assert book.path(6, 'asgilook/one.py').read_text(encoding='utf-8') == 'one = 1\n'
    assert 'five' in book.path(5, 'asgilook/two.py').read_text(encoding='utf-8')
    assert not book.path(6, 'asgilook/two.py').exists()

    book.write('steps/step2_x/asgilook/two.py', 'two = 2\n')
    assert book.forward(2)[0] == 1
    assert book.path(4, 'asgilook/two.py').read_bytes() == b'two = 2\n'
    assert book.path(5, 'asgilook/two.py').read_bytes() == b'TWO = "five"\n'
    book.write('steps/step5_x/asgilook/two.py', 'two = 5\n')
    assert book.forward(2)[0] == 1
    assert b'<<<<<<< steps/step5' in book.path(5, 'asgilook/two.py').read_bytes()


def test_deleted_file(book):
    """A file is deleted in the later steps, up to the one that has changed it."""
    book.path(2).unlink()
    status, told = book.forward(2)
    assert status == 1
    assert list(told.values()) == ['deleted', 'conflict']
    assert not book.path(3).exists()
    assert book.read(4) == LATER


def test_renamed_file(book):
    """A renamed file is a new one and a deleted one."""
    book.path(2).rename(book.path(2, 'asgilook/settings.py'))
    status, told = book.forward(2)
    assert status == 1
    assert list(told.values()) == ['deleted', 'conflict', *['added'] * 4]
    assert book.read(4) == LATER
    assert book.path(6, 'asgilook/settings.py').read_bytes() == CONFIG.encode()


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


def test_restored_file_is_not_taken_for_an_edit(book):
    """A later file that was restored alone isn't carried on from there."""
    book.replace(2, '8000', '8080')
    assert book.forward(2)[0] == 0
    book.git('restore', 'steps/step4_x')
    before = book.contents()
    assert book.forward(2)[0] == 2
    assert 'config.py lost what was carried there' in book.printed
    assert book.contents() == before
    book.git('restore', *(f'steps/step{number}_x' for number in [3, 5, 6]))
    assert book.forward(2)[0] == 0
    assert '8080' in book.read(6)


def test_edits_of_two_steps(book):
    """An edit of an earlier step is still carried when a later one's has been."""
    book.replace(1, 'def address', 'def place')
    book.replace(2, '8000', '8080')
    assert book.forward(2)[0] == 0
    assert 'def address' in book.read(2)
    assert book.forward(1)[0] == 0
    edited = LATER.replace('def address', 'def place').replace('8000', '8080')
    assert book.read(6) == edited
    assert '8000' in book.read(1)


def test_files_that_git_ignores_are_not_overwritten(book):
    """A file that git doesn't know may be the only one there is."""
    book.write('.gitignore', '*.log\n')
    book.commit()
    for name in ['kept.log', '.env']:
        book.write(f'steps/step2_x/{name}', 'the edit\n')
        book.write(f'steps/step4_x/{name}', 'mine\n')
    book.git('add', '--force', 'steps/step2_x')
    status, told = book.forward(2)
    assert status == 1
    assert list(told.values()) == ['added', 'conflict'] * 2
    for name in ['kept.log', '.env']:
        assert book.path(3, name).read_bytes() == b'the edit\n'
        assert book.path(4, name).read_bytes() == b'mine\n'


def test_the_index_stays(book):
    """What was staged still is, and nothing else."""
    book.write('docs/index.rst', 'The book\n')
    book.replace(2, '8000', '8080')
    book.write('steps/step2_x/new.py', 'NEW = 1\n')
    book.git('add', 'docs', 'steps/step2_x/asgilook')
    staged = book.git('diff', '--cached')
    assert book.forward(2)[0] == 0
    assert book.git('diff', '--cached') == staged


def test_settings_of_git(book):
    """What a maintainer has set for git changes nothing."""
    for name, value in {
        'diff.noprefix': 'true',
        'diff.external': 'false',
        'color.ui': 'always',
        'apply.whitespace': 'error-all',
        'core.autocrlf': 'true',
        'rerere.enabled': 'true',
    }.items():
        book.git('config', name, value)
    book.replace(2, '8000', '8080  ')
    assert book.forward(2)[0] == 0
    assert book.read(6) == LATER.replace('8000', '8080  ')


def test_edit_that_is_taken_back(book):
    """What an edit left in later steps goes when the edit does."""
    book.write('steps/step2_x/new.py', 'NEW = 1\n')
    book.replace(2, '8000', '8080')
    assert book.forward(2)[0] == 0
    book.path(2, 'new.py').unlink()
    status, told = book.forward(2)
    assert status == 0
    assert told == {f'steps/step{n}_x/new.py': 'deleted' for n in [3, 4, 5, 6]}
    assert not book.path(6, 'new.py').exists()
    book.git('checkout', '--', 'steps/step2_x')
    assert book.forward(2)[0] == 0
    assert book.read(6) == LATER


def test_solutions_get_the_edit(book):
    """The exercises' changed copies get the edit of their step, or a conflict."""
    solution = 'exercises/step3_x/hosts/solution/asgilook/config.py'
    clash = 'exercises/step4_x/late/solution/asgilook/config.py'
    book.write(solution, CONFIG.replace('HOST, PORT', 'PORT, HOST'))
    book.write(clash, LATER.replace('8000', '"8000"'))
    book.write('docs/tutorial/step4.rst', ':step: 4\n\nStep 4\n======\n')
    book.commit()
    book.replace(2, '8000', '8080')
    status, told = book.forward(2)
    assert status == 1
    assert told.pop(clash) == 'conflict'
    assert told.pop(solution) == 'merged'
    assert list(told.values()) == ['carried', 'merged', 'carried', 'carried']
    text = (book.root / solution).read_text(encoding='utf-8')
    assert text == CONFIG.replace('8000', '8080').replace('HOST, PORT', 'PORT, HOST')
    assert '<<<<<<< exercises/' in (book.root / clash).read_text(encoding='utf-8')
    assert 'tox -e transcripts -- check docs/tutorial/step4.rst' in book.printed

    book.replace(2, '8080', '8081')
    assert book.forward(2)[0] == 2
    assert f'{clash} still has conflict markers' in book.printed
    book.write(clash, LATER.replace('8000', '"8080"'))
    assert book.forward(2)[0] == 1
    assert '"8080"' in (book.root / clash).read_text(encoding='utf-8')


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
    assert list(told.values()) == ['carried', 'carried', 'conflict']
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
    assert 'is the last step that has these files' in book.printed


def test_git_is_missing(book, tmp_path):
    """Without git, one line says what to install."""
    book.replace(2, '8000', '8080')
    assert book.forward(2, PATH=str(tmp_path))[0] == 2
    assert book.printed == 'Git is missing: install it, and try again.\n'
