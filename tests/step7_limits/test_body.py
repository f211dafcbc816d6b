"""Step 7: a body costs no more bytes and seconds than it may, and goes to a file."""

import asyncio
import contextlib
import itertools
import json
import re
import signal

import pytest

from tests.step7_limits.visits import PATIENCE, Silent, Visit
from workbook.pictures import upload
from workbook.processes import wait_until

LIMIT = 100_000
PIECE = bytes(10_000)

pytestmark = pytest.mark.hint(section='step7-bytes')


def padded(size):
    """Return an image file of so many bytes: what comes after its end is ignored."""
    return upload((64, 48)).ljust(size, b'\0')


@pytest.mark.hint(
    'Without `Content-Length`, only the pieces show how large a body is. When do you '
    'add them up?',
    'Count inside the loop over `req.stream`, and raise the error as soon as the sum '
    'is '
    'over the limit: before the piece is written.',
)
def test_too_large_in_pieces(app, config, run, left_behind):
    """A body of unknown length is refused as soon as it has exceeded the limit."""
    config.max_upload_bytes = LIMIT
    visit = Visit(app, 'POST', '/images', itertools.repeat(PIECE, 200))
    assert run(visit.run()) == 413
    assert LIMIT < visit.taken <= LIMIT + 3 * len(PIECE)
    assert left_behind() == []


@pytest.mark.hint(
    'One byte makes the difference. Is the limit still accepted?',
    '`max_upload_bytes` bytes are accepted: compare with `>`. The description of the '
    '413 says what the limit is.',
)
@pytest.mark.parametrize(('extra', 'status'), [(0, 201), (1, 413)])
def test_just_as_large(app, config, client, extra, status):
    """The limit itself is accepted, and one byte more is not."""
    config.max_upload_bytes = 2**20
    result = client.simulate_post('/images', body=padded(2**20 + extra))
    assert result.status_code == status
    assert status == 201 or '1 MiB' in result.json['description']


@pytest.mark.hint(
    'A client sends half of its body, and then nothing. Who ends that?',
    'Put the whole loop over the body inside `async with asyncio.timeout(...)`, and '
    'turn `TimeoutError` into `falcon.HTTPError(falcon.HTTP_408, ...)`.',
    section='step7-time',
)
@pytest.mark.parametrize('pieces', [[], [PIECE]])
def test_too_slow(app, config, run, left_behind, pieces):
    """A body that does not end in time is refused, and leaves nothing."""
    config.upload_timeout = 0.05
    visit = Silent(app, 'POST', '/images', pieces)
    assert run(asyncio.wait_for(visit.run(), PATIENCE / 3)) == 408
    assert left_behind() == []


@pytest.mark.hint(
    'The time limit is for the body alone. What else is inside it?',
    'End the block with `asyncio.timeout` before the image is measured and converted.',
    section='step7-time',
)
def test_slow_conversion_is_not_a_slow_body(app, config, run, work):
    """A body that came in time is accepted, however long its conversion takes."""
    config.upload_timeout = 1.0

    async def story():
        asyncio.get_running_loop().call_later(1.5, work.go.set)
        return await Visit(app, 'POST', '/images', [upload()]).run()

    assert run(story()) == 201


@pytest.mark.hint(
    'The client left in the middle of its body, and some of it is still there, or was '
    'stored.',
    'Falcon ends the loop over `req.stream` when the client leaves, as if the body '
    'were '
    'complete. Your `Request` sees the `http.disconnect`: ask it after the loop.',
    section='step7-leaving',
)
@pytest.mark.parametrize('headers', [{}, {'Content_Length': '2000000'}])
@pytest.mark.parametrize('part', [upload(), upload()[:3000], b''])
def test_leaves_in_the_middle(app, run, client, left_behind, until, headers, part):
    """A client that leaves in the middle of its body leaves nothing."""

    async def story():
        visit = Silent(app, 'POST', '/images', [part], **headers)
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            answer = group.create_task(visit.run())
            await until(lambda: visit.taken == len(part))
            visit.leave()
        return answer.result()

    assert run(story()) == 400
    assert left_behind() == []
    assert client.simulate_get('/images').json == []


@pytest.mark.hint(
    'The body was announced as too large, and was read all the same, or stored.',
    'Compare `req.content_length` with `max_upload_bytes` before the loop over the '
    'body. '
    'Falcon itself waits for the first piece: `App` in request.py begins without it.',
    section='step7-leaving',
)
def test_announced_too_large(app, config, run, left_behind):
    """A body that is announced as too large is refused before it is read."""
    config.max_upload_bytes = LIMIT
    visit = Visit(app, 'POST', '/images', [PIECE] * 11, Content_Length='110000')
    assert run(visit.run()) == 413
    assert visit.taken == 0
    assert left_behind() == []


@pytest.mark.hint(
    'The body went into memory as a whole. Which of your lines holds all of it?',
    'Write each piece of `req.stream` to the file, and forget it. Give the process '
    'that '
    'converts the path, not the data.',
)
@pytest.mark.skipif("sys.platform != 'linux'", reason='It needs /proc.')
def test_memory(make_server):
    """An upload of 60 MB takes less than 40 MB of memory more than a small one."""
    server = make_server(CONVERT_TIMEOUT=PATIENCE)

    def peak():
        found = {}
        for path in ['status', f'task/{server.process.pid}/children']:
            with open(f'/proc/{server.process.pid}/{path}') as file:
                found[path] = file.read()
        pids = [server.process.pid, *map(int, found[path].split())]
        total = 0
        for pid in pids:
            with contextlib.suppress(OSError), open(f'/proc/{pid}/status') as file:
                total += int(re.search(r'VmHWM:\s+(\d+) kB', file.read())[1]) * 1024
        return total

    for _ in range(10):  # The processes start, and have what they need.
        assert server.request('POST', '/images', padded(1_000_000))[0] == 201
    before = peak()
    assert server.request('POST', '/images', padded(60_000_000))[0] == 201
    assert peak() - before < 40_000_000


@pytest.mark.hint(
    'A client of the real server left in the middle of its body, and a file is still '
    'there.',
    'The file is removed in a `finally`, whatever ends the request.',
    section='step7-leaving',
)
@pytest.mark.parametrize('chunked', [False, True])
def test_real_client_leaves(make_server, left_behind, chunked):
    """A client that hangs up on the real server leaves nothing, either."""
    server = make_server()
    connection = server.connect()
    connection.putrequest('POST', '/images')
    if chunked:
        connection.putheader('Transfer-Encoding', 'chunked')
    else:
        connection.putheader('Content-Length', '1000000')
    connection.endheaders()
    data = padded(200_000)
    connection.send(b'%x\r\n%s\r\n' % (len(data), data) if chunked else data)
    assert wait_until(left_behind, PATIENCE / 3), (
        'Nothing of the body is in the folder.'
    )
    connection.close()
    assert wait_until(lambda: left_behind() == [], PATIENCE / 3)
    assert server.request('GET', '/images') == (200, b'[]')


@pytest.mark.hint(
    'Forty clients of the real server sent their images and hung up, and the service '
    'worked for them all the same.',
    'When the last piece of a body has been read, its client may be gone already. '
    'Find out before the image is measured, and again before it is converted.',
    section='step7-leaving',
)
@pytest.mark.skipif("sys.platform != 'linux'", reason='It stops a process.')
@pytest.mark.parametrize('leave', [True, False])
def test_forty_real_clients_leave(make_server, left_behind, leave):
    """Images of clients who hang up once they're sent aren't stored; others are."""
    server, data = make_server(), upload((64, 48))
    clients = [server.connect() for _ in range(40)]
    for client in clients:
        client.putrequest('POST', '/images')
        client.putheader('Content-Length', str(len(data)))
        client.endheaders(data[:-1])
    assert wait_until(lambda: len(left_behind()) == len(clients), PATIENCE / 3)
    for _ in range(10):  # Now each request waits for the rest of its body,
        server.request('GET', '/nothing')
    server.process.send_signal(signal.SIGSTOP)
    for client in clients:
        client.send(data[-1:])
        if leave:  # which has come by the time the server sees its client leave.
            client.close()
    server.process.send_signal(signal.SIGCONT)
    for client in clients:
        if not leave:
            assert client.getresponse().status == 201
            client.close()
    assert server.request('POST', '/images', data)[0] == 201

    def unfinished():
        return [name for name in left_behind() if name.endswith('.part')]

    assert wait_until(lambda: not unfinished(), PATIENCE / 3)
    stored = 1 if leave else 41
    assert len(left_behind()) == stored
    assert len(json.loads(server.request('GET', '/images')[1])) == stored
