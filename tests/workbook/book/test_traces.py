"""The animated figures show what really happens, and can be played by anybody."""

import importlib.resources
import json
import os
import shutil
import subprocess
import sys

import pytest
from playwright.sync_api import sync_playwright

from workbook.book import browse, trace_pictures, traces
from workbook.layout import ROOT

NAMES = sorted(trace_pictures.DRAW)
STATIC = ROOT / 'docs' / '_static'
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>A figure</title><style>{style}</style></head>
<body><main><h1>A figure</h1>{figure}</main><script>{script}</script></body>
</html>
"""


@pytest.fixture(scope='module')
def recorded():
    """Return what a new recording gives."""
    return json.loads(
        subprocess.run(
            [sys.executable, '-m', 'workbook.book.traces', '--print'],
            cwd=ROOT,
            env={**os.environ, 'PYTHONPATH': str(ROOT / 'steps' / 'step5_cache')},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
    )


@pytest.mark.parametrize('name', NAMES)
def test_the_record_is_true(recorded, name):
    """The programs do now what the record says, in the same order."""
    assert recorded[name] == traces.load(name), 'run python -m workbook.book.traces'


@pytest.mark.parametrize('name', NAMES)
def test_the_picture_is_drawn_from_the_record(name):
    """The picture, for the e-book and for readers without scripts, shows all of it."""
    picture = ROOT / 'docs' / 'pictures' / f'{name}.svg'
    drawn = trace_pictures.draw(name, traces.load(name))
    assert picture.read_text('utf-8') == drawn, 'run python -m workbook.book.traces'


@pytest.mark.parametrize('name', NAMES)
def test_each_event_is_drawn_and_said(name):
    """There's one group of shapes, and one sentence, for each event of the record."""
    scenes = traces.load(name)
    events = [event for scene in scenes for event in scene['events']]
    figure = trace_pictures.inline(name, scenes)
    steps = [f'<g data-step="{number}">' for number in range(len(events))]
    assert [step for step in steps if figure.count(step) == 1] == steps
    assert figure.count('<li>') == len(events)


@pytest.fixture(scope='module')
def browser():
    """Return the system's Chromium."""
    path = next(filter(None, map(shutil.which, browse.BROWSERS)), None)
    if path is None:
        pytest.skip('no Chromium is installed')
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=browse.OPTIONS,
            chromium_sandbox=os.name == 'posix' and os.geteuid() != 0,
        )
        yield browser
        browser.close()


@pytest.fixture
def open_figure(browser):
    """Return a function that opens a figure on a page of its own."""
    pages = []

    def open_figure(name='breakfast', **settings):
        page = browser.new_page(**settings)
        pages.append(page)
        page.clock.install()
        page.set_content(
            PAGE.format(
                style=(STATIC / 'traces.css').read_text('utf-8'),
                figure=trace_pictures.inline(name, traces.load(name)),
                script=(STATIC / 'traces.js').read_text('utf-8'),
            )
        )
        return page

    yield open_figure
    for page in pages:
        page.close()


def shown(page):
    """Return the numbers of the events that can be seen."""
    return page.evaluate("""() =>
      [...document.querySelectorAll('[data-step]')]
        .filter((one) => getComputedStyle(one).visibility === 'visible')
        .map((one) => Number(one.dataset.step))
    """)


def said(page):
    """Return the sentence below the figure."""
    return page.locator('.trace-now').text_content()


ALL = list(range(sum(len(scene['events']) for scene in traces.load('breakfast'))))
SCENE = len(traces.load('breakfast')[0]['events'])


def test_step_by_step(open_figure):
    """By keyboard alone: a step on, a step back, the next scene, and all of it."""
    page = open_figure()
    assert shown(page) == ALL
    page.get_by_role('button', name='Step').focus()
    for count in range(1, SCENE + 1):
        page.keyboard.press('Enter')
        assert shown(page) == ALL[:count]
        assert said(page).startswith(f'{count} of {len(ALL)}. 0')
    page.keyboard.press('Enter')
    assert shown(page) == [SCENE]
    page.keyboard.press('Shift+Tab')
    page.keyboard.press('Enter')
    assert shown(page) == ALL[:SCENE]
    page.get_by_role('button', name='Show all').press('Enter')
    assert shown(page) == ALL


def test_play_and_pause(open_figure):
    """It plays by itself once asked to, stops when asked to, and stops at its end."""
    page = open_figure()
    page.clock.run_for(60_000)
    assert shown(page) == ALL
    page.get_by_role('button', name='Play').click()
    page.clock.run_for(3_300)
    assert shown(page) == ALL[:3]
    page.get_by_role('button', name='Pause').click()
    page.clock.run_for(60_000)
    assert shown(page) == ALL[:3]
    page.get_by_role('button', name='Play').click()
    page.clock.run_for(60_000)
    assert said(page).startswith(f'{len(ALL)} of {len(ALL)}. ')
    assert page.get_by_role('button', name='Play').is_visible()


def test_still_when_motion_is_unwanted(open_figure):
    """Then nothing plays, nothing moves, and all of it can be stepped through."""
    page = open_figure(reduced_motion='reduce')
    assert shown(page) == ALL
    assert not page.get_by_role('button', name='Play').is_visible()
    page.get_by_role('button', name='Step').click()
    assert page.evaluate('document.getAnimations().length') == 0
    control = open_figure(reduced_motion='no-preference')
    control.get_by_role('button', name='Step').click()
    assert control.evaluate('document.getAnimations().length') > 0


@pytest.mark.parametrize('name', NAMES)
def test_complete_without_a_script(open_figure, name):
    """Without a script, and on paper, all events are there, and no buttons."""
    events = [event for scene in traces.load(name) for event in scene['events']]
    page = open_figure(name, java_script_enabled=False)
    assert page.locator('[data-step]:visible').count() == len(events)
    assert page.get_by_role('button').count() == 0
    page = open_figure(name)
    page.get_by_role('button', name='Step').click()
    page.emulate_media(media='print')
    assert shown(page) == list(range(len(events)))
    assert not page.get_by_role('button', name='Step').is_visible()


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('name', NAMES)
def test_accessible(open_figure, name, scheme):
    """Axe finds nothing, whether all is shown or a part."""
    page = open_figure(
        name, color_scheme=scheme, viewport={'width': 390, 'height': 800}
    )
    package = importlib.resources.files('axe_playwright_python')
    page.evaluate((package / 'axe.min.js').read_text('utf-8'))
    for _ in range(2):
        result = page.evaluate('axe.run()')
        assert result['violations'] == []
        page.get_by_role('button', name='Step').click()
