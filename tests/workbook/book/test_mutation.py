"""The mutants of lab 7 are small changes, and what judges them can tell."""

import ast
import sys

import pytest

from workbook.book import labs
from workbook.suites import FAILURES, OK

sys.path.append(str(labs.FOLDER))

import mutation

HALF = """
def half(number):
    if number > 1 and not number % 2:
        return number // 2
    return None
"""


@pytest.fixture
def project(tmp_path):
    """Return a project with one module, and the text of its tests."""
    package = tmp_path / 'project' / 'asgilook'
    package.mkdir(parents=True)
    (package / '__init__.py').touch()
    (package / 'half.py').write_text(HALF, encoding='utf-8')
    (package.parent / 'pyproject.toml').touch()
    return package.parent


def test_each_mutant_is_one_small_change(project):
    """Each can be run, and differs from the module in one place."""
    path = project / 'asgilook' / 'half.py'
    found = mutation.mutants(path)
    assert [(mutant.line, mutant.before, mutant.after) for mutant in found] == [
        (3, 'number > 1 and (not number % 2)', 'number > 1 or not number % 2'),
        (3, 'number > 1', 'number >= 1'),
        (3, 'not number % 2', 'number % 2'),
        (3, '1', '2'),
        (3, '2', '3'),
        (4, 'return number // 2', 'return'),
        (4, 'number // 2', 'number * 2'),
        (4, '2', '3'),
    ]
    original = ast.unparse(ast.parse(HALF)).splitlines()
    for mutant in found:
        lines = mutant.source.splitlines()
        pairs = zip(original, lines, strict=True)
        assert sum(before != after for before, after in pairs) == 1


def test_a_suite_is_judged_by_what_it_looks_at(project):
    """A suite that looks kills mutants; one that only runs the code kills none."""
    mutants = mutation.mutants(project / 'asgilook' / 'half.py')
    start = 'from asgilook.half import half\ndef test_half():\n    '
    looks = {
        'test_half.py': f'{start}assert [half(8), half(3), half(1)] == [4, None, None]'
    }
    runs = {'test_half.py': f'{start}half(8), half(3)'}
    judge = mutation.Judge()
    assert judge(looks, project, [None]) == [OK]
    survivors = [
        mutant.after
        for mutant, status in zip(mutants, judge(looks, project, mutants), strict=True)
        if status != FAILURES
    ]
    assert survivors == ['number >= 1', '2']
    assert set(judge(runs, project, mutants)) == {OK}

    for suite in [looks, runs]:
        status, report = judge.cover(suite, project)
        assert status == OK
        assert report['totals']['percent_covered'] == 100
