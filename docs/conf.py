"""How Sphinx builds the book."""

import pathlib
import re
import sys

from workbook.layout import steps

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(steps()[-1].snapshot))

project = 'asgilook, the workbook'
author = "The asgilook workbook's authors"
copyright = f'2026, {author}'  # noqa: A001 - the name is Sphinx's

extensions = [
    'workbook.book.sphinx_ext.curriculum',
    'workbook.book.sphinx_ext.labs',
    'workbook.book.sphinx_ext.listings',
    'workbook.book.sphinx_ext.transcripts',
    'workbook.book.sphinx_ext.exercises',
    'workbook.book.sphinx_ext.lessons',
    'sphinx.ext.autodoc',
    'sphinx_copybutton',
    'sphinx_design',
]
autodoc_typehints = 'none'
autodoc_member_order = 'bysource'
exclude_patterns = ['_build', 'requirements.txt', 'american.txt']
nitpicky = True
default_role = 'code'
highlight_language = 'python'

html_theme = 'furo'
html_title = 'asgilook, the workbook'
html_static_path = ['_static']
html_css_files = ['workbook.css', 'labs.css']
html_copy_source = False
html_show_sphinx = False

# Prompts stay out of what is copied, and so does what a command printed.
copybutton_prompt_text = r'\$ |> (?! )|>>> |\.\.\. '
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True

# `tox -e notebooks` runs the labs; the book shows what came.
nb_execution_mode = 'off'
nb_merge_streams = True
nb_render_error_lexer = 'text'
nb_code_prompt_show = 'Show the code for this figure'
nb_code_prompt_hide = 'Hide the code for this figure'


def focusable(app, pagename, templatename, context, doctree):
    """Let the keyboard scroll what is wider than the page."""
    if 'body' in context:
        context['body'] = (
            context['body']
            .replace('<pre>', '<pre tabindex="0">')
            .replace(
                '<div class="table-wrapper', '<div tabindex="0" class="table-wrapper'
            )
        )
        if pagename.startswith('labs/'):
            context['body'] = re.sub(
                r'<img [^>]*>',
                r'<div class="plot">\g<0></div>',
                context['body'],
            )


def setup(app):
    """Add it."""
    app.connect('html-page-context', focusable)
