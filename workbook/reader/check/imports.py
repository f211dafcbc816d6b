"""Imports each module of a reader's package, to name what can't be imported yet.

    python -m workbook.reader.check.imports FOLDER

prints a line of JSON for each error. Checks import a module only once they need it; a
reader wants to know of a slip right after typing it.
"""

import dataclasses
import importlib
import io
import json
import os
import pathlib
import sys

from workbook.layout import PACKAGE

from .explain import Explainer, Explanation

NOT_IMPORTED = {'__init__', '__main__', 'asgi'}
"""The modules that others import, or that create a service."""


def errors(folder: pathlib.Path) -> list[Explanation]:
    """Return what can't be imported, each place once, and what is to blame for it."""
    explainer = Explainer(folder)
    found: dict[str, Explanation] = {}
    for path in sorted((folder / PACKAGE).glob('*.py')):
        if path.stem in NOT_IMPORTED or not path.stem.isidentifier():
            continue
        try:
            importlib.import_module(f'{PACKAGE}.{path.stem}')
        except BaseException as error:
            story = explainer.of_reader(error)
            if story and story.at_import and story.place:
                found.setdefault(story.place, story)
    return list(found.values())


def main() -> None:
    """Import, and print what went wrong; end without what the code left running."""
    folder = pathlib.Path(sys.argv[1]).resolve()
    output, sys.stdout = sys.stdout, io.StringIO()
    sys.path.insert(0, str(folder))
    for story in errors(folder):
        output.write(json.dumps(dataclasses.asdict(story)) + '\n')
    output.flush()
    os._exit(0)


if __name__ == '__main__':
    main()
