"""Step 7: what is decoded at the same time, and who waits how long for a turn."""

import asyncio
import contextlib

import falcon.testing
import PIL.Image
import pytest

from tests.step7_limits.visits import PATIENCE, Hasty, Visit
from workbook.pictures import draw, file_of, upload

SIZE = (100, 100)
PIXELS = SIZE[0] * SIZE[1]
EXIF = PIL.Image.Exif()
EXIF[0x0112] = 6  # The orientation.

pytestmark = pytest.mark.hint(section='step7-budget')


@pytest.fixture
def ids(config):
    """Return the ids that uploads will get, in their order."""
    import uuid

    numbers = [uuid.UUID(int=number) for number in range(1, 50)]
    config.uuid_generator = iter(numbers).__next__
    return [str(number) for number in numbers]


@contextlib.asynccontextmanager
async def answered():
    """Run tasks; all have to end before anybody loses patience."""
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        yield group


def post(app, data=None):
    """Return an upload by a client that stays."""
    return Visit(app, 'POST', '/images', [data or upload(SIZE)])


@pytest.mark.hint(
    'More was decoded at the same time than the budget has, or a small image overtook '
    'a large one that had come before it.',
    'Keep a queue: only its first may take a share, as soon as there is enough. When '
    'a share comes back, look at the queue again.',
)
def test_first_come_first_served(config, ids, work, request, run, until):
    """Uploads share the budget in the order in which they came."""
    config.pixel_budget = 2 * PIXELS
    app = request.getfixturevalue('app')
    large = upload((100, 200))
    work.gates = {image_id: asyncio.Event() for image_id in ids[:2]}

    async def story():
        async with answered() as group:
            tasks = []
            for count, data in enumerate([None, large, None, None], 1):
                tasks.append(group.create_task(post(app, data).run()))
                await until(lambda count=count: work.measured == count)
            await until(lambda: work.converted)
            for count, gate in enumerate(work.gates.values(), 1):
                assert work.converted == ids[:count]
                assert work.at_work == 1
                gate.set()
                await until(lambda count=count: len(work.converted) > count)
            await until(lambda: work.at_work == 2)
            work.go.set()
        return [task.result() for task in tasks]

    assert run(story()) == [201] * 4
    assert sorted(work.converted[2:]) == ids[2:4]
    assert work.most_at_work == 2


@pytest.mark.hint(
    'An image that is changed on the way, such as one with transparency, is in memory '
    'twice. What does your budget count?',
    'Let `measure` return twice the pixels for all but a plain JPEG: one in RGB, '
    'without EXIF, without a profile, and not progressive.',
)
@pytest.mark.parametrize(
    ('mode', 'file_format', 'options', 'at_work'),
    [
        ('RGB', 'JPEG', {}, 2),
        ('RGB', 'JPEG', {'progressive': True}, 1),
        ('RGB', 'JPEG', {'exif': EXIF}, 1),
        ('CMYK', 'JPEG', {}, 1),
        ('RGBA', 'PNG', {}, 1),
    ],
)
def test_pixels_held(
    config, work, request, run, until, mode, file_format, options, at_work
):
    """What counts are the pixels in memory: those of most images are there twice."""
    config.pixel_budget = 2 * PIXELS
    app = request.getfixturevalue('app')
    data = file_of(draw(SIZE, mode), file_format, **options)

    async def story():
        async with answered() as group:
            tasks = [group.create_task(post(app, data).run()) for _ in range(3)]
            await until(lambda: work.measured == 3)
            await until(lambda: work.at_work >= at_work)
            work.go.set()
        return [task.result() for task in tasks]

    assert run(story()) == [201] * 3
    assert work.most_at_work == at_work


@pytest.mark.hint(
    'An image larger than the whole budget waits for ever, or is refused.',
    'It takes the whole budget, once all of that is free: `min(amount, self._amount)`.',
)
def test_larger_than_the_budget(config, request, run):
    """An image with more pixels than the budget is converted by itself."""
    config.pixel_budget = PIXELS // 2
    app = request.getfixturevalue('app')

    async def story():
        async with answered() as group:
            tasks = [group.create_task(post(app).run()) for _ in range(3)]
        return [task.result() for task in tasks]

    assert run(story()) == [201] * 3


@pytest.mark.hint(
    'Many tiny images fit into the budget at the same time, but there are few '
    'processes.',
    'Nobody takes less than a part of the budget: the whole, divided by '
    '`workers.COUNT`.',
)
def test_no_more_than_there_are_processes(config, module, work, request, run, until):
    """There are never more conversions at the same time than processes."""
    app = request.getfixturevalue('app')
    count = module('workers').COUNT

    async def story():
        async with answered() as group:
            visits = [post(app) for _ in range(count + 3)]
            tasks = [group.create_task(visit.run()) for visit in visits]
            await until(lambda: work.measured == count + 3)
            await until(lambda: work.at_work >= count)
            work.go.set()
        return [task.result() for task in tasks]

    assert set(run(story())) == {201}
    assert work.most_at_work == count


@pytest.mark.hint(
    'Nobody may wait for ever. What ends the wait, and with which answer?',
    '`asyncio.wait` with a `timeout`; if your turn has not come, raise '
    '`falcon.HTTPServiceUnavailable` with `retry_after`, and leave the queue.',
)
def test_waits_too_long(config, work, request, run, until, left_behind):
    """An upload that gets no share in time is answered 503, and when to try again."""
    config.pixel_budget, config.queue_timeout = PIXELS, 0.05
    app = request.getfixturevalue('app')

    async def story():
        async with answered() as group:
            first = group.create_task(post(app).run())
            await until(lambda: work.converted)
            late = post(app)
            assert await late.run() == 503
            work.go.set()
        assert await post(app).run() == 201
        return first.result(), dict(late.sent.headers)

    status, headers = run(story())
    assert status == 201
    assert int(headers['retry-after']) >= 1
    assert len(left_behind()) == len(work.converted) == 2


@pytest.mark.hint(
    'Somebody got a share and never gave it back. Which way out of the block skips '
    'that?',
    'Give the share back in a `finally`: it also runs after an error, and after the '
    'request was cancelled.',
)
@pytest.mark.parametrize(
    'how', ['damaged', 'stopped', 'cancelled', 'cancelled in line']
)
def test_share_comes_back(
    config, module, work, request, run, until, monkeypatch, left_behind, how
):
    """A share comes back, whatever becomes of the upload that had it."""
    config.pixel_budget = PIXELS
    app = request.getfixturevalue('app')
    workers = module('workers')

    async def stopped(function, *arguments, timeout):
        if function.__name__ == 'measure':
            return await work.run(function, *arguments, timeout=timeout)
        raise workers.StoppedError('It took too long.')

    async def cancelled(count):
        tasks = [asyncio.create_task(post(app).run()) for _ in range(count)]
        await until(lambda: work.measured == count)
        tasks[-1].cancel()
        await asyncio.wait(tasks[-1:])
        work.go.set()
        await asyncio.wait(tasks)

    async def story():
        if how == 'damaged':
            work.go.set()
            assert await post(app, upload(SIZE)[:-200]).run() == 422
        elif how == 'stopped':
            with monkeypatch.context() as patch:
                patch.setattr(workers, 'run', stopped)
                assert await post(app).run() == 422
        else:
            await cancelled(1 if how == 'cancelled' else 2)
        before = left_behind()
        work.go.set()
        async with answered() as group:
            tasks = [group.create_task(post(app).run()) for _ in range(2)]
        return before, [task.result() for task in tasks]

    before, statuses = run(story())
    assert len(before) == (how == 'cancelled in line')
    assert statuses == [201, 201]


@pytest.mark.hint(
    'The client has left, and its image is converted all the same. Who would tell?',
    'While a request waits for its turn, wait for `http.disconnect` as well: the first '
    'of the two ends the wait.',
    section='step7-leaving',
)
def test_leaves_in_line(config, ids, work, request, run, until, left_behind):
    """Nobody works for clients who left while they waited for their turn."""
    config.pixel_budget = PIXELS
    app = request.getfixturevalue('app')

    async def story():
        async with answered() as group:
            first = group.create_task(post(app).run())
            await until(lambda: work.converted)
            left = [post(app) for _ in range(5)]
            gone = [group.create_task(visit.run()) for visit in left]
            await until(lambda: work.measured == 6)
            last = group.create_task(post(app).run())
            await until(lambda: work.measured == 7)
            for visit in left:
                visit.leave()
            await asyncio.wait(gone)
            work.go.set()
        return first.result(), last.result()

    assert run(story()) == (201, 201)
    assert work.converted == [ids[0], ids[6]]
    assert left_behind() == [f'{ids[0]}.jpeg', f'{ids[6]}.jpeg']


@pytest.mark.hint(
    'A client sent its image and left before you looked, and you took it for one of '
    "Falcon's simulated clients. How do they differ?",
    "A server's scope has a `state`, a simulated request's doesn't: `watched` may only "
    'go on as if the client were still there if `state` is missing.',
    section='step7-leaving',
)
def test_has_left_already(app, work, run, left_behind):
    """Nobody works for clients who have left by the time their bodies are read."""
    work.go.set()

    async def story():
        async with answered() as group:
            visits = [Hasty(app, 'POST', '/images', [upload(SIZE)]) for _ in range(5)]
            tasks = [group.create_task(visit.run()) for visit in visits]
        return [task.result() for task in tasks]

    assert run(story()) == [400] * 5
    assert (work.measured, work.converted) == (0, [])
    assert left_behind() == []


@pytest.mark.hint(
    'The client left while its image was measured. The budget was free, so its turn '
    'came right away, and nobody looked.',
    'Call `_wait` whether the turn has come or not: it looks at `departure` first.',
    section='step7-leaving',
)
def test_leaves_while_measured(app, work, module, run, until, monkeypatch, left_behind):
    """A client who leaves while its image is measured has nothing converted."""
    work.go.set()
    visit = post(app)

    async def leave_and_run(function, *arguments, timeout):
        visit.leave()
        await until(lambda: True)
        return await work.run(function, *arguments, timeout=timeout)

    monkeypatch.setattr(module('workers'), 'run', leave_and_run)
    assert run(visit.run()) == 400
    assert (work.measured, work.converted) == (1, [])
    assert left_behind() == []


@pytest.mark.hint(
    "Falcon's simulated clients seem to leave as soon as their body has been read, and "
    'the service refuses them.',
    'A client that has left before anybody waits for that is one of those: `watched` '
    'goes on as if it were still there.',
    section='step7-leaving',
)
def test_simulated_clients(config, request, run):
    """Falcon's own simulated clients are served, also those who have to wait."""
    config.pixel_budget = PIXELS
    app = request.getfixturevalue('app')

    async def story():
        async with falcon.testing.ASGIConductor(app) as conductor:
            posts = (
                conductor.simulate_post('/images', body=upload(SIZE)) for _ in range(8)
            )
            return {result.status_code for result in await asyncio.gather(*posts)}

    assert run(story()) == {201}


@pytest.mark.hint(
    'While uploads are converted, others wait, too. What do they share with uploads?',
    'Thumbnails have a budget and threads of their own.',
)
def test_others_are_answered(config, ids, work, request, run, until):
    """While uploads are converted, all else is answered, thumbnails included."""
    config.pixel_budget = PIXELS
    app = request.getfixturevalue('app')

    async def story():
        work.go.set()
        assert await Visit(app, 'POST', '/images', [upload()]).run() == 201
        work.go.clear()
        async with answered() as group:
            for _ in range(20):
                group.create_task(post(app).run())
            await until(lambda: work.measured == 21)
            paths = ['/images', f'/images/{ids[0]}.jpeg', '/nothing']
            paths.append(f'/thumbnails/{ids[0]}/320x180.jpeg')
            statuses = [await Visit(app, 'GET', path).run() for path in paths]
            work.go.set()
        return statuses

    assert run(story()) == [200, 200, 404, 200]


@pytest.mark.hint(
    'To see how large an image is takes a process, too, and a hostile file takes it '
    'for a long time. How many may wait for one?',
    'Measure inside a share of a second budget, of `workers.COUNT`: an upload '
    'that has to wait too long for that is answered 503.',
)
def test_waits_too_long_to_be_measured(
    config, module, request, run, until, monkeypatch
):
    """An upload that can't be measured in time is answered 503."""
    config.queue_timeout = 0.05
    app = request.getfixturevalue('app')
    workers, held_up, go = module('workers'), [], asyncio.Event()

    async def slow(function, *arguments, timeout):
        if not go.is_set():
            held_up.append(function)
            await go.wait()
        return await asyncio.to_thread(function, *arguments)

    monkeypatch.setattr(workers, 'run', slow)

    async def story():
        async with answered() as group:
            tasks = [group.create_task(post(app).run()) for _ in range(workers.COUNT)]
            await until(lambda: len(held_up) == workers.COUNT)
            assert await post(app).run() == 503
            go.set()
        return [task.result() for task in tasks]

    # The first to be measured may then wait too long for each other.
    assert set(run(story())) <= {201, 503}
    assert falcon.testing.TestClient(app).simulate_get('/images').status_code == 200
