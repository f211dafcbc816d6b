"""Pictures are converted by other processes."""

import asyncio
import io

import PIL.Image
import pytest

from workbook.pictures import upload

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def opened_here(monkeypatch):
    """Return a list of what Pillow opens in this process, in whatever thread."""
    opened = []

    def note(file, *arguments, **options):
        opened.append(file)
        return real(file, *arguments, **options)

    real = PIL.Image.open
    monkeypatch.setattr(PIL.Image, 'open', note)
    return opened


def test_elsewhere(store, run, opened_here, left_behind):
    """A picture is converted and stored, and this process has not opened it."""
    image = run(store.save('a', upload((640, 360), 'PNG')))
    assert tuple(image.size) == (640, 360)
    assert left_behind() == ['a.jpeg']
    assert opened_here == []


def test_several_at_once(store, run, opened_here):
    """Pictures that are saved at the same time all come out right."""
    sizes = [(80 + number, 60) for number in range(6)]

    async def save():
        saving = (store.save(f'{size[0]}', upload(size)) for size in sizes)
        return await asyncio.gather(*saving)

    saved = run(save())
    assert opened_here == []
    for image, size in zip(saved, sizes, strict=True):
        with PIL.Image.open(io.BytesIO(image.path.read_bytes())) as stored:
            assert (stored.format, stored.size) == ('JPEG', size)


def test_mistakes_come_back(module, store, run, left_behind):
    """Bad files still raise the same errors as before."""
    formats = module('formats')
    with pytest.raises(formats.UnknownFormatError):
        run(store.save('a', b'A text.'))
    with pytest.raises(formats.DamagedImageError):
        run(store.save('b', upload()[:1000]))
    assert left_behind() == []
