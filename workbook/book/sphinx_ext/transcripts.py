"""Show what was typed and what came of it, in blocks that are run.

``.. session::`` holds what a reader types behind a prompt, and what is printed then.
``workbook/book/run_sessions.py`` runs a page's blocks in their order, and compares.
"""

from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import OptionSpec

from workbook.book.sessions import OPTIONS


class Session(SphinxDirective):
    """A piece of a session in a shell, or in Python's REPL."""

    has_content = True
    option_spec: ClassVar[OptionSpec] = {
        name: directives.unchanged_required if has_value else directives.flag
        for name, has_value in OPTIONS.items()
    }

    def run(self) -> list[nodes.Node]:
        """Return the block, with prompts and output told apart."""
        self.assert_has_content()
        text = '\n'.join(self.content)
        language = 'pycon' if text.startswith('>>>') else 'console'
        if 'log' in self.options:
            language = 'text'
        block = nodes.literal_block(text, text, language=language)
        self.set_source_info(block)
        if reason := self.options.get('not-run'):
            # Whoever reads the page's source sees it; the page does not show it.
            return [nodes.comment('', f'not run: {reason}'), block]
        return [block]


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive."""
    app.add_directive('session', Session)
    return {'version': '1', 'parallel_read_safe': True, 'parallel_write_safe': True}
