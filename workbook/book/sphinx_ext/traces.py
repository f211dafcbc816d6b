"""Show a recorded trace as a figure that plays: ``.. trace:: NAME``.

The record is ``docs/traces/NAME.json``. On a web page, the figure is a part of the
page, and a script adds buttons to play it and to step through it. Everywhere else, it's
the picture ``docs/pictures/NAME.svg``, with all events in it.
"""

from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import OptionSpec

from workbook.book import trace_pictures, traces


class Trace(SphinxDirective):
    """A recorded trace, with its caption."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[OptionSpec] = {'alt': directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Return the figure, with the picture in it."""
        self.assert_has_content()
        name = self.arguments[0]
        if name not in trace_pictures.DRAW:
            raise self.error(f'There is no record {name}.')
        if 'alt' not in self.options:
            raise self.error('Say in :alt: what there is to see.')
        self.env.note_dependency(str(traces.path(name)))
        picture = nodes.image(
            uri=f'/pictures/{name}.svg', alt=self.options['alt'], trace=name
        )
        self.set_source_info(picture)
        figure = nodes.figure('', picture, classes=['trace-figure'])
        caption = nodes.caption()
        words, _ = self.parse_inline(' '.join(self.content), lineno=self.lineno)
        caption += words
        figure += caption
        self.set_source_info(figure)
        return [figure]


class Play(SphinxPostTransform):
    """Put what plays in the place of the picture, where a script can play it."""

    default_priority = 5

    def run(self, **arguments: Any) -> None:
        """Replace the pictures of a web page."""
        builder = self.env.app.builder
        if builder.format != 'html' or builder.name == 'epub':
            return
        for picture in list(self.document.findall(nodes.image)):
            if name := picture.get('trace'):
                figure = trace_pictures.inline(name, traces.load(name))
                picture.replace_self(nodes.raw('', figure, format='html'))


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive."""
    app.add_directive('trace', Trace)
    app.add_post_transform(Play)
    return {'version': '1', 'parallel_read_safe': True, 'parallel_write_safe': True}
