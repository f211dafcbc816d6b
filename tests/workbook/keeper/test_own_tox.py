"""The project that readers end with has a tox.ini of its own, and it works."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from workbook.layout import ROOT, steps

pytest.importorskip('tox', reason='tox is not installed')

WITH_TOX = [step for step in steps() if (step.snapshot / 'tox.ini').exists()]
"""Those whose readers have a tox.ini."""
CHAPTER = ROOT / 'docs' / 'tutorial' / f'step{WITH_TOX[0].number}.rst'
PYTHON = f'py{sys.version_info.major}{sys.version_info.minor}'


def tox(folder, *arguments):
    """Run tox in a folder as a reader does; return what it printed."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith('TOX')
    }
    ended = subprocess.run(
        [sys.executable, '-m', 'tox', *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding='utf-8',
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


@pytest.mark.timeout(600)
@pytest.mark.parametrize('step', WITH_TOX, ids=lambda step: step.name)
def test_tox(step, tmp_path):
    """Tox alone runs what the chapter shows, and it passes."""
    ignored = shutil.ignore_patterns('__pycache__', '.*')
    shutil.copytree(step.snapshot, tmp_path / 'own', ignore=ignored)
    text = CHAPTER.read_text(encoding='utf-8')
    [shown] = re.findall(r'^   \$ tox\n((?:   .+\n)+)', text, re.MULTILINE)
    names = re.findall(r'^ +(\w+): OK', shown, re.MULTILINE)
    assert tox(tmp_path / 'own', 'list', '-q', '--no-desc', '-d').split() == names

    # One Python is enough here: `tox -e py312-step6` and the like run on the others.
    printed = tox(tmp_path / 'own', '-e', f'{PYTHON},lint')
    assert set(re.findall(r'^ +(\w+): OK', printed, re.MULTILINE)) == {PYTHON, 'lint'}
    count = sum(name.endswith('.py') for name in step.contents)
    for line in re.findall(r'^   (\w.+)', shown, re.MULTILINE):
        later = re.sub(r'^\d+(?= files)', str(count), line)
        assert (line if step == WITH_TOX[0] else later) in printed
