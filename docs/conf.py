"""How Sphinx builds the book."""

import os
import pathlib
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
    'workbook.book.sphinx_ext.face',
    'workbook.book.sphinx_ext.traces',
    'workbook.book.sphinx_ext.downloads',
    'workbook.book.sphinx_ext.ebook',
    'sphinx.ext.autodoc',
    'sphinx_copybutton',
    'sphinx_design',
    'sphinxext.opengraph',
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
html_css_files = ['workbook.css', 'boxes.css', 'labs.css', 'traces.css']
html_js_files = ['workbook.js', 'traces.js']
html_favicon = '_static/favicon.svg'
html_copy_source = False
html_show_sphinx = False
html_theme_options = {'navigation_with_keys': True}
if repository := os.environ.get('READTHEDOCS_GIT_CLONE_URL'):
    html_theme_options |= {
        'source_repository': repository.removesuffix('.git'),
        'source_branch': os.environ.get('READTHEDOCS_GIT_IDENTIFIER', 'main'),
        'source_directory': 'docs/',
    }

# The e-book, `tox -e epub`. There's no release yet, and it has to say which it is.
version = os.environ.get('READTHEDOCS_GIT_IDENTIFIER', 'unreleased')
epub_basename = 'asgilook-workbook'
epub_author = epub_publisher = author
epub_description = 'Build an image sharing service with Falcon and ASGI, step by step.'
epub_css_files = ['workbook.css', 'boxes.css', 'labs.css', 'ebook.css']
epub_exclude_files = ['.buildinfo.bak']
epub_show_urls = 'no'

# What a link to a page looks like elsewhere. Where the book is published, Read the Docs
# says where that is.
html_baseurl = os.environ.get('READTHEDOCS_CANONICAL_URL', '')
ogp_site_url = html_baseurl or 'http://127.0.0.1/'
ogp_social_cards = {'enable': False}
ogp_description_length = 160

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

# `sphinx -b linkcheck` follows links to other sites; a reader's own server isn't one.
linkcheck_ignore = [r'https?://(localhost|127\.0\.0\.1)(:\d+)?(/|$)']
linkcheck_timeout = 30
linkcheck_retries = 3
