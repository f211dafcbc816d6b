"""Offer each step as a zip file: ``.. step-zip::`` is the link to the page's own step.

The files are made from the snapshots' folders after the book has been built, and are
the same, byte for byte, as long as the snapshots are. An e-book offers none.
"""

import io
import pathlib
import zipfile
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import OptionSpec

from workbook.book.sphinx_ext.listings import STEPS, page_step
from workbook.layout import Step, steps

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The time that each file in a zip bears: the first there is in that format."""


def name_of(step: Step) -> str:
    """Return the name of a step's zip file."""
    return f'{step.name}.zip'


def archive(step: Step) -> bytes:
    """Return a step's snapshot as a zip file, in a folder of its name."""
    output = io.BytesIO()
    # Not compressed: it's small anyway, and each zlib would compress it differently.
    with zipfile.ZipFile(output, 'w', zipfile.ZIP_STORED) as file:
        for name, content in sorted(step.contents.items()):
            entry = zipfile.ZipInfo(f'{step.name}/{name}', EARLIEST)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            file.writestr(entry, content)
    return output.getvalue()


class StepZip(SphinxDirective):
    """The link to download a whole step."""

    option_spec: ClassVar[OptionSpec] = {'step': directives.positive_int}

    def run(self) -> list[nodes.Node]:
        """Return a paragraph, whose link gets its address when pages are written."""
        step = STEPS[page_step(self)]
        link = addnodes.download_reference('', '', reftarget='https://', zip=step.name)
        link += nodes.literal('', name_of(step))
        words = f', all {len(step.contents)} files of the step.'
        paragraph = nodes.paragraph('', 'Download ', link, nodes.Text(words))
        paragraph['classes'].append('step-zip')
        self.set_source_info(paragraph)
        return [paragraph]


def offers_downloads(app: Sphinx) -> bool:
    """Return whether the book is one whose pages can offer files."""
    builder = app.builder
    return builder.format == 'html' and getattr(builder, 'download_support', False)


def address(app: Sphinx, document: nodes.document, docname: str) -> None:
    """Give the links their address, or take them out of an e-book."""
    for link in list(document.findall(addnodes.download_reference)):
        if 'zip' not in link:
            continue
        link.attributes.pop('refuri', None)
        if offers_downloads(app):
            link['filename'] = f'{link["zip"]}.zip'
        else:
            link.parent.parent.remove(link.parent)


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write the zip files into the book."""
    if exception or not offers_downloads(app):
        return
    folder = pathlib.Path(app.outdir, '_downloads')
    folder.mkdir(exist_ok=True)
    for step in steps():
        (folder / name_of(step)).write_bytes(archive(step))


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive."""
    app.add_directive('step-zip', StepZip)
    app.connect('doctree-resolved', address)
    app.connect('build-finished', write)
    return {'version': '1', 'parallel_read_safe': True, 'parallel_write_safe': True}
