"""Step 3: pictures are uploaded, listed and downloaded over HTTP."""

import asyncio
import uuid

import falcon
import falcon.testing
import pytest

from workbook.pictures import upload

pytestmark = pytest.mark.hint(section='step3-list')

UNKNOWN = '36562622-48e5-4a61-be67-e426b11821ed'


@pytest.mark.hint(
    'Is there a route for `/images`, and does its resource have a responder for `GET`?',
    "`app.add_route('/images', Images(config, store))` in `create_app`, and "
    '`async def on_get(self, req, resp)` that sets `resp.media` to a list.',
)
def test_empty_list(client):
    """At first, the list of pictures is empty."""
    result = client.simulate_get('/images')
    assert result.status_code == 200
    assert result.headers['Content-Type'] == 'application/json'
    assert result.json == []


@pytest.mark.hint(
    'An upload is answered with a status, a `Location` header and a record. Compare '
    'the answer with what `on_post` sets.',
    '`resp.status = falcon.HTTP_201`, `resp.location = image.uri` and `resp.media '
    '= image.serialize()`.',
    section='step3-upload',
)
def test_upload(client):
    """An upload gets a 201, with the picture's path and its record."""
    result = client.simulate_post('/images', body=upload((640, 360)))
    assert result.status_code == 201
    record = result.json
    assert result.headers['Location'] == record['image']
    assert record['image'] == f'/images/{record["id"]}.jpeg'
    assert record['size'] == [640, 360]
    assert falcon.http_date_to_dt(record['modified'])


@pytest.mark.hint(
    "How do you read the body? `req.get_media()` trusts the client's `Content-Type`.",
    '`data = await req.stream.read()` reads the bytes as they are. '
    'Pillow finds out which format they are.',
    section='step3-upload',
)
def test_content_type_does_not_matter(client):
    """The media type that a client gives for an upload doesn't matter."""
    headers = {'Content-Type': 'text/plain'}
    result = client.simulate_post('/images', body=upload(), headers=headers)
    assert result.status_code == 201


@pytest.mark.hint(
    'The configuration decides how ids are made, and it may change at '
    'any time before an upload.',
    '`image_id = str(self._config.uuid_generator())` in `on_post`.',
    section='step3-upload',
)
def test_id_from_generator(config, client):
    """A picture's id comes from the configuration's generator."""
    config.uuid_generator = lambda: uuid.UUID(UNKNOWN)
    assert client.simulate_post('/images', body=upload()).json['id'] == UNKNOWN


@pytest.mark.hint(
    'The list contains the records that the uploads returned, in the '
    'order of the uploads.',
    '`resp.media = [image.serialize() for image in self._store.list_images()]`.',
)
def test_list(client):
    """The list contains all records, oldest first."""
    records = [client.simulate_post('/images', body=upload()).json for _ in range(3)]
    assert client.simulate_get('/images').json == records


@pytest.mark.hint(
    'Which is wrong: the status, the media type, the length or the bytes? And is it '
    'wrong the first time, or only later?',
    'Open the file for each request, set `resp.content_type = '
    'falcon.MEDIA_JPEG`, and end with `resp.set_stream(stream, length)`, where '
    "the length is the file's size.",
    section='step3-download',
)
def test_download(client, config, folder):
    """A download returns the stored file, every time, with its length."""
    place = client.simulate_post('/images', body=upload()).headers['Location']
    [stored] = folder.iterdir()
    for _ in range(3):
        result = client.simulate_get(place)
        assert result.status_code == 200
        assert result.headers['Content-Type'] == 'image/jpeg'
        assert result.headers['Content-Length'] == str(len(result.content))
        assert result.content == stored.read_bytes()


@pytest.mark.hint(
    'The picture came in one piece, so all of it was in memory. Where do you read it?',
    "Don't read the file: pass the open file to `resp.set_stream(stream, "
    'length)`. Falcon reads it piece by piece, and closes it.',
    section='step3-stream',
)
def test_streamed(app, run, folder):
    """A picture is sent in pieces, without having all of it in memory."""
    data = upload((1200, 900))

    async def download():
        async with falcon.testing.ASGIConductor(app) as conductor:
            posted = await conductor.simulate_post('/images', body=data)
            scope = falcon.testing.create_scope(path=posted.headers['Location'])
            sent = falcon.testing.ASGIResponseEventCollector()
            await app(scope, falcon.testing.ASGIRequestEventEmitter(), sent)
            return sent.body_chunks

    sizes = [len(piece) for piece in run(download())]
    [stored] = folder.iterdir()
    assert sum(sizes) == stored.stat().st_size
    assert max(sizes) < stored.stat().st_size


@pytest.mark.hint(
    "The list names what was done in the event loop's thread. Opening a file counts, "
    "and so does Pillow's work.",
    '`await aiofiles.os.stat(image.path)` and `await aiofiles.open(image.path, '
    "'rb')`, and let `Store.save` do the rest.",
    section='step3-download',
)
def test_event_loop_is_free(app, run, blocking_calls):
    """Neither a request's files nor Pillow's work blocks the event loop."""
    data = upload()

    async def visit():
        async with falcon.testing.ASGIConductor(app) as conductor:
            blocking_calls.clear()
            posted = await conductor.simulate_post('/images', body=data)
            return await conductor.simulate_get(posted.headers['Location'])

    assert run(visit()).status_code == 200
    assert blocking_calls == []


@pytest.mark.hint(
    'All requests share one resource. What does one of them store on '
    '`self` that another overwrites?',
    'Keep everything about a request in local variables, and await the '
    'executor, so that other requests can run.',
    section='step3-upload',
)
def test_many_at_once(app, run):
    """Forty uploads at the same time all succeed."""
    data = upload((200, 100))

    async def visit():
        async with falcon.testing.ASGIConductor(app) as conductor:
            posts = (conductor.simulate_post('/images', body=data) for _ in range(40))
            results = await asyncio.gather(*posts)
            listed = await conductor.simulate_get('/images')
            return {result.status_code for result in results}, len(listed.json)

    assert run(visit()) == ({201}, 40)


@pytest.mark.hint(
    "Which part of the route refuses an id that isn't a UUID? And which function "
    'writes the `description` that tells a client what to do?',
    'The route is `/images/{image_id:uuid}.jpeg`. For an unknown id, '
    'raise `falcon.HTTPNotFound`. `errors.to_json` adds the description; '
    'register it with `set_error_serializer`.',
    section='step3-converters',
)
@pytest.mark.parametrize(
    'path',
    [
        f'/images/{UNKNOWN}.jpeg',
        f'/images/{UNKNOWN}',
        f'/images/{UNKNOWN}.png',
        '/images/.jpeg',
        '/images/1.jpeg',
        f'/images/{UNKNOWN}0.jpeg',
        f'/images/{UNKNOWN[:-1]}g.jpeg',
        '/images/..%2f..%2fetc%2fpasswd.jpeg',
        '/images/%00.jpeg',
        '/images/éèê.jpeg',
        f'/images/{"9" * 5000}.jpeg',
        '/images/',
        '/',
    ],
)
def test_not_found(client, path):
    """An unknown id or path, or an id that isn't a UUID, gets a 404 with advice."""
    result = client.simulate_get(path)
    assert result.status_code == 404
    assert result.headers['Content-Type'] == 'application/json'
    assert result.json['title'] == '404 Not Found'
    assert result.json['description']


@pytest.mark.hint(
    'The store knows the picture, but its file has disappeared. Which '
    'exception do you get when you open it?',
    'Put `stat` and `open` into a `try`. On `FileNotFoundError`, `raise '
    'falcon.HTTPNotFound from None`.',
    section='step3-download',
)
def test_file_gone(client, folder):
    """If a picture's file has disappeared from the disk, the client gets a 404."""
    place = client.simulate_post('/images', body=upload()).headers['Location']
    for stored in folder.iterdir():
        stored.unlink()
    result = client.simulate_get(place)
    assert result.status_code == 404
    assert result.json['description']


@pytest.mark.hint(
    "If a resource doesn't have a responder for a method, Falcon answers "
    '405 by itself. You only have to add the advice.',
    "Don't write a sink or an `on_...` for methods that aren't in the "
    'chapter. `errors.to_json` fills in a `description` for 405.',
    section='step3-by-itself',
)
@pytest.mark.parametrize(
    ('path', 'methods', 'lacking'),
    [
        ('/images', {'GET', 'POST', 'OPTIONS'}, ['PUT', 'PATCH', 'DELETE']),
        ('/images/{}.jpeg', {'GET', 'OPTIONS'}, ['PUT', 'PATCH', 'POST']),
    ],
)
def test_no_such_method(client, path, methods, lacking):
    """If a resource doesn't support a method, the 405 lists those it does."""
    record = client.simulate_post('/images', body=upload()).json
    for method in lacking:
        result = client.simulate_request(method, path.format(record['id']))
        assert result.status_code == 405
        assert methods <= set(result.headers['Allow'].split(', '))
        assert method not in result.headers['Allow']
        assert result.json['description']


@pytest.mark.hint(
    'Without a responder for `HEAD`, Falcon always answers it the same '
    'way. What has changed between the two requests?',
    'Leave `HEAD` to Falcon. From step 5 on, the cache may only answer `GET`.',
    section='step3-by-itself',
)
@pytest.mark.parametrize('path', ['/images', '/images/{}.jpeg'])
def test_head_is_the_same_every_time(client, path):
    """`HEAD` gets the same response before and after a `GET`, without a body."""
    record = client.simulate_post('/images', body=upload()).json
    path = path.format(record['id'])
    before = client.simulate_head(path)
    assert client.simulate_get(path).status_code == 200
    after = client.simulate_head(path)
    assert after.status_code == before.status_code != 404
    assert after.content == before.content == b''


@pytest.mark.hint(
    'Falcon answers `OPTIONS` by itself, with the methods that a '
    'resource has responders for.',
    "Don't write an `on_options`. `on_get` and `on_post` have to be "
    'methods of the resource at `/images`.',
    section='step3-by-itself',
)
def test_options(client):
    """`OPTIONS` lists the methods of a resource, and doesn't change anything."""
    result = client.simulate_options('/images')
    assert result.status_code == 200
    assert {'GET', 'POST'} <= set(result.headers['Allow'].split(', '))
    assert client.simulate_get('/images').json == []


@pytest.mark.hint(
    'Falcon describes errors in a format that the client accepts. A '
    "client that only accepts pictures doesn't get a description at all.",
    'Call `app.set_error_serializer(errors.to_json)`. `to_json` sets '
    '`resp.content_type = falcon.MEDIA_JSON` and `resp.data = '
    'error.to_json()`.',
    section='step3-error-handlers',
)
@pytest.mark.parametrize('accept', ['image/jpeg', 'text/xml', 'text/html', '*/*'])
def test_errors_are_json(client, accept):
    """Errors are in JSON, even if the client only accepts pictures."""
    headers = {'Accept': accept}
    for result in [
        client.simulate_get(f'/images/{UNKNOWN}.jpeg', headers=headers),
        client.simulate_post('/images', body=b'text', headers=headers),
    ]:
        assert result.headers['Content-Type'] == 'application/json'
        assert result.json['title'] == result.status
        assert result.json['description']


@pytest.mark.hint(
    "Two calls to `create_app` shouldn't have anything in common. What "
    'do you create outside it?',
    'Create the `Store` inside `create_app`, from its `config`, and the '
    'resources from that store.',
    section='step3-create-app',
)
def test_apps_are_apart(module, config, tmp_path):
    """Two apps with different folders don't see each other's pictures."""
    other = module('config').Config()
    other.storage_path = tmp_path / 'other'
    other.redis_from_url = getattr(config, 'redis_from_url', None)
    create_app = module('app').create_app
    one = falcon.testing.TestClient(create_app(config))
    two = falcon.testing.TestClient(create_app(other))
    record = one.simulate_post('/images', body=upload()).json
    assert two.simulate_get(record['image']).status_code == 404


@pytest.mark.hint(
    "A server imports a module and looks for a name in it. It doesn't call "
    '`create_app` by itself.',
    '`asgilook/asgi.py` contains `from .app import create_app` and '
    '`app = create_app()`.',
    section='step3-create-app',
)
def test_app_for_the_server(module, monkeypatch, tmp_path):
    """The module `asgi` contains the app that a server imports."""
    monkeypatch.setenv('ASGI_LOOK_STORAGE_PATH', str(tmp_path / 'served'))
    client = falcon.testing.TestClient(module('asgi').app)
    assert client.simulate_get('/nothing').status_code == 404
