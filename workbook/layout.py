"""Where things are: the steps, from the folders in steps/."""

import dataclasses
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
LEFT_OUT = shutil.ignore_patterns('__pycache__', '.*')
"""What is not copied with a project's files."""


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
    def told(self) -> dict[str, Any]:
        """What the step says of itself, in its tests' step.toml."""
        text = (self.tests / 'step.toml').read_text(encoding='utf-8')
        return tomllib.loads(text)

    @property
    def before(self) -> list['Step']:
        """The steps before this one, in their order."""
        return [step for step in steps() if step.number < self.number]

    @property
    def dependencies(self) -> list[str]:
        """What the snapshot's pyproject.toml asks for."""
        text = (self.snapshot / 'pyproject.toml').read_text(encoding='utf-8')
        return list(tomllib.loads(text)['project']['dependencies'])

    @property
    def uses_redis(self) -> bool:
        """Whether the snapshot depends on Redis."""
        return any(re.match(r'redis\b', name) for name in self.dependencies)


def steps(root: pathlib.Path = ROOT) -> list[Step]:
    """Return all steps, in the order of their numbers."""
    found = []
    for folder in (root / 'steps').glob('step*'):
        if match := re.fullmatch(r'step(\d+)_\w+', folder.name):
            found.append(Step(int(match[1]), folder.name))
    return sorted(found, key=lambda step: step.number)
