"""Measure what a thread and a process cost."""

import concurrent.futures
import functools
import io
import multiprocessing
import statistics
import time
from collections.abc import Callable

import PIL.Image

Pool = concurrent.futures.Executor


def echo(data: bytes) -> bytes:
    """Return the data as it came: no work, only the trip there and back."""
    return data


def seconds(work: Callable[[], object]) -> float:
    """Return how long the work takes, in seconds: the median of five runs."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def first_job(make_pool: Callable[[], Pool]) -> None:
    """Start a pool, give it one job, and shut it down."""
    with make_pool() as pool:
        pool.submit(echo, b'').result()


def send(pool: Pool, data: bytes) -> None:
    """Send data to a pool, and wait for it to come back."""
    pool.submit(echo, data).result()


def encode(picture: PIL.Image.Image) -> bytes:
    """Return the picture as JPEG: some real work to compare with."""
    output = io.BytesIO()
    picture.save(output, 'JPEG', quality=90)
    return output.getvalue()


def show(what: str, duration: float) -> None:
    """Print a duration, given in seconds."""
    print(f'{what:33} {duration * 1000:.2f} ms')


def main() -> None:
    """Start one of each, and send an empty job, a picture's pixels, and its file."""
    threads = functools.partial(concurrent.futures.ThreadPoolExecutor, 1)
    processes = functools.partial(
        concurrent.futures.ProcessPoolExecutor,
        1,
        mp_context=multiprocessing.get_context('spawn'),
    )
    show('start of a process', seconds(lambda: first_job(processes)))
    show('start of a thread', seconds(lambda: first_job(threads)))

    noise = PIL.Image.effect_noise((4000, 3000), 24)
    picture = PIL.Image.merge('RGB', [noise, noise, noise])
    pixels, file = picture.tobytes(), encode(picture)
    show('encoding 12 megapixels', seconds(lambda: encode(picture)))
    with threads() as thread, processes() as process:
        send(process, b'')
        show('an empty job for a process', seconds(lambda: send(process, b'')))
        show('an empty job for a thread', seconds(lambda: send(thread, b'')))
        show('a JPEG to a process and back', seconds(lambda: send(process, file)))
        show('its pixels to a process and back', seconds(lambda: send(process, pixels)))


if __name__ == '__main__':
    main()
