"""Show what was typed and what came of it, in blocks that are run.

``.. session::`` contains what a reader types after a prompt, and what is printed then.
``workbook/book/run_sessions.py`` runs a page's blocks in their order, and compares. On
the page, each has a heading that says where to type it: in a terminal (the server's,
another one, or the one that ``:terminal:`` names), in the REPL, or nowhere, since it's
the server's log.
"""

from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.directives.code import container_wrapper
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import OptionSpec

from workbook.book.sessions import OPTIONS

SERVERS = 'servers_of_the_page'
"""The key for how many terminals the servers of the blocks above take."""
IN_ROOT = '$ .venv/bin/tox '
"""How a command begins that is run in the repository root."""


class Session(SphinxDirective):
    """A piece of a session in a shell, or in Python's REPL."""

    has_content = True
    option_spec: ClassVar[OptionSpec] = {
        name: directives.unchanged_required if has_value else directives.flag
        for name, has_value in OPTIONS.items()
    }

    def kind(self) -> tuple[str, str, str]:
        """Return the block's language, its class, and its heading."""
        if 'log' in self.options:
            return 'text', 'log', "The server's log"
        if self.content[0].startswith('>>>'):
            return 'pycon', 'repl', 'REPL'
        servers: int = self.env.temp_data.get(SERVERS) or 0
        if 'server' in self.options:
            terminal = self.options.get('terminal', '1: the server')
            number = int(terminal.partition(':')[0])
            self.env.temp_data[SERVERS] = max(servers, number)
            return 'console', 'terminal-1', f'Terminal {terminal}'
        in_root = self.content[0].startswith(IN_ROOT)
        where = ', in the repository root' if in_root else ''
        if name := self.options.get('terminal'):
            return 'console', 'terminal', f'Terminal {name}{where}'
        if servers and not in_root:
            return 'console', 'terminal-2', f'Terminal {servers + 1}'
        return 'console', 'terminal', f'Terminal{where}'

    def run(self) -> list[nodes.Node]:
        """Return the block, below its heading."""
        self.assert_has_content()
        text = '\n'.join(self.content)
        language, name, heading = self.kind()
        block = nodes.literal_block(text, text, language=language)
        self.set_source_info(block)
        box = container_wrapper(self, block, heading)
        box['classes'] += ['box', name]
        if reason := self.options.get('not-run'):
            # Whoever reads the page's source sees it; the page does not show it.
            return [nodes.comment('', f'not run: {reason}'), box]
        return [box]


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive."""
    app.add_directive('session', Session)
    return {'version': '2', 'parallel_read_safe': True, 'parallel_write_safe': True}
