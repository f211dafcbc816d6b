"""Carry an edit of a step's snapshot on to the later steps, by three-way merge.

    python -m workbook.keeper.forward STEP

Run by `tox -e forward -- STEP`. What is not committed yet in the snapshot is the
edit. It goes from step to step: what the step after has of its own stays. The files
of the book and the exercises that are a snapshot's with something changed get the
edit too. What needs a hand stops there; once that is done, the same command goes on.
"""

import dataclasses
import difflib
import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator

from workbook.book.sessions import fields
from workbook.cli import Parser, UserError, step_number
from workbook.layout import ROOT, Step, steps

OVERLAYS = ['examples/pitfalls/*', 'exercises/*/*/solution']
"""The folders whose files stand in for those of a snapshot."""
DISTINCTIVE = 20
"""The length from which a line is looked for elsewhere, in characters."""
MARKER = re.compile(rb'^(?:<{7}|>{7}) ', re.MULTILINE)
REPLACED = 0.5
"""A file that keeps less of the one before was replaced, not changed."""

DONE = ('carried', 'merged', 'added', 'deleted', 'mended', 'already so')
MOST_MENTIONS = 12


@dataclasses.dataclass(frozen=True)
class Version:
    """What a file holds. Lines end as on Unix; `crlf` tells how they did."""

    data: bytes
    executable: bool = False
    crlf: bool = dataclasses.field(default=False, compare=False)

    @classmethod
    def of(cls, data: bytes, executable: bool) -> 'Version':
        """Return the version of a file with this content."""
        crlf = b'\0' not in data and 0 < data.count(b'\r\n') == data.count(b'\n')
        return cls(data.replace(b'\r\n', b'\n') if crlf else data, executable, crlf)

    @property
    def is_text(self) -> bool:
        """Whether git would take it for text."""
        return b'\0' not in self.data


Tree = dict[str, Version]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of the edit in one file, in a word, and what to write."""

    path: str
    word: str
    hint: str = ''
    version: Version | None = None
    writes: bool = False

    @property
    def done(self) -> bool:
        """Whether the file needs no hand."""
        return self.word in DONE

    def __str__(self) -> str:
        """Return the line that tells it."""
        return f'{self.path}: {self.word}' + (f': {self.hint}' if self.hint else '')


class Record:
    """What was written here before, so that it is not taken for somebody's edit."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.entries: dict[str, dict[str, str]] = {}
        if path.exists():
            self.entries = json.loads(path.read_text(encoding='utf-8'))

    def wrote(self, path: str, version: Version | None) -> bool:
        """Return whether this is what was written there."""
        return self.entries.get(path, {}).get('wrote') == digest(version)

    def stopped(self, path: str, asked: str) -> bool:
        """Return whether the file was left to be mended, for the same edit."""
        return self.entries.get(path, {}).get('asked') == asked

    def note(self, path: str, version: Version | None, asked: str) -> None:
        """Remember what is written, and for which edit a hand is needed."""
        self.entries[path] = {'wrote': digest(version), 'asked': asked}

    def save(self, still: Iterable[str]) -> None:
        """Keep what is said of files that are still on their way."""
        kept = {path: self.entries[path] for path in still if path in self.entries}
        self.path.write_text(json.dumps(kept, indent=1), encoding='utf-8')


def digest(*versions: Version | None) -> str:
    """Return a name for the contents of some files."""
    parts = [version and (version.data, version.executable) for version in versions]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def git(*arguments: str) -> bytes:
    """Return what git prints."""
    try:
        ended = subprocess.run(['git', *arguments], cwd=ROOT, capture_output=True)
    except FileNotFoundError as error:
        raise UserError('There is no git here: install it, and try again.') from error
    if ended.returncode:
        why = ended.stderr.decode(errors='replace').strip().splitlines()
        raise UserError(f'git says: {why[0] if why else ended.returncode}')
    return ended.stdout


def committed() -> Tree:
    """Return the files of the last commit."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(git('archive', 'HEAD'))) as archive:
        for member in archive:
            if member.isfile() and (content := archive.extractfile(member)):
                executable = bool(member.mode & 0o100)
                found[member.name] = Version.of(content.read(), executable)
    return found


def present(before: Tree) -> Tree:
    """Return the files as they are now, without what git or a reader ignores."""
    modes = git('config', '--type=bool', '--default=true', '--get', 'core.fileMode')
    listed = git('ls-files', '-z', '--cached', '--others', '--exclude-standard')
    found = {}
    for name in listed.decode().split('\0'):
        path = ROOT / name
        if path.is_symlink() or not path.is_file():
            continue
        if name not in before and re.search(r'(^|/)(\.|__pycache__/)', name):
            continue
        executable = bool(path.stat().st_mode & 0o100)
        if modes.strip() != b'true' or os.name != 'posix':
            executable = name in before and before[name].executable
        found[name] = Version.of(path.read_bytes(), executable)
    return found


def below(folder: str, tree: Tree) -> Tree:
    """Return the files in a folder, by their names in it."""
    begin = f'{folder}/'
    return {k.removeprefix(begin): v for k, v in tree.items() if k.startswith(begin)}


def distance(one: Version, other: Version | None) -> int:
    """Return how many lines two files have not in common."""
    lines = one.data.splitlines()
    compared = other.data.splitlines() if other else []
    matcher = difflib.SequenceMatcher(None, lines, compared, autojunk=False)
    same = sum(block.size for block in matcher.get_matching_blocks())
    return len(lines) + len(compared) - 2 * same


def is_overlay(folder: pathlib.PurePosixPath) -> bool:
    """Return whether a folder's files stand in for those of a snapshot."""
    fitting = [name for name in OVERLAYS if len(folder.parts) == name.count('/') + 1]
    return any(folder.match(name) for name in fitting)


def overlays(tree: Tree, all_steps: list[Step]) -> Iterator[tuple[str, Step]]:
    """Yield the folders that are laid over a snapshot, each with the step it is for.

    That is the step in its path, or else the first of those that it is nearest to.
    """
    paths = [pathlib.PurePosixPath(path) for path in tree]
    folders = {parent for path in paths for parent in path.parents}
    for folder in sorted(str(folder) for folder in folders if is_overlay(folder)):
        files = below(folder, tree)
        if match := re.search(r'(?:^|/)step(\d+)_', folder):
            yield from (
                (folder, step) for step in all_steps if step.number == int(match[1])
            )
            continue
        near = {}
        for step in all_steps:
            snapshot = below(f'steps/{step.name}', tree)
            if files.keys() & snapshot.keys():
                near[step] = sum(
                    distance(version, snapshot.get(name))
                    for name, version in files.items()
                )
        if near:
            yield folder, min(near, key=lambda step: near[step])


def merge_text(
    base: bytes, ours: bytes, theirs: bytes, names: tuple[str, str]
) -> tuple[bytes, bool]:
    """Merge two texts that began as one; return it, and whether without conflict."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder, name) for name in ('ours', 'base', 'theirs')]
        for path, data in zip(paths, [ours, base, theirs], strict=True):
            path.write_bytes(data)
        labels = [names[0], f'{names[1]}, committed', f'{names[1]}, edited']
        named = [word for label in labels for word in ('-L', label)]
        ended = subprocess.run(
            ['git', 'merge-file', '-p', '--diff3', *named, *map(str, paths)],
            capture_output=True,
            cwd=folder,
        )
    if not 0 <= ended.returncode < 128:
        raise UserError(f'git says: {ended.stderr.decode(errors="replace").strip()}')
    return ended.stdout, ended.returncode == 0


def merge(
    path: str,
    base: Version | None,
    ours: Version | None,
    theirs: Version | None,
    names: tuple[str, str],
) -> Outcome:
    """Return what becomes of a later version of a file that was edited."""
    if theirs in (base, ours):
        return Outcome(path, 'already so', version=ours)
    if ours is None and base is not None:
        return Outcome(path, 'gone', 'find where its code went, and edit it there')
    if ours == base:
        word = 'added' if base is None else 'deleted' if theirs is None else 'carried'
        return Outcome(path, word, version=theirs, writes=True)
    if theirs is None:
        return Outcome(
            path, 'conflict', 'the edit deletes what is changed here', version=ours
        )
    if ours is None or base is None:
        hint = f'{names[0]} has a file of this name already'
        return Outcome(path, 'conflict', hint, version=ours)
    executable = ours.executable
    if theirs.executable != base.executable:
        executable = theirs.executable
    if base.data == theirs.data:
        data, clean = ours.data, True
    elif ours.data == base.data:
        data, clean = theirs.data, True
    elif not (base.is_text and ours.is_text and theirs.is_text):
        hint = 'it is no text, and changed here too: make it anew'
        return Outcome(path, 'conflict', hint, version=ours)
    else:
        data, clean = merge_text(base.data, ours.data, theirs.data, names)
    version = Version(data, executable, ours.crlf)
    if clean and version == ours:
        return Outcome(path, 'already so', version=ours)
    if clean:
        return Outcome(path, 'merged', version=version, writes=True)
    if kept(base, ours) < REPLACED:
        hint = f'{names[0]} has another in its place: see whether it needs the edit'
        return Outcome(path, 'replaced', hint, version=ours)
    hint = f'mend what is between {"<" * 7} and {">" * 7}'
    return Outcome(path, 'conflict', hint, version, writes=True)


def kept(base: Version, ours: Version) -> float:
    """Return the share of a file's lines that a later version still has."""
    lines = [line for line in base.data.splitlines() if line.strip()]
    later = set(ours.data.splitlines())
    return sum(line in later for line in lines) / max(len(lines), 1)


class Forward:
    """The edit of one step, on its way."""

    def __init__(self, edited: Step) -> None:
        self.all_steps = steps()
        self.steps = [step for step in self.all_steps if step.number >= edited.number]
        self.before = committed()
        self.now = present(self.before)
        where = git('rev-parse', '--git-path', 'forward.json').decode().strip()
        self.record = Record(ROOT / where)
        self.overlays = list(overlays(self.before, self.all_steps))
        self.outcomes: list[Outcome] = []
        folders = [f'steps/{step.name}' for step in self.steps[1:]]
        folders += [folder for folder, _ in self.overlays]
        if not any(self.dirty(folder) for folder in folders):
            self.record.entries = {}

    def dirty(self, folder: str) -> list[str]:
        """Return the names of the files in a folder that differ from the commit."""
        before, now = below(folder, self.before), below(folder, self.now)
        names = sorted(before.keys() | now.keys())
        return [name for name in names if before.get(name) != now.get(name)]

    def plan(self) -> None:
        """Find out what becomes of the edit everywhere; write nothing."""
        source = f'steps/{self.steps[0].name}'
        names = self.dirty(source)
        if not names:
            raise UserError(f'{source} has no edit to carry: all of it is committed.')
        for name in names:
            edited = self.now.get(f'{source}/{name}')
            if edited and edited.is_text and MARKER.search(edited.data):
                raise UserError(f'{source}/{name} still has conflict markers: mend it.')
            self.carry(name)
        if not self.outcomes:
            raise UserError(
                f'Nothing but {source} has these files: there is no further.'
            )
        self.refuse_own_edits()

    def carry(self, name: str) -> None:
        """Carry the edit of one file from step to step."""
        first, *later = self.steps
        source = f'steps/{first.name}/{name}'
        base, theirs = self.before.get(source), self.now.get(source)
        self.carry_into_overlays(first, name, base, theirs)
        before = first
        for index, step in enumerate(later):
            path = f'steps/{step.name}/{name}'
            labels = (f'step {step.number}', f'step {before.number}')
            outcome = self.settle(path, base, theirs, labels)
            self.outcomes.append(outcome)
            if not outcome.done:
                self.wait(name, step, later[index + 1 :])
                return
            base, theirs, before = self.before.get(path), outcome.version, step
            self.carry_into_overlays(step, name, base, theirs)

    def wait(self, name: str, stopped: Step, later: list[Step]) -> None:
        """Note what the edit reaches once a step is settled."""
        paths = [f'steps/{step.name}/{name}' for step in later]
        for folder, step in self.overlays:
            if step in (stopped, *later):
                paths.append(f'{folder}/{name}')
        hint = f'run this again when step {stopped.number} is settled'
        for path in paths:
            if path in self.before:
                self.outcomes.append(Outcome(path, 'waits', hint))

    def carry_into_overlays(
        self, step: Step, name: str, base: Version | None, theirs: Version | None
    ) -> None:
        """Carry the edit of one file into what is laid over its step."""
        for folder, laid_over in self.overlays:
            path = f'{folder}/{name}'
            if laid_over == step and path in self.before:
                labels = (path, f'step {step.number}')
                self.outcomes.append(self.settle(path, base, theirs, labels))

    def settle(
        self,
        path: str,
        base: Version | None,
        theirs: Version | None,
        labels: tuple[str, str],
    ) -> Outcome:
        """Return what becomes of one file, with what is there now in mind."""
        ours, here = self.before.get(path), self.now.get(path)
        outcome = merge(path, base, ours, theirs, labels)
        asked = digest(base, ours, theirs)
        if not outcome.done and self.record.stopped(path, asked):
            if here == outcome.version:
                return outcome
            if here and MARKER.search(here.data):
                return dataclasses.replace(outcome, writes=False)
            hint = 'it stays without the edit' if here == ours else ''
            return Outcome(path, 'mended', hint, version=here)
        if here not in (ours, outcome.version) and not self.record.wrote(path, here):
            raise UserError(own_edits(path))
        self.record.note(path, outcome.version, '' if outcome.done else asked)
        return outcome

    def refuse_own_edits(self) -> None:
        """Refuse, if a later step has been edited; tell what a former edit left."""
        planned = {outcome.path for outcome in self.outcomes if outcome.word != 'waits'}
        for step in self.steps[1:]:
            folder = f'steps/{step.name}'
            for path in [f'{folder}/{name}' for name in self.dirty(folder)]:
                if path in planned:
                    continue
                if not self.record.wrote(path, self.now.get(path)):
                    raise UserError(own_edits(path))
                undo = f'git restore {path}' if path in self.before else 'delete it'
                hint = f'an edit that is no more was carried here: {undo}'
                self.outcomes.append(Outcome(path, 'left over', hint))

    def write(self) -> None:
        """Write what was planned."""
        for outcome in self.outcomes:
            path, version = ROOT / outcome.path, outcome.version
            here = self.now.get(outcome.path)
            if not outcome.writes or here == version:
                continue
            if version is None:
                path.unlink()
                continue
            crlf = here.crlf if here else version.crlf
            data = version.data.replace(b'\n', b'\r\n') if crlf else version.data
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            if os.name == 'posix' and version.executable != bool(
                here and here.executable
            ):
                mode = path.stat().st_mode & ~0o111
                path.chmod(mode | ((mode & 0o444) >> 2 if version.executable else 0))
        self.now = present(self.before)
        planned = {outcome.path for outcome in self.outcomes}
        self.record.save(
            path
            for path in list(self.record.entries)
            if path in planned or self.before.get(path) != self.now.get(path)
        )

    def touched(self) -> list[Step]:
        """Return the steps that the edit is in by now."""
        return [step for step in self.steps if self.dirty(f'steps/{step.name}')]

    def next_commands(self) -> Iterator[str]:
        """Yield the commands that show whether all still holds."""
        touched = self.touched()
        numbers = {str(step.number) for step in touched}
        yield f'tox -e {",".join(f"step{step.number}" for step in touched)}'
        pages = []
        for page in sorted((ROOT / 'docs').rglob('*.rst')):
            text = page.read_text(encoding='utf-8')
            if fields(text.splitlines()).get('step') in numbers:
                pages.append(page.relative_to(ROOT).as_posix())
        yield 'tox -e workbook,docs'
        if pages:
            yield f'tox -e transcripts -- check {" ".join(pages)}'
        if (ROOT / 'exercises').is_dir():
            yield 'tox -e exercises'

    def mentions(self) -> Iterator[str]:
        """Yield the places elsewhere that have a line the edit takes out."""
        folder = f'steps/{self.steps[0].name}'
        lines = set()
        for name in self.dirty(folder):
            old, new = (
                tree.get(f'{folder}/{name}') for tree in (self.before, self.now)
            )
            gone = set(old.data.splitlines() if old else [])
            gone -= set(new.data.splitlines() if new else [])
            lines |= {line.strip() for line in gone if len(line.strip()) >= DISTINCTIVE}
        seen = {outcome.path for outcome in self.outcomes}
        for path, version in sorted(self.now.items()):
            if path.startswith('steps/') or path in seen or not version.is_text:
                continue
            for number, line in enumerate(version.data.splitlines(), 1):
                if any(part in line for part in lines):
                    yield f'{path}:{number}'


def own_edits(path: str) -> str:
    """Return what to say where carrying would lose an edit."""
    return f'{path} has an edit of its own: commit it, or `git stash` it, first.'


def forward(step: Step) -> int:
    """Carry a step's edit on; return the exit status."""
    edit = Forward(step)
    edit.plan()
    edit.write()
    for outcome in edit.outcomes:
        print(outcome)
    counts = sum(outcome.done for outcome in edit.outcomes)
    print(f'\n{counts} of {len(edit.outcomes)} files need no hand.')
    if mentions := list(edit.mentions()):
        print('These have a line that the edit takes out; look at them:')
        print(*(f'  {place}' for place in mentions[:MOST_MENTIONS]), sep='\n')
        if (further := len(mentions) - MOST_MENTIONS) > 0:
            print(f'  and {further} more')
    print('Then see whether all still holds:')
    print(*(f'  {command}' for command in edit.next_commands()), sep='\n')
    return 0 if counts == len(edit.outcomes) else 1


def main() -> int:
    """Carry an edit on; return 0 if all is clean, 1 if not, 2 if it is refused."""
    parser = Parser(
        prog='tox -e forward --',
        description='Carry the edit made in a step on to the later steps.',
    )
    parser.add_argument(
        'step', type=step_number, metavar='STEP', help='the number of the edited step'
    )
    try:
        return forward(parser.parse_args().step)
    except UserError as error:
        print(f'{error} Nothing was written.', file=sys.stderr)
        return 2


if __name__ == '__main__':
    sys.exit(main())
