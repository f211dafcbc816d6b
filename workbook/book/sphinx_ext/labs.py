"""Bring the labs into the book: copy them to `docs/labs/` before Sphinx reads pages.

They are kept elsewhere, where JupyterLab opens them. Sphinx runs none of them: the
copies have the results of the last run.
"""

from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

from workbook.book.labs import for_the_book, labs


def copy(app: Sphinx, config: Config) -> None:
    """Copy the notebooks that have changed; remove copies of those that are gone."""
    to = app.srcdir / 'labs'
    found = {lab.path.name: lab for lab in labs()}
    for path in to.glob('lab*.ipynb'):
        if path.name not in found:
            path.unlink()
    for name, lab in found.items():
        text, copied = for_the_book(lab), to / name
        if not copied.exists() or copied.read_text(encoding='utf-8') != text:
            copied.write_text(text, encoding='utf-8', newline='\n')


def setup(app: Sphinx) -> dict[str, Any]:
    """Add it to Sphinx."""
    app.setup_extension('myst_nb')
    app.connect('config-inited', copy)
    return {'version': '1', 'parallel_read_safe': True, 'parallel_write_safe': True}
