"""The labs: notebooks in notebooks/, what they depend on, and what their runs showed.

`tox -e notebooks` runs a lab and keeps what came in `OUTPUTS`; the book shows that.
"""

import dataclasses
import hashlib
import importlib.metadata
import pathlib
import re
from typing import Any

import nbformat

from workbook.layout import ROOT, files_in, steps

FOLDER = ROOT / 'notebooks'
OUTPUTS = ROOT / '.tox' / 'labs'
"""The folder for the labs as they came out when they last ran."""
USED = ['examples', 'tests', 'workbook/layout.py', 'workbook/faults.py',
        'workbook/suites.py', 'workbook/book/samples.py']  # fmt: skip
"""What the labs use besides the snapshots and what is in their own folder."""
MADE_OF = 'made_of'
"""The key in a saved notebook's metadata for the digest of what it was made of."""
OPEN = """```{tip}
To run this lab yourself, start JupyterLab with `tox -e lab` and open `NAME`. You can
also {download}`download the notebook <../../notebooks/NAME>`. It needs the workbook
around it: put it in the `notebooks` folder.
```
"""
"""The box on a lab's page that says how to open it."""
NOT_RUN = """```{note}
The cells below show no results: this lab hasn't run on this machine since it last
changed. Run `tox -e notebooks` and build the book again, or run the lab yourself.
```
"""


@dataclasses.dataclass(frozen=True)
class Lab:
    """A notebook: its number, and where it and its solutions are."""

    number: int
    path: pathlib.Path

    @property
    def solutions(self) -> pathlib.Path:
        """The file with a solution for each cell that is left to the reader."""
        return self.path.parent / 'solutions' / f'{self.path.stem}.py'

    @property
    def output(self) -> pathlib.Path:
        """The file for the lab as it came out."""
        return OUTPUTS / self.path.name


def labs(folder: pathlib.Path = FOLDER) -> list[Lab]:
    """Return all labs, in the order of their numbers."""
    found = []
    for path in folder.glob('lab*.ipynb'):
        if match := re.fullmatch(r'lab(\d+)_\w+', path.stem):
            found.append(Lab(int(match[1]), path))
    return sorted(found, key=lambda lab: lab.number)


def read(path: pathlib.Path) -> Any:
    """Return a notebook."""
    return nbformat.read(path, as_version=4)


def sources(notebook: Any) -> list[tuple[str, str]]:
    """Return the kind and the text of each cell of a notebook."""
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def digest(lab: Lab) -> str:
    """Return a short text that changes whenever the lab's results may change."""
    found = hashlib.sha256(lab.path.read_bytes())
    places = [*(ROOT / place for place in USED), *(step.snapshot for step in steps())]
    places += [FOLDER]
    for place in places:
        for path in files_in(place) if place.is_dir() else [place]:
            if path.suffix in {'.py', '.mplstyle', '.toml'}:
                found.update(path.read_bytes())
    for name in sorted({re.match(r'[\w-]+', it)[0] for it in steps()[-1].dependencies}):  # type: ignore[index]
        found.update(f'{name} {importlib.metadata.version(name)}'.encode())
    return found.hexdigest()[:16]


def last_run(lab: Lab) -> Any | None:
    """Return the lab as it came out when it last ran, or None."""
    return read(lab.output) if lab.output.exists() else None


def is_up_to_date(lab: Lab) -> bool:
    """Return whether nothing that the lab depends on has changed since it ran."""
    found = last_run(lab)
    return found is not None and found.metadata.get(MADE_OF) == digest(lab)


def for_the_book(lab: Lab) -> str:
    """Return a notebook as the book has it: with its last results, if they still fit.

    The copy has a label, `labN`, a box that says how to open the notebook, and links
    that fit the folder it is copied to.
    """
    notebook, ran = read(lab.path), last_run(lab)
    fits = ran is not None and sources(ran) == sources(notebook)
    if ran is not None and fits:
        for cell, came in zip(notebook.cells, ran.cells, strict=True):
            if cell.cell_type == 'code':
                cell.outputs, cell.execution_count = came.outputs, came.execution_count
    for cell in notebook.cells:
        if cell.cell_type == 'markdown':
            cell.source = cell.source.replace('](../docs/', '](../')
    first = notebook.cells[0]
    how_to_open = OPEN.replace('NAME', lab.path.name)
    first.source = f'(lab{lab.number})=\n\n{first.source}\n\n{how_to_open}'
    if not fits:
        first.source += f'\n\n{NOT_RUN}'
    return f'{nbformat.writes(notebook)}\n'
