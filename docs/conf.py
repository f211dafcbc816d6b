"""How Sphinx builds the book."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / '_ext'))

project = 'asgilook, the workbook'
author = "The asgilook workbook's authors"
copyright = f'2026, {author}'  # noqa: A001 - the name is Sphinx's

extensions = ['snapshots', 'transcripts', 'sphinx_copybutton', 'sphinx_design']
exclude_patterns = ['_build', 'requirements.txt', 'pictures']
nitpicky = True
highlight_language = 'python'

html_theme = 'furo'
html_title = 'asgilook, the workbook'
html_static_path = ['_static']
html_css_files = ['workbook.css']
html_copy_source = False
html_show_sphinx = False

# Prompts stay out of what is copied, and so does what a command printed.
copybutton_prompt_text = r'\$ |>>> |\.\.\. '
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
