"""Let Pillow work in a thread; print how many turns another thread gets."""

import functools
import io
import statistics
import tempfile
import threading
import time
from collections.abc import Callable

import PIL.Image

SIZE = (4000, 3000)


def beats_per_second(work: Callable[[], object]) -> float:
    """Do the work in a thread; return how often this one woke up in the meantime."""
    thread = threading.Thread(target=work)
    start, beats = time.perf_counter(), 0
    thread.start()
    while thread.is_alive():
        time.sleep(0.001)
        beats += 1
    return beats / (time.perf_counter() - start)


def to_memory(picture: PIL.Image.Image) -> bytes:
    """Encode the picture to a BytesIO."""
    output = io.BytesIO()
    picture.save(output, 'JPEG', quality=90)
    return output.getvalue()


def to_file(picture: PIL.Image.Image) -> None:
    """Encode the picture to a real file."""
    with tempfile.TemporaryFile() as output:
        picture.save(output, 'JPEG', quality=90)


def decode(data: bytes) -> None:
    """Decode a picture file."""
    PIL.Image.open(io.BytesIO(data)).load()


def main() -> None:
    """Measure each kind of work against a thread that does nothing."""
    noise = PIL.Image.effect_noise(SIZE, 24)
    photo = PIL.Image.merge('RGB', [noise, noise, noise])
    logo = photo.copy()
    logo.putalpha(noise)
    white = PIL.Image.new('RGBA', SIZE, 'white')
    kinds: dict[str, Callable[[], object]] = {
        'decode': functools.partial(decode, to_memory(photo)),
        'turn': lambda: photo.transpose(PIL.Image.Transpose.ROTATE_90),
        'resize': lambda: photo.resize((2000, 1500)),
        'paste with a mask': lambda: white.paste(logo, mask=logo),
        'alpha_composite': lambda: PIL.Image.alpha_composite(white, logo),
        'encode to a file': lambda: to_file(photo),
        'encode to a BytesIO': lambda: to_memory(photo),
    }
    for name, work in kinds.items():
        ratios = []
        for _ in range(3):
            idle = beats_per_second(lambda: time.sleep(0.1))
            ratios.append(beats_per_second(work) / idle)
        print(f'{name:20} {statistics.median(ratios):.2f} s')


if __name__ == '__main__':
    main()
