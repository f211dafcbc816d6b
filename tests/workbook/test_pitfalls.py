"""The book's pitfalls are today's snapshots with one fault in them, not yesterday's."""

import tomllib

import pytest
from layout import ROOT, steps

BUGS_FILE = ROOT / 'tests' / 'step6_tests' / 'bugs.toml'
BUGS = tomllib.loads(BUGS_FILE.read_text(encoding='utf-8'))
SHOWN = ['a_stream_is_cached', 'options_are_cached']


@pytest.mark.parametrize('name', SHOWN)
def test_pitfall_is_the_planted_bug(name):
    """What the book shows as a fault of the cache is the bug that is planted."""
    bug = BUGS[name]
    [snapshot] = [step.snapshot for step in steps() if step.name == 'step6_tests']
    text = (snapshot / 'asgilook' / bug['file']).read_text(encoding='utf-8')
    for also in ['', 'also_']:
        text = text.replace(bug[f'{also}right'], bug[f'{also}wrong'])
    shown = ROOT / 'docs' / 'pitfalls' / name / 'asgilook' / bug['file']
    assert shown.read_text(encoding='utf-8') == text
