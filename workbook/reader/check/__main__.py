"""`python -m workbook.reader.check`: what `tox -e check` runs."""

import sys

from .command import main

sys.exit(main())
