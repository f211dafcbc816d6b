"""Bring the labs into the book: they are kept elsewhere, where JupyterLab opens them.

Each notebook is copied to `docs/labs/` before Sphinx looks for pages. The copy has a
label, `labN`; its links to pages of the book are as that folder needs them; and it
notes what it was made of, so that it is run again when a snapshot has changed, or
anything else that a lab uses.
"""

import hashlib
import os
from typing import Any

import nbformat
from sphinx.application import Sphinx
from sphinx.config import Config

from workbook.keeper.notebooks import FOLDER, Lab, labs, read
from workbook.layout import ROOT, steps

MADE_OF = [
    FOLDER,
    ROOT / 'examples' / 'tour',
    ROOT / 'workbook' / 'layout.py',
    ROOT / 'workbook' / 'faults.py',
    ROOT / 'workbook' / 'book' / 'samples.py',
    *(step.snapshot for step in steps()),
    *(step.tests for step in steps()),
]
PARTS = ['*.*', 'asgilook/*.py', 'tests/*.py']


def digest() -> str:
    """Return a short text that changes whenever the labs may show something else."""
    found = hashlib.sha256()
    for used in MADE_OF:
        inside = [path for part in PARTS for path in used.glob(part)]
        for path in sorted(inside) or [used]:
            if path.suffix in {'.py', '.mplstyle', '.toml'}:
                found.update(path.read_bytes())
    return found.hexdigest()[:12]


def for_the_book(lab: Lab, made_of: str) -> str:
    """Return a notebook as the book has it."""
    notebook = read(lab.path)
    notebook.metadata.kernelspec['made_of'] = made_of
    for cell in notebook.cells:
        if cell.cell_type == 'markdown':
            cell.source = cell.source.replace('](../docs/', '](../')
    notebook.cells[0].source = f'(lab{lab.number})=\n\n{notebook.cells[0].source}'
    return f'{nbformat.writes(notebook)}\n'


def copy(app: Sphinx, config: Config) -> None:
    """Copy the notebooks that have changed; remove copies of those that are gone."""
    os.environ['PYTHONPATH'] = str(FOLDER)
    to, made_of = app.srcdir / 'labs', digest()
    found = {lab.path.name: lab for lab in labs()}
    for path in to.glob('lab*.ipynb'):
        if path.name not in found:
            path.unlink()
    for name, lab in found.items():
        text, copied = for_the_book(lab, made_of), to / name
        if not copied.exists() or copied.read_text(encoding='utf-8') != text:
            copied.write_text(text, encoding='utf-8', newline='\n')


def setup(app: Sphinx) -> dict[str, Any]:
    """Add it to Sphinx."""
    app.setup_extension('myst_nb')
    app.connect('config-inited', copy)
    return {'version': '1', 'parallel_read_safe': True, 'parallel_write_safe': True}
