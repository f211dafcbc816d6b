"""Take pictures of the viewer: the README's, on the last step it shows, and chapters'.

    python -m workbook.book.viewer_picture

Serves the step, uploads the samples in Chromium, fetches each thumbnail twice, and
writes docs/pictures/viewer.webp. For the chapters that show the page as it is then, a
photo is enough, and a smaller window: docs/pictures/viewer-step3.webp and so on. Run it
in the environment of `tox -e workbook`.
"""

import contextlib
import io
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from workbook.book import samples
from workbook.book.browse import OPTIONS, chromium
from workbook.layout import ROOT, Step, steps
from workbook.processes import comes_up, free_port

FILE = ROOT / 'docs' / 'pictures' / 'viewer.webp'
SIZE = (1280, 850)
"""Of the window, in the page's pixels."""

FINER = 1.5
"""How many pixels of the picture one of those is."""

CHAPTERS = (3, 4)
"""The chapters with a picture of their own."""

CHAPTER_SIZE = (1000, 620)


def has_own_page(step: Step) -> bool:
    """Return whether the step brings a page of its own."""
    return any(name.endswith('.html') for name in step.contents)


def last_viewed() -> Step:
    """Return the last step without a page of its own."""
    return [step for step in steps() if not has_own_page(step)][-1]


def chapter_file(number: int) -> pathlib.Path:
    """Return the picture of a chapter."""
    return FILE.with_name(f'viewer-step{number}.webp')


@contextlib.contextmanager
def served(step: Step, folder: pathlib.Path) -> Iterator[str]:
    """Serve a step; yield its URL."""
    port = free_port()
    server = subprocess.Popen(
        [
            sys.executable,
            '-m',
            'workbook.reader.serve',
            str(step.number),
            f'--port={port}',
        ],
        env={
            **os.environ,
            'PYTHONPATH': str(step.snapshot),
            'ASGI_LOOK_STORAGE_PATH': str(folder / 'store'),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        if not comes_up(server, port):
            raise SystemExit(f'The service did not start on port {port}.')
        yield f'http://127.0.0.1:{port}/'
    finally:
        server.terminate()
        server.wait()


def use(page: Page, folder: pathlib.Path) -> None:
    """Upload the samples; fetch each of their thumbnails until it comes from Redis."""
    samples.write(folder)
    for name in ['logo.png', 'photo.jpeg']:
        page.set_input_files('#picker', folder / name)
        card = page.locator('.card', has_text=name)
        card.locator('img').wait_for()
        # The largest comes last, so it is the one to be seen.
        for row in reversed(card.locator('.rung').all()[1:]):
            for word in ['Miss', 'Hit']:
                if not row.get_by_text(word).is_visible():
                    row.get_by_role('button').click()
                row.get_by_text(word).wait_for()
    page.locator('#wire details').first.locator('summary').click()
    page.mouse.move(0, 0)


def use_in_chapter(page: Page, folder: pathlib.Path) -> None:
    """Upload the photo, and fetch the thumbnails there are."""
    samples.write(folder)
    page.set_input_files('#picker', folder / 'photo.jpeg')
    card = page.locator('.card', has_text='photo.jpeg')
    card.locator('img').wait_for()
    for row in reversed(card.locator('.rung').all()[1:]):
        row.get_by_role('button').click()
        row.get_by_text(' ms').wait_for()
    page.locator('#wire details').first.locator('summary').click()
    page.mouse.move(0, 0)


def take(
    step: Step,
    use: Callable[[Page, pathlib.Path], None],
    size: tuple[int, int],
    finer: float,
) -> Image.Image:
    """Return the viewer's page on a step, as it is when it has been used."""
    with (
        tempfile.TemporaryDirectory() as name,
        served(step, pathlib.Path(name)) as url,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium(), args=OPTIONS) as browser,
    ):
        page = browser.new_page(
            viewport={'width': size[0], 'height': size[1]},
            device_scale_factor=finer,
            reduced_motion='reduce',
        )
        page.goto(url)
        use(page, pathlib.Path(name))
        taken = page.screenshot(animations='disabled')
    with Image.open(io.BytesIO(taken)) as image:
        return image.convert('RGB')


def draw() -> bytes:
    """Return the picture, as WebP without loss: half of what a PNG takes."""
    output = io.BytesIO()
    picture = take(last_viewed(), use, SIZE, FINER)
    picture.save(output, 'WEBP', lossless=True, quality=100)
    return output.getvalue()


def draw_chapter(number: int) -> bytes:
    """Return the picture of a chapter; it's small, so a little loss isn't seen."""
    [step] = [step for step in steps() if step.number == number]
    output = io.BytesIO()
    picture = take(step, use_in_chapter, CHAPTER_SIZE, FINER)
    picture.save(output, 'WEBP', quality=72, method=6)
    return output.getvalue()


if __name__ == '__main__':
    FILE.write_bytes(draw())
    for number in CHAPTERS:
        chapter_file(number).write_bytes(draw_chapter(number))
