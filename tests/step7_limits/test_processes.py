"""Step 7: conversions run in processes, which can be stopped and replaced."""

import asyncio
import errno
import multiprocessing
import os
import pathlib
import signal
import subprocess

import pytest

from tests.step7_limits.visits import PATIENCE
from workbook.pictures import file_of, upload

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(600),
    pytest.mark.hint(section='step7-processes'),
]


def bomb(scans=400):
    """Return a JPEG of some 80 kB that takes seconds to decode: it's all in passes."""
    import PIL.Image

    data = file_of(PIL.Image.new('L', (4000, 4000), 128), 'JPEG', progressive=True)
    last = data[data.rindex(b'\xff\xda') : -2]
    return data[:-2] + last * scans + data[-2:]


def is_alive(pid):
    """Return whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.hint(
    'The conversion went on after its time was up, or the answer came before it was '
    'over.',
    "`pool().schedule(function, args=args, timeout=timeout)`: pebble kills the task's "
    'process, and only then raises `TimeoutError`.',
)
def test_stopped_for_good(real_workers, run, tmp_path):
    """Work that takes too long is over by the time its caller hears of it."""
    note = tmp_path / 'pid'
    code = f'import os, time; open({str(note)!r}, "w").write(str(os.getpid())); '
    code += 'time.sleep(1000)'
    for seconds in (0.5, 4, 30):  # On a slow machine the first may be too short.
        with pytest.raises(real_workers.StoppedError):
            run(real_workers.run(exec, code, timeout=seconds))
        if note.exists() and note.read_text():
            break
    assert not is_alive(int(note.read_text()))
    assert run(real_workers.run(max, 1, 2, timeout=PATIENCE)) == 2


@pytest.mark.hint(
    'An error in the process is not the one that the caller sees.',
    '`await asyncio.wrap_future(future)` raises whatever the function did. Turn only '
    '`MemoryError`, `TimeoutError` and `pebble.ProcessExpired` into `StoppedError`.',
)
def test_errors_come_through(real_workers, run):
    """An error in the process reaches its caller."""
    with pytest.raises(ZeroDivisionError):
        run(real_workers.run(exec, '1 / 0', timeout=PATIENCE))


@pytest.mark.hint(
    'The disk was full, and the log has a traceback instead of the reason.',
    'An error that comes from a process has the traceback there as its `__cause__`. '
    'Give the reason to `StorageFullError(error)`, and log that.',
)
@pytest.mark.skipif(not pathlib.Path('/dev/full').exists(), reason='no /dev/full')
def test_full_disk_comes_through(real_workers, module, run, tmp_path):
    """The reason why there was no room reaches the caller, in a single line."""
    (tmp_path / 'upload').write_bytes(upload())
    arguments = tmp_path / 'upload', pathlib.Path('/dev/full')
    with pytest.raises(module('files').StorageFullError) as caught:
        run(real_workers.run(module('convert').to_jpeg, *arguments, timeout=PATIENCE))
    assert str(caught.value) == str(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


@pytest.mark.hint(
    'A process took all the memory there is, or its `MemoryError` became a 500.',
    'Limit it in the initializer of the pool: `resource.setrlimit(resource.RLIMIT_AS, '
    '(MEMORY, MEMORY))`.',
)
@pytest.mark.skipif("sys.platform != 'linux'", reason='macOS has no such limit.')
def test_too_much_memory(real_workers, run):
    """Work that wants too much memory is stopped."""
    with pytest.raises(real_workers.StoppedError):
        run(real_workers.run(exec, 'bytearray(2_000_000_000)', timeout=PATIENCE))


@pytest.mark.hint(
    'A process takes the time of those who answer clients, or all the memory.',
    '`prepare` calls `os.nice(5)`, and sets `RLIMIT_AS` to `MEMORY`.',
)
@pytest.mark.skipif("sys.platform == 'win32'", reason='Windows has neither.')
def test_prepared(module, monkeypatch):
    """A process makes way for others, and has a limit to its memory."""
    import resource

    workers, told = module('workers'), []
    monkeypatch.setattr(signal, 'signal', lambda *arguments: told.append(arguments))
    monkeypatch.setattr(os, 'nice', told.append)
    monkeypatch.setattr(resource, 'setrlimit', lambda *limits: told.append(limits))
    workers.prepare()
    assert (signal.SIGTERM, signal.SIG_DFL) in told
    assert any(isinstance(each, int) and each > 0 for each in told)
    assert (resource.RLIMIT_AS, (workers.MEMORY, workers.MEMORY)) in told


@pytest.mark.hint(
    'A process was killed in the middle of its work, as by the kernel when memory runs '
    'out.',
    'pebble raises `ProcessExpired` for the task, and starts another process.',
)
def test_killed_at_work(real_workers, run):
    """A process that is killed at work is replaced."""
    code = f'import os; os.kill(os.getpid(), {int(signal.SIGKILL)})'
    for _ in range(real_workers.COUNT + 1):
        with pytest.raises(real_workers.StoppedError):
            run(real_workers.run(exec, code, timeout=PATIENCE))
    assert run(real_workers.run(max, 1, 2, timeout=PATIENCE)) == 2


@pytest.mark.hint(
    'A process was killed while it had nothing to do, and nothing is converted any '
    'more, '
    'or the others of its pool are still there.',
    'pebble gives up then: `pool().active` is false. `join` that pool, forget it '
    '(`pool.cache_clear()`), and take a new one.',
)
def test_killed_while_idle(real_workers, run):
    """Processes that are killed while they have nothing to do are replaced."""
    pid = run(real_workers.run(os.getpid, timeout=PATIENCE))
    os.kill(pid, signal.SIGKILL)

    async def story():
        async with asyncio.timeout(PATIENCE):
            while real_workers.pool().active:
                await asyncio.sleep(0.01)
        calls = [real_workers.run(os.getpid, timeout=PATIENCE) for _ in range(8)]
        return set(await asyncio.gather(*calls))

    pids = run(story())
    assert pid not in pids
    alive = [process.pid for process in multiprocessing.active_children()]
    assert pids <= set(alive)
    assert len(alive) <= real_workers.COUNT


@pytest.mark.hint(
    'The service waits for a process that is stopped with it, or leaves it running.',
    'Reset SIGTERM in the initializer: `signal.signal(signal.SIGTERM, '
    'signal.SIG_DFL)`.',
)
def test_end_with_the_service(make_server):
    """The processes end with the service, also if that is killed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        server = make_server()
        assert server.request('POST', '/images', upload())[0] == 201
        group = f'/proc/{server.process.pid}/task/{server.process.pid}/children'
        if not os.path.exists(group):
            pytest.skip('It needs /proc.')
        children = [int(pid) for pid in pathlib.Path(group).read_text().split()]
        assert children
        server.stop(number)

        async def gone(children=children):
            async with asyncio.timeout(PATIENCE):
                while any(map(is_running, children)):
                    await asyncio.sleep(0.01)

        asyncio.run(gone())


def is_running(pid):
    """Return whether a process that is no child of ours runs, and is no zombie."""
    try:
        stat = pathlib.Path(f'/proc/{pid}/stat').read_text()
    except OSError:
        return False
    return stat.rpartition(')')[2].split()[0] != 'Z'


@pytest.mark.hint(
    'An image that takes too long to convert is not answered 422.',
    'Raise `StoppedError`, and add a handler for it to the app.',
)
def test_bomb(config, real_workers, request, client, left_behind, caplog):
    """An image that takes too long to convert is refused, and the next is stored."""
    caplog.set_level('INFO')
    config.convert_timeout = PATIENCE
    assert client.simulate_post('/images', body=upload()).status_code == 201
    before = left_behind()
    config.convert_timeout = 0.1

    result = client.simulate_post('/images', body=bomb())

    assert result.status_code == 422
    assert 'too much time' in result.json['description']
    assert left_behind() == before
    [told] = [each.getMessage() for each in caplog.records if 'stopped' in each.msg]
    assert 'Timeout' in told
    config.convert_timeout = PATIENCE
    assert client.simulate_post('/images', body=upload()).status_code == 201


@pytest.mark.hint(
    'The log no longer has the cause for which an image was refused.',
    'What a process logs is lost. Let the error bring its cause along: '
    '`damaged.add_note(repr(error))`, and log it in the service.',
)
def test_log_has_the_cause(config, real_workers, client, caplog):
    """The log says why an image was refused, although another process found out."""
    caplog.set_level('INFO')
    config.convert_timeout = PATIENCE
    result = client.simulate_post('/images', body=upload()[:-200])
    assert result.status_code == 422
    [told] = [r.getMessage() for r in caplog.records if 'decoded' in r.msg]
    assert 'Error' in told


@pytest.mark.hint(
    'The processes went on after the server, or stopped after a simulated request.',
    "`if 'state' in scope: await workers.stop()`: only a server has a `state`.",
)
def test_end_of_service(real_workers, store, run):
    """The processes end with a server, but not with each simulated request."""
    run(real_workers.run(max, 1, 2, timeout=PATIENCE))
    started = real_workers.pool()
    run(store.process_shutdown({'type': 'lifespan'}, {}))
    assert real_workers.pool() is started
    for _ in range(2):  # The second time, there is nothing to stop.
        run(store.process_shutdown({'type': 'lifespan', 'state': {}}, {}))
    assert not started.active
    assert run(real_workers.run(max, 1, 2, timeout=PATIENCE)) == 2


@pytest.mark.hint(
    'The server ended without its processes, and Python warns about the locks that '
    'they left.',
    '`Store.process_shutdown` stops them: `await workers.stop()`. The store has to be '
    "among the app's `middleware`, and a server's scope has a `state`.",
)
def test_end_with_the_server(make_server):
    """The processes end with the server, and leave nothing to complain of."""
    server = make_server(stderr=subprocess.PIPE)
    assert server.request('POST', '/images', upload())[0] == 201
    server.stop()
    with server.process.stderr as log:  # Its end comes when all processes have ended.
        assert b'leaked' not in log.read()
