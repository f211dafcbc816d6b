"""Print where the first page of the book is, for a browser to open."""

import pathlib
import sys

print(f'The book: {pathlib.Path(sys.argv[1]).resolve().as_uri()}')
