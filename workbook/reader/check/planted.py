"""Remembers how planted bugs ended, so that a suite isn't tried on them twice."""

import contextlib
import dataclasses
import hashlib
import json
import pathlib
import tempfile
from typing import Any

from workbook.faults import FAULTS
from workbook.layout import PACKAGE, ROOT, Step, files_in

from .runner import Check, Run
from .submission import TESTS

RECORD = ROOT / '.planted.json'
"""How the planted bugs ended, by folder, with a digest of everything it depends on."""


def digest(folder: pathlib.Path, planting: list[Step]) -> str:
    """Return a digest of a suite, its settings, the package and the bugs."""
    found = hashlib.sha256()
    paths = [folder / 'pyproject.toml', FAULTS]
    for place in (folder / TESTS, folder / PACKAGE):
        paths += files_in(place) if place.is_dir() else []
    for step in planting:
        paths += [*files_in(step.tests), *files_in(step.snapshot / PACKAGE)]
    for path in paths:
        if path.is_file():
            found.update(path.as_posix().encode() + b'\0' + path.read_bytes() + b'\0')
    return found.hexdigest()


def known() -> dict[str, Any]:
    """Return what is remembered."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(RECORD.read_text(encoding='utf-8'))
        if isinstance(found, dict):
            return found
    return {}


def remembered(folder: pathlib.Path, planting: list[Step]) -> list[Check] | None:
    """Return how the bugs ended last, if nothing has changed since then."""
    entry = known().get(str(folder))
    with contextlib.suppress(TypeError, KeyError):
        if entry and entry['digest'] == digest(folder, planting):
            return [Check(**check) for check in entry['checks']]
    return None


def remember(folder: pathlib.Path, planting: list[Step], run: Run) -> None:
    """Keep how the bugs ended, and forget the folders that are gone."""
    if run.remark or not run.checks:
        return
    found = {key: it for key, it in known().items() if pathlib.Path(key).is_dir()}
    checks = [dataclasses.asdict(check) for check in run.checks]
    found[str(folder)] = {'digest': digest(folder, planting), 'checks': checks}
    # If it can't be kept, the bugs are planted once more.
    with (
        contextlib.suppress(OSError),
        tempfile.TemporaryDirectory(prefix=RECORD.name, dir=RECORD.parent) as place,
    ):
        written = pathlib.Path(place, RECORD.name)
        written.write_text(json.dumps(found), encoding='utf-8')
        written.replace(RECORD)
