"""The exercises, from the folders in exercises/, and how one is checked.

All about an exercise is in its folder, `exercises/stepN_name/exercise_name/`:

- `exercise.toml`: `title`, `order` (within the chapter), and where they are needed
  `requirements` (what pip must install for it), `replaced` (the lines of the snapshot
  that the solution takes out), `unbegun` (the files of the snapshot that it starts
  without, or as the step before left them: the reader is to write them),
  `[holds_already]` (the tests that pass before anything is solved, each with why),
  `[hints]` (by test, the number of the hint that helps when it fails, where not 1) and
  `[out_of_sight]` (the steps' tests that can't see what the solution does, and why).
- `task.rst`, `hints/1.rst`, `hints/2.rst`, ..., `solution.rst`: for the book.
- `test_*.py`: the check. Its fixtures are those of tests/conftest.py.
- `solution/`: the files that differ from the snapshot, whole.
"""

import dataclasses
import difflib
import pathlib
import shutil
import tomllib
from collections.abc import Iterable
from typing import Any

from workbook.cli import UserError
from workbook.layout import ROOT, Step, by_number, copy_tree, steps

EXERCISES = ROOT / 'exercises'


@dataclasses.dataclass(frozen=True)
class Exercise:
    """An exercise: its chapter, its name, and its folder."""

    step: Step
    folder: pathlib.Path
    metadata: dict[str, Any] = dataclasses.field(repr=False)

    @property
    def name(self) -> str:
        """The name that the reader asks for it by."""
        return self.folder.name

    @property
    def title(self) -> str:
        """The heading in the book, without its number."""
        return str(self.metadata['title'])

    @property
    def order(self) -> int:
        """The place among the chapter's exercises."""
        return int(self.metadata['order'])

    @property
    def heading(self) -> str:
        """The heading in the book, with its number."""
        return f'{self.order}. {self.title}'

    @property
    def label(self) -> str:
        """The label that the book's references lead to it by."""
        return f'exercise-{self.name.replace("_", "-")}'

    @property
    def requirements(self) -> list[str]:
        """What has to be installed to check it, beyond what its step needs."""
        return list(self.metadata.get('requirements', []))

    @property
    def replaced(self) -> list[str]:
        """The lines of the snapshot that the solution takes out."""
        return list(self.metadata.get('replaced', []))

    @property
    def unbegun(self) -> list[str]:
        """The files that it starts without, or as the step before left them."""
        return list(self.metadata.get('unbegun', []))

    @property
    def holds_already(self) -> dict[str, str]:
        """The tests that pass before anything is solved, and why."""
        return dict(self.metadata.get('holds_already', {}))

    @property
    def out_of_sight(self) -> dict[str, str]:
        """The steps' tests that can't see what the solution does, and why."""
        return dict(self.metadata.get('out_of_sight', {}))

    @property
    def first_hints(self) -> dict[str, int]:
        """The number of the hint to begin with, by the test that fails, if not 1."""
        return dict(self.metadata.get('hints', {}))

    @property
    def task(self) -> pathlib.Path:
        """What is to be done."""
        return self.folder / 'task.rst'

    @property
    def hints(self) -> list[pathlib.Path]:
        """The hints, in their order."""
        return sorted(self.folder.glob('hints/*.rst'), key=by_number)

    @property
    def checks(self) -> list[pathlib.Path]:
        """The files of tests that check an attempt."""
        return sorted(self.folder.glob('test_*.py'))

    @property
    def overlay(self) -> pathlib.Path:
        """The files of the solution."""
        return self.folder / 'solution'

    @property
    def words(self) -> pathlib.Path:
        """What the book says about the solution."""
        return self.folder / 'solution.rst'


def exercises(folder: pathlib.Path = EXERCISES) -> list[Exercise]:
    """Return all exercises, in the order in which the book has them."""
    by_name = {step.name: step for step in steps()}
    found = []
    for path in folder.glob('*/*/exercise.toml'):
        chapter = path.parent.parent.name
        if chapter not in by_name:
            raise UserError(
                f'{path.parent}: there is no step {chapter}; '
                f'there are {", ".join(by_name)}.'
            )
        try:
            metadata = tomllib.loads(path.read_text(encoding='utf-8'))
        except tomllib.TOMLDecodeError as error:
            raise UserError(f'{path}: {error}.') from None
        if missing := {'title', 'order'} - metadata.keys():
            raise UserError(f'{path}: add {" and ".join(sorted(missing))}.')
        found.append(Exercise(by_name[chapter], path.parent, metadata))
    return sorted(found, key=lambda each: (each.step.number, each.order, each.name))


def find(name: str, folder: pathlib.Path = EXERCISES) -> Exercise:
    """Return the exercise of that name."""
    found = {each.name: each for each in exercises(folder)}
    if name in found:
        return found[name]
    near = difflib.get_close_matches(name, found, n=3, cutoff=0.5) or list(found)
    raise UserError(f'There is no exercise {name!r}. Try {" or ".join(near)}.')


def requirements(found: Iterable[Exercise]) -> list[str]:
    """Return what has to be installed to check these, each once."""
    return list(dict.fromkeys(name for each in found for name in each.requirements))


def check_arguments(exercise: Exercise, folder: pathlib.Path) -> list[str]:
    """Return pytest's arguments to check an attempt: the code in a folder."""
    return [
        f'--config-file={ROOT / "pyproject.toml"}',
        f'--app={folder}',
        *(str(path) for path in exercise.checks),
    ]


def begin(exercise: Exercise, into: pathlib.Path) -> None:
    """Make a folder with what the reader has when the exercise begins."""
    copy_tree(exercise.step.snapshot, into)
    for name in exercise.unbegun:
        if (into / name).is_dir():
            shutil.rmtree(into / name)
        else:
            (into / name).unlink()
        for step in exercise.step.before[-1:]:
            if (step.snapshot / name).is_file():
                shutil.copy(step.snapshot / name, into / name)
