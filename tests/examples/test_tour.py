"""The code of the book's tour does what the tour says it does."""

import asyncio
import contextvars
import functools
import hashlib
import importlib.util
import inspect
import json
import logging
import pathlib
import threading
import time
import types

import falcon
import falcon.asgi
import falcon.testing
import pytest
from falcon.testing import ASGIConductor

from workbook.layout import ROOT

FOLDER = ROOT / 'examples' / 'tour'
TOUR = ROOT / 'docs' / 'tour'


def load(name: str) -> types.ModuleType:
    """Return one of the tour's modules, with an app that nobody has used."""
    spec = importlib.util.spec_from_file_location(f'tour_{name}', FOLDER / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def asynchronous(test):
    """Let pytest run a coroutine as a test."""

    @functools.wraps(test)
    def run(**fixtures):
        asyncio.run(test(**fixtures))

    run.__signature__ = inspect.signature(test)
    return run


async def until(condition, seconds=5.0):
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        await asyncio.sleep(0.005)
    assert condition()


async def read_events(result, count, seconds=5.0):
    """Return the first events of a stream, as text."""
    text = b''
    async with asyncio.timeout(seconds):
        while text.count(b'\n\n') < count:
            text += await result.stream.read()
    return text.decode().split('\n\n')[:count]


def test_every_file_is_tested():
    """Every file of the tour has a test here, and a place in the book."""
    tests = pathlib.Path(__file__).read_text(encoding='utf-8')
    pages = ''.join(path.read_text(encoding='utf-8') for path in TOUR.glob('*.rst'))
    for path in FOLDER.glob('*.py'):
        assert f"load('{path.stem}')" in tests, path.name
        assert f'/{path.name}\n' in pages, path.name


# Headers


@asynchronous
async def test_headers_of_the_request():
    """A request's header is found in upper or lower case."""
    async with ASGIConductor(load('headers').app) as client:
        greeted = await client.get('/desk', headers={'x-NAME': 'Ada'})
        assert greeted.text == 'Good morning, Ada.'
        assert (await client.get('/desk')).text == 'Good morning, stranger.'


@asynchronous
async def test_headers_of_the_response():
    """Headers are set, extended, converted, and baked into cookies."""
    async with ASGIConductor(load('headers').app) as client:
        result = await client.get('/desk')
    assert result.headers['X-Desk'] == 'third floor'
    assert result.headers['Vary'] == 'X-Name, Accept-Language'
    assert result.headers['Last-Modified'] == 'Sat, 31 Jan 2026 09:30:00 GMT'
    assert result.headers['Cache-Control'] == 'private, max-age=60'
    assert result.cookies['seen'].value == 'yes'
    assert result.cookies['seen'].max_age == 3600


# Bodies


@asynchronous
async def test_text_data_media():
    """Text is encoded, data is sent as it is, media is serialised."""
    module = load('bodies')
    async with ASGIConductor(module.app) as client:
        text = await client.get('/text')
        data = await client.get('/data')
        media = await client.get('/media')
    assert text.content == 'Schöne Grüße'.encode()
    assert text.headers['Content-Length'] == '15'
    assert text.headers['Content-Type'].startswith('text/plain')
    assert data.content == module.PIXEL
    assert data.headers['Content-Type'] == 'image/gif'
    assert json.loads(media.content) == {'width': 1, 'height': 1, 'colours': ['red']}
    assert media.headers['Content-Type'] == 'application/json'


@asynchronous
async def test_which_body_wins():
    """If several bodies are set, text beats data, and data beats media."""

    class All:
        async def on_get(self, req, resp, what):
            resp.media, resp.stream = 'media', asyncio.StreamReader()
            if what in ('data', 'text'):
                resp.data = b'data'
            if what == 'text':
                resp.text = 'text'

    app = falcon.asgi.App()
    app.add_route('/{what}', All())
    async with ASGIConductor(app) as client:
        assert (await client.get('/text')).text == 'text'
        assert (await client.get('/data')).text == 'data'
        assert (await client.get('/media')).json == 'media'


# Synchronous code


@asynchronous
async def test_sync_to_async(monkeypatch):
    """The slow function runs in a thread, and the event loop carries on."""
    module = load('adapt')
    threads = []

    def slow(data):
        threads.append(threading.current_thread())
        time.sleep(0.2)
        return data.hex()

    monkeypatch.setattr(module, 'slow_digest', slow)
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    async with ASGIConductor(module.app) as client:
        clock = asyncio.create_task(tick())
        result = await client.post('/digest', body=b'\x01\x02')
        clock.cancel()
    assert result.json == {'digest': '0102'}
    assert threads != [threading.main_thread()]
    assert ticks >= 5


@asynchronous
async def test_real_digest():
    """The digest is the one of the body."""
    async with ASGIConductor(load('adapt').app) as client:
        result = await client.post('/digest', body=b'some data')
    assert result.json == {'digest': hashlib.sha256(b'some data').hexdigest()}


@asynchronous
async def test_not_threadsafe():
    """Calls that mustn't overlap run one after another, in one thread."""
    module = load('adapt')
    async with ASGIConductor(module.app) as client:
        results = await asyncio.gather(*(client.post('/counter') for _ in range(20)))
    assert sorted(result.json['number'] for result in results) == list(range(1, 21))

    safe = falcon.wrap_sync_to_async(functools.partial(next, module.tickets()))
    with pytest.raises(ValueError, match='already executing'):
        await asyncio.gather(*(safe() for _ in range(20)))


@asynchronous
async def test_context_is_not_carried():
    """asyncio.to_thread passes context variables on, and sync_to_async doesn't."""
    user = contextvars.ContextVar('user', default='nobody')
    user.set('Ada')
    assert await asyncio.to_thread(user.get) == 'Ada'
    assert await falcon.sync_to_async(user.get) == 'nobody'


# Streams


@asynchronous
async def test_file(monkeypatch):
    """A file is sent whole, with its length and a name, and closed afterwards."""
    module = load('files')
    opened = []
    real_open = module.aiofiles.open

    async def watched_open(*arguments):
        opened.append(await real_open(*arguments))
        return opened[-1]

    monkeypatch.setattr(module.aiofiles, 'open', watched_open)
    async with ASGIConductor(module.app) as client:
        result = await client.get('/source')
    source = (FOLDER / 'files.py').read_bytes()
    assert result.content == source
    assert result.headers['Content-Length'] == str(len(source))
    assert result.headers['Content-Disposition'] == 'attachment; filename="files.py"'
    [file] = opened
    assert file.closed


@asynchronous
async def test_generator():
    """A generator's pieces are sent one by one, without a length."""
    async with ASGIConductor(load('table').app) as client:
        result = await client.get('/squares', params={'rows': 2})
        refused = await client.get('/squares', params={'rows': 'many'})
    assert result.text == 'number,square\r\n1,1\r\n2,4\r\n'
    assert 'Content-Length' not in result.headers
    assert result.headers['Content-Type'].startswith('text/csv')
    assert refused.status_code == 400


@asynchronous
async def test_generator_is_sent_as_it_comes():
    """The first piece is there before the last one is made."""
    async with (
        ASGIConductor(load('table').app) as client,
        client.simulate_get_stream('/squares?rows=100') as result,
    ):
        text = await result.stream.read()
    assert text.startswith(b'number,square\r\n')
    assert b'100,10000' not in text


@asynchronous
async def test_generator_function_is_refused():
    """Setting a generator function instead of a generator is an error that says so."""

    class Wrong:
        async def on_get(self, req, resp):
            resp.stream = load('table').squares

    app = falcon.asgi.App()
    app.add_route('/', Wrong())
    async with ASGIConductor(app) as client:
        with pytest.raises(TypeError, match='async generator function'):
            await client.get('/')


# Server-sent events


@asynchronous
async def test_every_kind_of_event():
    """Each kind of event is what the format says."""
    async with ASGIConductor(load('events').app) as client:
        result = await client.get('/events')
    assert result.headers['Content-Type'] == 'text/event-stream'
    retry, text, data, plain, progress, comment, ping, rest = result.text.split('\n\n')
    assert retry == 'retry: 5000'
    assert text == 'data: Good morning'
    assert data == 'data: Grüße'
    assert plain.startswith('data: {')
    assert json.loads(plain.removeprefix('data: ')) == {'done': 1, 'of': 3}
    name, number, progress = progress.split('\n')
    assert (name, number) == ('event: progress', 'id: 2')
    assert json.loads(progress.removeprefix('data: ')) == {'done': 2, 'of': 3}
    assert comment == ': a note that the browser ignores'
    assert ping == ': ping'
    assert rest == ''


def test_line_end_in_an_event():
    """Falcon doesn't split text into lines, but JSON keeps line breaks safe."""
    assert falcon.asgi.SSEvent(text='one\ntwo').serialize() == b'data: one\ntwo\n\n'
    assert falcon.asgi.SSEvent(json='one\ntwo').serialize() == b'data: "one\\ntwo"\n\n'


def open_feed():
    """Return the feed's app, its resource, and its news."""
    module = load('feed')
    news = module.News()
    feed = module.Feed(news)
    app = falcon.asgi.App()
    app.add_route('/feed', feed)
    return app, feed, news


@asynchronous
async def test_feed():
    """News published while a client is listening reaches it, with an id."""
    app, feed, _ = open_feed()
    async with (
        ASGIConductor(app) as client,
        client.simulate_get_stream('/feed') as result,
    ):
        assert (await client.post('/feed', json={'room': 7})).status_code == 202
        [event] = await read_events(result, 1)
        feed.PATIENCE = 0.01  # lets the emitter notice that the client leaves
        await client.post('/feed', json='end')
    name, number, data = event.split('\n')
    assert (name, number) == ('event: news', 'id: 1')
    assert json.loads(data.removeprefix('data: ')) == {'room': 7}


@asynchronous
async def test_client_that_leaves():
    """Falcon notices at the next event that a client has left, even at a ping."""
    app, feed, _ = open_feed()
    feed.PATIENCE = 0.05
    async with ASGIConductor(app) as client:
        async with client.simulate_get_stream('/feed') as result:
            assert await read_events(result, 2) == [': ping', ': ping']
            assert feed.listeners == 1
        await until(lambda: feed.listeners == 0)


@asynchronous
async def test_silent_stream_does_not_notice():
    """Without pings, nobody notices that the client has left."""
    app, feed, news = open_feed()
    feed.PATIENCE = 60
    async with ASGIConductor(app) as client:
        manager = client.simulate_get_stream('/feed')
        await manager.__aenter__()
        leaving = asyncio.create_task(manager.__aexit__(None, None, None))
        await asyncio.sleep(0.2)
        assert feed.listeners == 1
        assert not leaving.done()
        await news.publish('something at last')
        await leaving
        await until(lambda: feed.listeners == 0)


@asynchronous
async def test_client_that_comes_back():
    """A client that names the last event it saw gets only the ones it missed."""
    app, feed, news = open_feed()
    feed.PATIENCE = 0.05
    for item in ('one', 'two', 'three'):
        await news.publish(item)
    async with ASGIConductor(app) as client:
        headers = {'Last-Event-ID': '1'}
        async with client.simulate_get_stream('/feed', headers=headers) as result:
            events = await read_events(result, 2)
        refused = [
            await client.get('/feed', headers={'Last-Event-ID': last})
            for last in ('x', '-1', '1' * 10, '1' * 5000)
        ]
    assert events == [
        'event: news\nid: 2\ndata: "two"',
        'event: news\nid: 3\ndata: "three"',
    ]
    assert [result.status_code for result in refused] == [400] * 4


# The body of a request


@asynchronous
async def test_get_media():
    """A body is read as its media type says; other bodies are refused."""
    async with ASGIConductor(load('receive').app) as client:
        taken = await client.post('/media', json={'tea': 2})
        empty = await client.post('/media')
        damaged = await client.post('/media', body='{', content_type=falcon.MEDIA_JSON)
        unknown = await client.post('/media', body='x', content_type='text/x-tea')
    assert taken.json == {'ordered': {'tea': 2}}
    assert empty.json == {'ordered': {}}
    assert damaged.status_code == 400
    assert unknown.status_code == 415


@pytest.mark.parametrize('path', ['/at_once', '/iterated'])
@asynchronous
async def test_whole_body(path):
    """At once or piece by piece, it is the same body."""
    body = bytes(range(256)) * 100
    async with ASGIConductor(load('receive').app) as client:
        result = await client.post(path, body=body)
    assert result.json == {
        'bytes': 25_600,
        'sha256': hashlib.sha256(body).hexdigest(),
    }


async def status_without_length(app, path, body):
    """Send a body without a Content-Length; return the status of the answer."""
    scope = falcon.testing.create_scope(path=path, method='POST')
    assert b'content-length' not in dict(scope['headers'])
    answer = falcon.testing.ASGIResponseEventCollector()
    pieces = falcon.testing.ASGIRequestEventEmitter(body, chunk_size=64)
    await app(scope, pieces, answer)
    return answer.status


@pytest.mark.parametrize('path', ['/at_once', '/iterated'])
@asynchronous
async def test_body_that_is_too_large(path):
    """A body with more bytes than allowed is refused, whatever its headers say."""
    module = load('receive')
    module.MOST = 999
    async with ASGIConductor(module.app) as client:
        assert (await client.post(path, body=b'x' * 999)).status_code == 200
        assert (await client.post(path, body=b'x' * 1000)).status_code == 413
    assert await status_without_length(module.app, path, b'x' * 999) == 200
    assert await status_without_length(module.app, path, b'x' * 1000) == 413


@asynchronous
async def test_chunks():
    """Every chunk has the size we ask for, except the last."""
    async with ASGIConductor(load('receive').app) as client:
        result = await client.post('/chunks', body=b'x' * 2500)
    assert result.json == {'bytes': 2500, 'chunks': [1000, 1000, 500]}


# Work after the response


@asynchronous
async def test_work_after_the_response():
    """The response comes first, then the scheduled work, in a task and in a thread."""
    module = load('after')
    threads = []
    archive = module.archive

    def watched(diary, name):
        threads.append(threading.current_thread())
        archive(diary, name)

    module.archive = watched
    async with ASGIConductor(module.app) as client:
        taken = await client.post('/orders', json={'name': 'Ada'})
        assert taken.status_code == 202
        assert (await client.get('/orders')).json == ['took Ada']
        diary = []
        async with asyncio.timeout(5):
            while len(diary) < 3:
                await asyncio.sleep(0.01)
                diary = (await client.get('/orders')).json
    assert diary[0] == 'took Ada'
    assert sorted(diary[1:]) == ['archived Ada', 'told Ada']
    assert threads != [threading.main_thread()]


@pytest.mark.parametrize('name', ['after', 'careful'])
@pytest.mark.parametrize('order', [{}, ['name'], 5, None])
@asynchronous
async def test_order_without_a_name(name, order):
    """An order without a name is refused, and nothing is scheduled."""
    async with ASGIConductor(load(name).app) as client:
        assert (await client.post('/orders', json=order)).status_code == 400
        if name == 'after':
            assert (await client.get('/orders')).json == []


@asynchronous
async def test_work_after_an_error():
    """Work scheduled before an error is done all the same."""
    done = []

    class Failing:
        async def on_get(self, req, resp, how):
            async def work():
                done.append(how)

            resp.schedule(work)
            raise {'known': falcon.HTTPGone, 'unknown': ZeroDivisionError}[how]

    app = falcon.asgi.App()
    app.add_route('/{how}', Failing())
    async with ASGIConductor(app) as client:
        assert (await client.get('/known')).status_code == 410
        assert (await client.get('/unknown')).status_code == 500
        await until(lambda: done == ['known', 'unknown'])


@asynchronous
async def test_coroutine_is_not_a_coroutine_function():
    """You schedule a coroutine function, not what it returns."""
    response = falcon.asgi.Response()
    coroutine = asyncio.sleep(0)
    with pytest.raises(TypeError, match='coroutine'):
        response.schedule(coroutine)
    coroutine.close()
    with pytest.raises(TypeError, match='coroutine'):
        response.schedule(lambda: None)


@asynchronous
async def test_failure_after_the_response(caplog):
    """Work that fails after the response leaves a line and a traceback in the log."""
    async with ASGIConductor(load('careful').app) as client:
        taken = await client.post('/orders', json={'name': 'Ada'})
        await until(lambda: caplog.records)
    assert taken.status_code == 202
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == 'The order of Ada is not confirmed.'
    assert record.exc_info[0] is ConnectionError


# HTTP/2 push


def test_no_push():
    """Neither the request nor the response can push."""
    for owner in (falcon.asgi.Request, falcon.asgi.Response):
        assert not [name for name in dir(owner) if 'push' in name]


@asynchronous
async def test_preload():
    """A header names what the page needs."""
    async with ASGIConductor(load('preload').app) as client:
        result = await client.get('/')
    assert result.headers['Link'] == '</style.css>; rel=preload; as=style'


# WebSockets


@asynchronous
async def test_quiz():
    """A right answer leads to the next question, a wrong one to the same again."""
    async with (
        ASGIConductor(load('sockets').app) as client,
        client.simulate_ws('/quiz/3') as ws,
    ):
        assert await ws.receive_json() == {'ask': '3 * 3'}
        await ws.send_text('8')
        assert await ws.receive_json() == {'ask': '3 * 3'}
        await ws.send_text('9')
        assert await ws.receive_json() == {'ask': '4 * 4'}
        await ws.send_text('stop')
        with pytest.raises(falcon.WebSocketDisconnected):
            await ws.receive_json()
    assert ws.close_code == 1000


@asynchronous
async def test_quiz_without_end():
    """When the client leaves, the responder ends without an error."""
    async with (
        ASGIConductor(load('sockets').app) as client,
        client.simulate_ws('/quiz/3') as ws,
    ):
        await ws.receive_json()
        await ws.close(1001)
    assert ws.closed


@asynchronous
async def test_quiz_too_hard():
    """An HTTP error before accept() turns the client away, with 3000 more as code."""
    async with ASGIConductor(load('sockets').app) as client:
        with pytest.raises(falcon.WebSocketDisconnected) as refused:
            async with client.simulate_ws('/quiz/10'):
                pass
    assert refused.value.code == 3404


# Hooks


@asynchronous
async def test_hooks():
    """Hooks run before and after the responder, and may end the request."""
    async with ASGIConductor(load('hooks').app) as client:
        poems = await client.get('/shelves/poems')
        size = await client.get('/shelves/poems/size')
        missing = [
            await client.get('/shelves/cookery'),
            await client.get('/shelves/cookery/size'),
        ]
    assert poems.json == ['Odes', 'Sonnets']
    assert poems.headers['Cache-Control'] == 'max-age=60'
    assert size.json == 2
    assert [result.status_code for result in missing] == [404, 404]
    assert missing[0].json['description'] == 'The shelves: poems, maps'


@asynchronous
async def test_synchronous_hook():
    """A hook that isn't a coroutine function fails when it runs."""

    class Wrong:
        @falcon.before(lambda req, resp, resource, params: None)
        async def on_get(self, req, resp):
            pass

    app = falcon.asgi.App()
    app.add_route('/', Wrong())
    async with ASGIConductor(app) as client:
        assert (await client.get('/')).status_code == 500


# Media handlers


@asynchronous
async def test_media_handler():
    """A table arrives as CSV or JSON, and leaves as the client prefers."""
    csv, plain = falcon.MEDIA_CSV, falcon.MEDIA_JSON
    rows, columns = [['a', 'b'], ['1', '2']], [['a', '1'], ['b', '2']]
    async with ASGIConductor(load('handlers').app) as client:
        to_csv = await client.post('/columns', json=rows, headers={'Accept': csv})
        to_json = await client.post(
            '/columns',
            body='a,b\r\n1,2\r\n',
            content_type=csv,
            headers={'Accept': plain},
        )
        damaged = await client.post('/columns', body='"a\n', content_type=csv)
        others = [
            await client.post('/columns', json=media)
            for media in (5, None, 'text', {'a': 1}, [5], [['a'], 'b'])
        ]
    assert to_csv.text == 'a,1\r\nb,2\r\n'
    assert to_csv.headers['Content-Type'] == csv
    assert to_json.json == columns
    assert damaged.status_code == 400
    assert [result.status_code for result in others] == [400] * len(others)


# Sinks


@asynchronous
async def test_sink():
    """A sink answers paths with its beginning that match no route, and no others."""
    async with ASGIConductor(load('sinks').app) as client:
        moved = await client.get('/old/cats/1.jpeg')
        posted = await client.post('/old/dogs')
        strange = await client.get('/old/a b?c')
        about = await client.get('/old/about')
        wrong_method = await client.post('/old/about')
        elsewhere = await client.get('/older/cats')
    assert moved.status_code == posted.status_code == 308
    assert moved.headers['Location'] == '/images/cats/1.jpeg'
    assert posted.headers['Location'] == '/images/dogs'
    assert strange.headers['Location'] == '/images/a%20b'
    assert about.status_code == 200
    assert wrong_method.status_code == 405
    assert elsewhere.status_code == 404


@asynchronous
async def test_sink_and_line_ends():
    """A line break in a path doesn't end the header that the path goes into."""
    async with ASGIConductor(load('sinks').app) as client:
        result = await client.get('/old/a%0Db')
    assert result.headers['Location'] == '/images/a%0Db'


# Error handlers


@asynchronous
async def test_error_handlers(caplog):
    """The handler of the closest class answers; the unexpected gets logged in full."""
    async with ASGIConductor(load('errors').app) as client:
        tea = await client.post('/shop/tea')
        assert not caplog.records
        cake = await client.post('/shop/cake')
        other = await client.get('/shop/tea')
    assert tea.status_code == 409
    assert tea.json['description'] == 'No tea left. Try again tomorrow.'
    assert cake.status_code == 500
    assert 'ZeroDivisionError' not in cake.text
    [record] = caplog.records
    assert record.getMessage() == 'POST /shop/cake'
    assert record.exc_info[0] is ZeroDivisionError
    assert other.status_code == 405
