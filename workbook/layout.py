"""Where things are: the steps, from the folders in steps/; and what belongs to one."""

import dataclasses
import functools
import pathlib
import re
import shutil
import tomllib
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / 'work'
"""The folder that `tox -e start` makes."""
BOOK = ROOT / '.tox' / 'book' / 'html'
"""Where `tox -e docs` puts the book."""
PACKAGE = 'asgilook'
"""The package that each step builds."""
GENERATED = [
    '__pycache__', '*.egg-info', '.coverage*', '.*_cache', '.tox', '.venv', '.git',
    '.ipynb_checkpoints', 'build', 'dist',
]  # fmt: skip
"""What tools leave in a folder: it is never copied, listed or compared."""


@dataclasses.dataclass(frozen=True)
class Step:
    """A step: its number, its name, and the folders that go by it."""

    number: int
    name: str

    @property
    def snapshot(self) -> pathlib.Path:
        """The folder with the app as it is at the end of the step."""
        return ROOT / 'steps' / self.name

    @property
    def tests(self) -> pathlib.Path:
        """The folder with the tests of what the step adds."""
        return ROOT / 'tests' / self.name

    @property
    def title(self) -> str:
        """The name without its number, in words."""
        return self.name.partition('_')[2].replace('_', ' ')

    @property
    def metadata(self) -> dict[str, Any]:
        """The contents of step.toml, which is in the folder of the step's tests."""
        text = (self.tests / 'step.toml').read_text(encoding='utf-8')
        return tomllib.loads(text)

    @property
    def before(self) -> list['Step']:
        """The steps before this one, in their order."""
        return [step for step in steps() if step.number < self.number]

    @property
    def project(self) -> dict[str, Any]:
        """What the snapshot's pyproject.toml says of the project."""
        text = (self.snapshot / 'pyproject.toml').read_text(encoding='utf-8')
        return dict(tomllib.loads(text)['project'])

    @property
    def dependencies(self) -> list[str]:
        """What the snapshot's pyproject.toml asks for."""
        return list(self.project['dependencies'])

    @property
    def uses_redis(self) -> bool:
        """Whether the snapshot depends on Redis."""
        return any(re.match(r'redis\b', name) for name in self.dependencies)

    @property
    def has_own_tests(self) -> bool:
        """Whether the snapshot has a suite of its own, as all have from one step on."""
        return (self.snapshot / 'tests').is_dir()

    @functools.cached_property
    def contents(self) -> dict[str, bytes]:
        """What each of the snapshot's files contains, by its name in the snapshot."""
        return {
            path.relative_to(self.snapshot).as_posix(): path.read_bytes()
            for path in files_in(self.snapshot)
        }

    @property
    def added(self) -> list[str]:
        """The names of the files that the snapshot before this one doesn't have."""
        before = self.before[-1].contents if self.before else {}
        return sorted(self.contents.keys() - before.keys())


def steps(root: pathlib.Path = ROOT) -> list[Step]:
    """Return all steps, in the order of their numbers."""
    found = []
    for folder in (root / 'steps').glob('step*'):
        if match := re.fullmatch(r'step(\d+)_\w+', folder.name):
            found.append(Step(int(match[1]), folder.name))
    return sorted(found, key=lambda step: step.number)


def by_number(path: pathlib.PurePath) -> list[str | int]:
    """Return a key to sort paths by, with step2 before step10."""
    parts = re.split(r'(\d+)', path.as_posix())
    return [int(part) if part.isdigit() else part for part in parts]


def is_generated(path: pathlib.PurePath) -> bool:
    """Return whether a relative path is what a tool left, or lies in such a folder."""
    parts = [pathlib.PurePath(part) for part in path.parts]
    return any(part.match(pattern) for part in parts for pattern in GENERATED)


def files_in(folder: pathlib.Path) -> list[pathlib.Path]:
    """Return the files below a folder, sorted, without what tools left there."""
    return sorted(
        path
        for path in folder.rglob('*')
        if path.is_file() and not is_generated(path.relative_to(folder))
    )


def copy_tree(source: pathlib.Path, to: pathlib.Path, **options: Any) -> None:
    """Copy a folder, or lay it over one that is there, without what tools left in it.

    Options are those of `shutil.copytree`.
    """
    ignore = shutil.ignore_patterns(*GENERATED)
    shutil.copytree(source, to, ignore=ignore, dirs_exist_ok=True, **options)
