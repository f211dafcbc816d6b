"""The viewer in a browser: by mouse, by keyboard, in the dark, and on a phone."""

import base64
import contextlib
import importlib.resources
import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect, sync_playwright

from workbook import processes
from workbook.book import samples
from workbook.layout import ROOT, steps

STEPS = {step.number: step for step in steps()}
VIEWED = max(number for number in STEPS if number < 10)
"""The last step without a page of its own."""

BROWSERS = ['chromium', 'chromium-browser', 'google-chrome']
OPTIONS = [
    '--disable-gpu',
    # What the page wants from elsewhere must not be had, wherever this is run.
    '--no-proxy-server',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
]
PATIENCE = 60_000
"""A last stop, in milliseconds, on machines however slow."""

QUARTER, LEAST = '300 \N{MULTIPLICATION SIGN} 225', '100 \N{MULTIPLICATION SIGN} 75'
"""Sizes as the page shows them: of the photo, and of what it draws by itself."""

DROP = """([name, type, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, {type}));
  for (const kind of ['dragover', 'drop']) {
    document.querySelector('main').dispatchEvent(
      new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: transfer})
    );
  }
}"""
SHIFTS = """() => new Promise((resolve) => {
  new PerformanceObserver((list) => resolve(
    list.getEntries().reduce((sum, entry) => sum + entry.value, 0)
  )).observe({type: 'layout-shift', buffered: true});
  setTimeout(() => resolve(0), 300);
})"""


@pytest.fixture(scope='module')
def browser():
    """Return the system's Chromium."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip('no Chromium is installed')
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=OPTIONS,
            chromium_sandbox=os.name == 'posix' and os.geteuid() != 0,
        )
        yield browser
        browser.close()


@contextlib.contextmanager
def served(number, folder):
    """Serve a step; yield its process and its URL."""
    port = processes.free_port()
    process = subprocess.Popen(
        [
            sys.executable,
            '-m',
            'workbook.reader.serve',
            str(number),
            '--port',
            str(port),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            'PYTHONPATH': str(STEPS[number].snapshot),
            'ASGI_LOOK_STORAGE_PATH': str(folder / 'store'),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert processes.comes_up(process, port, 60)
        yield process, f'http://127.0.0.1:{port}/'
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope='module')
def last(tmp_path_factory):
    """Serve the last step that the viewer shows; return its URL."""
    with served(VIEWED, tmp_path_factory.mktemp('last')) as (_, url):
        yield url


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """Return a folder with the samples in it."""
    folder = tmp_path_factory.mktemp('samples')
    samples.write(folder)
    return folder


@pytest.fixture
def page(browser):
    """Return a page; fail if it complains, or asks another host for something."""
    page = browser.new_page(viewport={'width': 1280, 'height': 900})
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    faults, hosts = [], set()

    def hear(message):
        # An answer such as 415 is no fault of the page.
        if message.type == 'error' and 'status of 4' not in message.text:
            faults.append(message.text)

    page.on('console', hear)
    page.on('pageerror', lambda error: faults.append(error.message))
    page.on('request', lambda request: hosts.add(request.url.split('/')[2]))
    page.faults = faults
    yield page
    page.close()
    assert faults == []
    assert all(host.startswith('127.0.0.1:') or host == '' for host in hosts), hosts


def card(page, name):
    """Return the newest card with that name."""
    heading = page.get_by_role('heading', name=name, exact=True, level=3)
    return page.locator('.card').filter(has=heading).first


def pick(page, *paths):
    """Choose files, as by the picker."""
    page.locator('#picker').set_input_files([str(path) for path in paths])


def test_upload_by_picker(page, last, files):
    """Several files at a time are stored, shown in their shape, and listed."""
    page.goto(last)
    pick(page, files / 'photo.jpeg', files / 'logo.png')
    for name, shape in [('photo.jpeg', 4 / 3), ('logo.png', 3 / 2)]:
        image = card(page, name).get_by_role('img', name=name)
        expect(image).to_be_visible()
        box = image.bounding_box()
        assert box['width'] / box['height'] == pytest.approx(shape, rel=0.02)
    expect(page.get_by_role('status')).to_contain_text('600 \N{MULTIPLICATION SIGN} 4')
    with urllib.request.urlopen(f'{last}images') as answer:  # noqa: S310
        records = json.load(answer)
    page.reload()
    expect(page.locator('#count')).to_have_text(f'{len(records)} pictures')
    for record in records:
        expect(page.locator(f'#picture-{record["id"]} img')).to_be_visible()


def test_upload_by_drop(page, last, files):
    """A file dropped anywhere on the page is stored."""
    page.goto(last)
    page.locator('#upload').wait_for()
    data = base64.b64encode((files / 'logo.png').read_bytes()).decode()
    page.evaluate(DROP, ['dropped.png', 'image/png', data])
    expect(card(page, 'dropped.png').get_by_role('img')).to_be_visible()
    assert not page.evaluate('document.body.classList.contains("dropping")')


def test_upload_before_the_list_is_there(page, last, files):
    """A file that comes while the first list is on its way is not lost."""
    held = []
    page.route('**/images', lambda route: held.append(route), times=1)
    page.goto(last)
    data = base64.b64encode((files / 'logo.png').read_bytes()).decode()
    page.evaluate(DROP, ['early.png', 'image/png', data])
    expect(page.locator('#upload')).to_be_hidden()
    while not held:
        page.wait_for_timeout(10)
    held.pop().continue_()
    expect(card(page, 'early.png').get_by_role('img')).to_be_visible()


NOTE_STATUS = """() => {
  const status = document.getElementById('status');
  window.said = [];
  new MutationObserver(() => said.push(status.textContent))
    .observe(status, {childList: true, characterData: true, subtree: true});
}"""


def test_miss_then_hit(page, last, files):
    """A thumbnail's first time and second time stand one below the other."""
    page.goto(last)
    page.evaluate(NOTE_STATUS)
    pick(page, files / 'photo.jpeg')
    row = card(page, 'photo.jpeg').locator('.rung').filter(has_text=QUARTER)
    button = row.get_by_role('button', name=f'Fetch the thumbnail, {QUARTER}')
    button.click()
    expect(row).to_contain_text('Miss')
    assert 'Hit' not in row.inner_text()
    button.click()
    expect(row).to_contain_text('Hit')
    assert [word for word in row.inner_text().split() if word in ('Miss', 'Hit')] == [
        'Miss',
        'Hit',
    ]
    # Another picture that comes late has its turn there as well.
    page.wait_for_function(
        'text => said.some(each => each.includes(text))',
        arg=f'thumbnail {QUARTER}: Hit',
    )
    expect(button).to_have_attribute('aria-pressed', 'true')
    entry = page.locator('#wire details').first
    expect(entry.locator('summary')).to_contain_text('Hit')
    entry.locator('summary').click()
    expect(entry).to_contain_text('x-asgilook-cache: Hit')
    expect(entry).to_contain_text('content-type: image/jpeg')
    for state in page.locator('#map li').all():
        expect(state).to_have_attribute('data-state', 'works')


def test_refusal_in_the_services_own_words(page, last, files):
    """What the service says to a text file is what the page says."""
    request = urllib.request.Request(f'{last}images', b'no picture')  # noqa: S310
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)  # noqa: S310
    with refused.value as error:
        said = json.load(error)
    page.goto(last)
    pick(page, files / 'notes.txt')
    shown = card(page, 'notes.txt')
    expect(shown).to_contain_text(said['title'])
    expect(shown).to_contain_text(said['description'])
    expect(page.get_by_role('status')).to_contain_text(said['description'])
    shown.get_by_role('button').click()
    expect(shown).to_have_count(0)
    expect(page.locator('#picker')).to_be_focused()


def test_a_name_is_text(page, last, files, tmp_path):
    """A file's name, and what a service answers, never become markup."""
    name = '<img src=x onerror=document.title=1>.png'
    shutil.copy(files / 'logo.png', tmp_path / name)
    page.goto(last)
    pick(page, tmp_path / name)
    expect(card(page, name).get_by_role('img')).to_be_visible()
    assert page.locator('img[src=x]').count() == 0
    assert page.title() != '1'


def colours(page):
    """Return the colours of the page's paper and ink."""
    return page.evaluate(
        '[getComputedStyle(document.body).backgroundColor,'
        ' getComputedStyle(document.body).color]'
    )


def test_narrow_and_dark(page, last, files):
    """On a phone, light or dark, nothing sticks out."""
    page.set_viewport_size({'width': 390, 'height': 844})
    page.emulate_media(color_scheme='light')
    page.goto(last)
    pick(page, files / 'photo.jpeg', files / 'notes.txt')
    card(page, 'notes.txt').get_by_role('button').wait_for()
    for summary in page.locator('#wire summary').all()[:4]:
        summary.click()
    width = 'document.scrollingElement.scrollWidth'
    assert page.evaluate(width) == 390
    light = colours(page)
    page.emulate_media(color_scheme='dark')
    assert page.evaluate(width) == 390
    assert colours(page) != light


def test_nothing_jumps(page, last, files):
    """Pictures that arrive find the room that was kept for them."""
    page.goto(last)
    pick(page, files / 'photo.jpeg')
    expect(card(page, 'photo.jpeg').get_by_role('img')).to_be_visible()
    page.reload()
    expect(page.locator('.card img').first).to_be_visible()
    page.wait_for_load_state('networkidle')
    assert page.evaluate(SHIFTS) < 0.01


def test_keyboard_alone(page, last):
    """Draw a picture and fetch a thumbnail with Tab and Enter, and see where one is."""
    page.goto(last)
    page.locator('#upload').wait_for()
    stops = []

    def focus(wanted):
        for _ in range(100):
            page.keyboard.press('Tab')
            name = page.evaluate(
                'document.activeElement.ariaLabel || document.activeElement.innerText'
                ' || document.activeElement.id'
            )
            shown = page.evaluate(
                '(document.activeElement.id == "picker"'
                ' ? document.querySelector("label") : document.activeElement)'
                '.computedStyleMap().get("outline-style").toString()'
            )
            stops.append((name, shown))
            if wanted in name:
                return
        raise AssertionError(stops)

    focus('picker')
    focus('Draw one for me')
    page.keyboard.press('Enter')
    drawn = card(page, 'landscape.png')
    expect(drawn.get_by_role('img')).to_be_visible()
    focus(f'Fetch the thumbnail, {LEAST}')
    page.keyboard.press('Enter')
    row = drawn.locator('.rung').filter(has_text=LEAST)
    expect(row).to_contain_text('Miss')
    focus('Path')
    page.keyboard.press('Enter')
    focus('GET')
    page.keyboard.press('Enter')
    assert {shown for _, shown in stops} == {'solid'}, stops


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_axe_finds_nothing(page, last, files, scheme):
    """A screen reader can use the page, and everybody can read it."""
    page.emulate_media(color_scheme=scheme, reduced_motion='reduce')
    page.goto(last)
    pick(page, files / 'photo.jpeg', files / 'notes.txt')
    card(page, 'notes.txt').get_by_role('button').wait_for()
    page.locator('#wire summary').first.click()
    page.wait_for_load_state('networkidle')
    assert violations(page) == []


def violations(page):
    """Return what axe finds: rules, and the elements that break them."""
    axe = importlib.resources.files('axe_playwright_python') / 'axe.min.js'
    page.evaluate(f'{axe.read_text("utf-8")}\nundefined;')
    return page.evaluate(
        'axe.run().then((found) => found.violations.map('
        '(one) => [one.id, ...one.nodes.map((node) => node.html)]))'
    )


@pytest.mark.parametrize('number', [1, 2])
def test_no_route_yet(page, number, tmp_path):
    """Steps without a route say that their 404 is right, and what comes."""
    with served(number, tmp_path) as (_, url):
        page.goto(url)
        notice = page.get_by_role('region').filter(has_text='404 Not Found')
        expect(notice).to_contain_text('That 404 is right')
        expect(notice).to_contain_text('step 3')
        if number == 2:
            expect(notice).to_contain_text('python -m asyncio')
        expect(page.locator('#picker')).to_be_hidden()
        assert violations(page) == []
        page.get_by_label('Path').fill('/hello')
        page.get_by_role('button', name='Send').click()
        entry = page.locator('#wire details').first
        expect(entry).to_contain_text('GET /hello')
        expect(entry).to_contain_text('404 Not Found')


@pytest.mark.parametrize('number', [3, 4])
def test_what_is_not_there_yet(page, number, files, tmp_path):
    """A step shows what it has: pictures, then thumbnails, and no cache before 5."""
    with served(number, tmp_path) as (_, url):
        page.goto(url)
        pick(page, files / 'photo.jpeg')
        shown = card(page, 'photo.jpeg')
        expect(shown.get_by_role('img')).to_be_visible()
        expect(shown.locator('.rung')).to_have_count(1 if number == 3 else 4)
        expect(page.locator('[data-route=cache]')).to_contain_text('step 5')
        thumbnails = page.locator('[data-route=thumbnail]')
        expect(thumbnails).to_contain_text('step 4' if number == 3 else 'works')
        assert 'Miss' not in page.locator('body').inner_text()


def test_a_service_that_is_gone(page, files, tmp_path):
    """When nobody answers, the page says so, and where to look; then it goes on."""
    with served(VIEWED, tmp_path) as (process, url):
        page.goto(url)
        page.locator('#upload').wait_for()
        process.terminate()
        process.wait(60)
        pick(page, files / 'photo.jpeg')
        expect(card(page, 'photo.jpeg')).to_contain_text(
            'Is the service still running?'
        )
    page.faults[:] = [one for one in page.faults if 'ERR_CONNECTION' not in one]


HALF_DONE = {
    'nothing': ('GET', 200, '', 'its answer is no list yet'),
    'no list': ('GET', 200, '{"images": []}', 'its answer is no list yet'),
    'no size': ('GET', 200, '[{"id": "a", "image": "/a"}]', 'not all in its list'),
    'null': ('GET', 200, '[null]', 'not all in its list'),
    'error': ('GET', 500, '{"title": "500 Oh"}', 'The traceback is in its terminal'),
    'method': ('GET', 405, '{"title": "405 No", "description": "Not so."}', 'Not so.'),
    'no record': ('POST', 201, '', 'is no record yet'),
    'refused without a word': ('POST', 400, 'no JSON', 'It says no more than that.'),
}


@pytest.mark.parametrize('case', HALF_DONE)
def test_a_service_that_is_half_done(page, last, files, case):
    """Whatever a service answers, the page says what is missing, and goes on."""
    method, status, body, wanted = HALF_DONE[case]

    def answer(route):
        if route.request.method == method:
            route.fulfill(status=status, body=body, content_type='application/json')
        else:
            route.continue_()

    page.route('**/images', answer)
    page.goto(last)
    expect(page.locator('#upload')).to_be_visible()
    pick(page, files / 'photo.jpeg')
    expect(page.locator('main')).to_contain_text(wanted)
    if method == 'GET':
        expect(card(page, 'photo.jpeg').get_by_role('img')).to_be_visible()
    page.faults[:] = [one for one in page.faults if 'status of 500' not in one]
