"""Carry an edit of a step's snapshot to the later steps, with `git apply --3way`.

    python -m workbook.keeper.forward STEP

Run by `tox -e forward -- STEP`. The edit is everything in the snapshot that isn't
committed yet. It goes from step to step, and into the exercises' solutions; what they
have of their own stays. It stops where a file needs a person; once that is fixed, the
same command goes on from there.
"""

import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from workbook.book.sessions import fields
from workbook.cli import Parser, UserError, step_number
from workbook.layout import ROOT, Step, steps

OVERLAYS = ['exercises/{step}/*/solution']
"""The folders whose files replace some of a step's snapshot."""
REF, STATE = 'refs/worktree/forward', '.forward.json'
"""A tree of the files as they were last carried on, with a file for what is pending."""
DISTINCTIVE = 20
"""The length from which a removed line is looked for elsewhere, in characters."""
MARKER = re.compile(rb'^(?:<{7}|>{7}) ', re.MULTILINE)
DONE = ('carried', 'merged', 'added', 'deleted', 'fixed', 'already there')
MOST_MENTIONS = 12
GIT = [
    'git', '--literal-pathspecs', '-c', 'core.autocrlf=input', '-c',
    'core.safecrlf=false', '-c', 'rerere.enabled=false',
]  # fmt: skip
DIFF = [
    'diff-index', '--cached', '-p', '--binary', '--full-index', '--no-renames',
    '--no-ext-diff', '--no-textconv', '--no-color',
]  # fmt: skip


class Forward:
    """The edit of one step, on its way. Git works with a copy of its index here."""

    def __init__(self, edited: Step, index: pathlib.Path) -> None:
        self.environment = {**os.environ, 'LC_ALL': 'C'}
        real = self.git('rev-parse', '--git-path', 'index').decode().strip()
        # With its time: git reads a file that is younger than its index.
        shutil.copy2(ROOT / real, index)
        self.environment['GIT_INDEX_FILE'] = str(index)
        self.git('add', '--update')
        ignored = ['--exclude-standard', '--exclude=.*', '--exclude=__pycache__']
        new = self.git('ls-files', '-z', '--others', *ignored, '--', 'steps')
        self.git('update-index', '-z', '--add', '--stdin', data=new)

        later = [step for step in steps() if step.number >= edited.number]
        self.overlays = {f'steps/{step.name}': overlays(step) for step in later}
        self.folders = list(self.overlays)
        self.targets = [*self.folders[1:], *itertools.chain(*self.overlays.values())]
        self.head, self.now = self.files('HEAD'), self.files()
        self.base, self.pending, self.left = self.last_run()
        self.sent = self.files(self.base)
        self.sent.pop(STATE, None)
        self.outcomes: dict[str, str] = {}

    def run(self, *words: str, data: bytes = b'') -> subprocess.CompletedProcess[bytes]:
        """Run git."""
        options: dict[str, Any] = {'cwd': ROOT, 'env': self.environment}
        return subprocess.run(
            [*GIT, *words], input=data, capture_output=True, **options
        )

    def git(self, *words: str, data: bytes = b'') -> bytes:
        """Return what git prints; it must not fail."""
        ended = self.run(*words, data=data)
        if ended.returncode:
            said = ended.stderr.decode(errors='replace').strip().splitlines()
            raise UserError(f'git says: {said[0] if said else ended.returncode}.')
        return ended.stdout

    def files(self, tree: str | None = None) -> dict[str, str]:
        """Return what git knows of each file: in a tree, or as they are now."""
        tree = tree or self.git('write-tree').decode().strip()
        listed = self.git('ls-tree', '-rz', '--full-tree', tree).decode()
        lines = [line.partition('\t') for line in listed.split('\0') if line]
        return {path: entry for entry, _, path in lines}

    def last_run(self) -> tuple[str, dict[str, list[str]], dict[str, str]]:
        """Return the tree of what it sent, what needs a person, and what waits.

        That's a new start if its work has been committed, or restored everywhere.
        """
        stored = self.run('cat-file', 'blob', f'{REF}:{STATE}').stdout
        state: dict[str, Any] = json.loads(stored or '{"head": ""}')
        places = ['--', 'steps', 'exercises']
        then = self.run('diff-tree', '--quiet', state['head'], 'HEAD', *places)
        dirty = any(self.changed(each, self.head) for each in self.targets)
        if then.returncode or not dirty:
            return 'HEAD', {}, {}
        return REF, state['pending'], state['left']

    def save(self) -> None:
        """Keep what has been sent, and what is pending, for the next run."""
        head = self.git('rev-parse', 'HEAD').decode().strip()
        paths = list(self.pending)
        for folder in self.targets:
            paths += [f'{folder}/{name}' for name in self.changed(folder, self.sent)]
        self.left |= {path: self.now.get(path, '') for path in paths}
        state = {'head': head, 'pending': self.pending, 'left': self.left}
        data = json.dumps(state).encode()
        blob = self.git('hash-object', '-w', '--stdin', data=data).decode().strip()
        entries = {**self.sent, STATE: f'100644 blob {blob}'}
        lines = ''.join(f'{entry}\t{path}\0' for path, entry in entries.items())
        self.environment['GIT_INDEX_FILE'] += '.sent'
        self.git('update-index', '-z', '--index-info', data=lines.encode())
        self.git('update-ref', REF, self.git('write-tree').decode().strip())

    def changed(self, folder: str, since: dict[str, str]) -> list[str]:
        """Return the names of a folder's files that aren't as they were in a tree."""
        paths = {path for path, _ in self.now.items() ^ since.items()}
        begin = f'{folder}/'
        return sorted(it.removeprefix(begin) for it in paths if it.startswith(begin))

    def carry_all(self) -> None:
        """Carry all that is new, unless that could lose anything."""
        source = self.folders[0]
        new = self.changed(source, self.sent)
        if not (new or self.pending or self.changed(source, self.head)):
            raise UserError(f'{source} has no edit to carry: all of it is committed.')
        edited = [f'{source}/{name}' for name in new]
        for path in [*edited, *self.pending] if new else []:
            if has_markers(path):
                raise UserError(f'{path} still has conflict markers: fix it first.')
        names = sorted({*new, *(name for name, _ in self.pending.values())})
        self.refuse_own_edits(names)
        self.settle()
        for name in names:
            self.carry(name)
        if names and not self.outcomes:
            raise UserError(f'{source} is the last step that has these files.')

    def refuse_own_edits(self, names: list[str]) -> None:
        """Refuse where a later file is neither as committed nor as this left it."""
        for folder in self.targets:
            for name in self.changed(folder, self.sent):
                path = f'{folder}/{name}'
                reached = folder in self.folders or name in names
                ours = self.left.get(path) == self.now.get(path, '')
                if path in self.pending or ours or not reached:
                    continue
                what = 'has an edit of its own: commit it, or `git stash` it, first.'
                if self.now.get(path) == self.head.get(path):
                    what = 'lost what was carried there: commit, or restore them all.'
                raise UserError(f'{path} {what}')

    def settle(self) -> None:
        """Find out which of the pending files have been fixed."""
        for path, (_, outcome) in list(self.pending.items()):
            if self.now.get(path, '') == self.left.get(path) or has_markers(path):
                self.outcomes[path] = outcome
                continue
            del self.pending[path]
            same = self.now.get(path) == self.head.get(path)
            self.outcomes[path] = 'fixed' + ': it stays without the edit' * same
            if not path.startswith('steps/'):
                self.mark_sent(path)

    def carry(self, name: str) -> None:
        """Carry what is new in a file into the solutions, and from step to step."""
        for folder, after in itertools.zip_longest(self.folders, self.folders[1:]):
            path = f'{folder}/{name}'
            if path in self.pending or f'{after}/{name}' in self.pending:
                return
            if self.now.get(path) != self.sent.get(path):
                for solution in self.overlays[folder]:
                    if f'{solution}/{name}' in self.head:
                        self.deliver(name, folder, solution)
                if after:
                    self.deliver(name, folder, after)
                self.mark_sent(path)

    def mark_sent(self, path: str) -> None:
        """Remember that what is in a file now has been carried on."""
        self.sent.pop(path, None)
        if path in self.now:
            self.sent[path] = self.now[path]

    def deliver(self, name: str, folder: str, to: str) -> None:
        """Carry what is new in a step's file to another folder."""
        path = f'{to}/{name}'
        if path in self.pending:
            return
        self.outcomes[path] = outcome = self.apply(f'{folder}/{name}', path, to)
        self.now = self.files()
        if not is_done(outcome):
            self.pending[path] = [name, outcome]
        elif not path.startswith('steps/'):
            self.mark_sent(path)

    def apply(self, source: str, path: str, to: str) -> str:
        """Have git apply what is new in one file to another; return how that went."""
        base, new = self.sent.get(source), self.now.get(source)
        ours, file = self.now.get(path), ROOT / path
        if ours == new:
            return 'already there'
        if base and not ours:
            return 'gone: make the edit where its code went, and carry it on from there'
        if ours and not base:
            return 'conflict: there is a file of this name here already'
        if ours != base and not new:
            return 'conflict: the edit deletes what is changed here'
        before = file.read_bytes() if ours else b''
        relative = f'--relative={"/".join(source.split("/")[:2])}'
        patch = self.git(*DIFF, relative, self.base, '--', source)
        options = ['--3way', '--whitespace=nowarn', f'--directory={to}']
        applied = self.run('apply', *options, data=patch).returncode == 0
        clashes = bool(self.git('ls-files', '--unmerged', '--', path))
        if not (applied or clashes):
            return 'conflict: git cannot apply the edit here: make it by hand'
        if not new or file.is_symlink():
            return 'carried' if new else 'deleted'
        after, word = file.read_bytes(), 'merged'
        if base == ours:
            word = 'carried' if ours else 'added'
        if clashes and not MARKER.search(after):
            word = 'conflict: it is not text, so choose or make one by hand'
        elif clashes:
            after = after.replace(b'<<<<<<< ours', f'<<<<<<< {to}'.encode())
            after = after.replace(b'>>>>>>> theirs', b'>>>>>>> the edit')
            word = 'conflict: fix what is marked, or `git restore` it to go without'
        if 0 < before.count(b'\r\n') == before.count(b'\n'):
            after = after.replace(b'\r\n', b'\n').replace(b'\n', b'\r\n')
        file.write_bytes(after)
        self.git('update-index', '--add', '--', path)
        return 'already there' if self.files().get(path) == ours and applied else word

    def mentions(self) -> Iterator[str]:
        """Yield the places elsewhere that have a line the edit takes out."""
        patch = self.git(*DIFF, 'HEAD', '--', self.folders[0]).decode(errors='replace')
        removed, added = (
            {line[1:].strip() for line in patch.splitlines() if line.startswith(sign)}
            for sign in '-+'
        )
        lines = '\n'.join(it for it in removed - added if len(it) >= DISTINCTIVE)
        words = ['grep', '--untracked', '-InzF', '-f', '-']
        found = self.run(*words, data=lines.encode()).stdout
        for match in found.decode(errors='replace').splitlines():
            path, number, _ = match.split('\0')
            if not path.startswith('steps/') and path not in self.outcomes:
                yield f'{path}:{number}'

    def next_commands(self) -> Iterator[str]:
        """Yield the commands that show whether everything still works."""
        changed = [each for each in self.folders if self.changed(each, self.head)]
        numbers = [re.sub(r'\D*(\d+)_.*', r'\1', folder) for folder in changed]
        yield f'tox -e {",".join(f"step{number}" for number in numbers)}'
        yield 'tox -e workbook,docs'
        pages = []
        for page in sorted((ROOT / 'docs').rglob('*.rst')):
            lines = page.read_text(encoding='utf-8').splitlines()
            if fields(lines).get('step') in numbers:
                pages.append(page.relative_to(ROOT).as_posix())
        if pages:
            yield f'tox -e transcripts -- check {" ".join(pages)}'
        if (ROOT / 'exercises').is_dir():
            yield 'tox -e exercises'


def overlays(step: Step) -> list[str]:
    """Return the folders whose files replace some of a step's."""
    patterns = [pattern.format(step=step.name) for pattern in OVERLAYS]
    found = [folder for pattern in patterns for folder in sorted(ROOT.glob(pattern))]
    return [folder.relative_to(ROOT).as_posix() for folder in found]


def is_done(outcome: str) -> bool:
    """Return whether an outcome leaves nothing to do."""
    return outcome.startswith(DONE)


def has_markers(path: str) -> bool:
    """Return whether a file has conflict markers."""
    file = ROOT / path
    return file.is_file() and bool(MARKER.search(file.read_bytes()))


def forward(step: Step) -> int:
    """Carry a step's edit on; return 0 if no file needs a person, else 1."""
    if not shutil.which('git'):
        raise UserError('Git is missing: install it, and try again.')
    with tempfile.TemporaryDirectory() as folder:
        edit = Forward(step, pathlib.Path(folder, 'index'))
        edit.carry_all()
        mentions = list(edit.mentions())
        edit.save()
    for path, outcome in edit.outcomes.items():
        print(f'{path}: {outcome}')
    done = sum(map(is_done, edit.outcomes.values()))
    if edit.outcomes:
        print(f'\n{done} of {len(edit.outcomes)} files are done.')
    else:
        print('There is nothing new to carry.')
    if edit.pending:
        print('Fix the others, then run this again: it goes on from there.')
    if mentions:
        print('These have a line that the edit takes out; look at them:')
        print(*(f'  {place}' for place in mentions[:MOST_MENTIONS]), sep='\n')
        if (further := len(mentions) - MOST_MENTIONS) > 0:
            print(f'  and {further} more')
    print('Then check that everything still works:')
    print(*(f'  {command}' for command in edit.next_commands()), sep='\n')
    return 1 if edit.pending else 0


def main() -> int:
    """Carry an edit on; return 0 if all is clean, 1 if not, 2 if it is refused."""
    parser = Parser(
        prog='tox -e forward --',
        description='Carry the edit made in a step to the later steps.',
    )
    parser.add_argument(
        'step', type=step_number, metavar='STEP', help='the number of the edited step'
    )
    try:
        return forward(parser.parse_args().step)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == '__main__':
    sys.exit(main())
