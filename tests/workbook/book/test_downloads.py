"""A reader gets a whole step in one click."""

import io
import os
import shutil
import sys
import zipfile
from unittest import mock

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from workbook import layout
from workbook.book.sphinx_ext import downloads
from workbook.layout import ROOT, steps

STEPS = steps()


@pytest.fixture
def build(tmp_path):
    """Return a function that builds a page; it returns where."""

    def build(builder):
        docs, out = tmp_path / 'docs', tmp_path / builder
        docs.mkdir(exist_ok=True)
        text = ':step: 3\n\nPage\n====\n\n.. step-zip::\n'
        (docs / 'index.rst').write_text(text, encoding='utf-8')
        settings = {
            'extensions': [
                'workbook.book.sphinx_ext.listings',
                'workbook.book.sphinx_ext.downloads',
            ],
            'copyright': 'us',
            'version': '1',
            'suppress_warnings': ['config'],
        }
        folders = [str(docs), None, str(out), str(tmp_path / 'trees')]
        warnings = io.StringIO()
        with (
            mock.patch.object(sys, 'path', sys.path[:]),
            patch_docutils(),
            docutils_namespace(),
        ):
            Sphinx(*folders, builder, settings, None, warning=warnings).build()
        assert not warnings.getvalue()
        return out

    return build


def names(data):
    """Return the names of the files in a zip file."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        return file.namelist()


@pytest.mark.parametrize('step', STEPS, ids=lambda step: step.name)
def test_a_zip_is_the_snapshot(step, tmp_path):
    """Unpacked, it's the snapshot: every file, and nothing that a tool left."""
    with zipfile.ZipFile(io.BytesIO(downloads.archive(step))) as file:
        file.extractall(tmp_path)
    unpacked = tmp_path / step.name
    found = {
        path.relative_to(unpacked).as_posix(): path.read_bytes()
        for path in unpacked.rglob('*')
        if path.is_file()
    }
    assert list(tmp_path.iterdir()) == [unpacked]
    assert found == step.contents


def test_the_bytes_are_the_same_anywhere(tmp_path, monkeypatch):
    """Neither the files' times and modes nor a cache among them change a zip file."""
    step = STEPS[0]
    usual = downloads.archive(step)
    folder = tmp_path / 'steps' / step.name
    shutil.copytree(step.snapshot, folder)
    for path in folder.rglob('*'):
        path.chmod(0o777)
        os.utime(path, (2_000_000_000, 2_000_000_000))
    for cache in ('__pycache__', 'asgilook.egg-info', '.pytest_cache'):
        (folder / cache).mkdir(exist_ok=True)
        (folder / cache / 'left').write_text('by a tool')
    monkeypatch.setattr(layout, 'ROOT', tmp_path)
    [copied] = steps(tmp_path)
    assert copied.snapshot == folder
    assert downloads.archive(copied) == usual
    assert names(usual)


def test_each_chapter_offers_its_step():
    """The link is on each chapter's page."""
    for step in STEPS:
        chapter = ROOT / 'docs' / 'tutorial' / f'step{step.number}.rst'
        assert chapter.read_text(encoding='utf-8').count('\n.. step-zip::\n') == 1


def test_the_link_leads_to_the_file(build):
    """On a web page, the link leads to a zip file of the page's step."""
    book = build('html')
    assert 'href="_downloads/step3_images.zip"' in (book / 'index.html').read_text()
    written = (book / '_downloads' / 'step3_images.zip').read_bytes()
    assert written == downloads.archive(STEPS[2])


def test_an_ebook_offers_no_zip(build):
    """There, a link to download something would lead nowhere."""
    book = build('epub')
    assert 'step3_images.zip' not in (book / 'index.xhtml').read_text()
    assert not list(book.rglob('*.zip'))
