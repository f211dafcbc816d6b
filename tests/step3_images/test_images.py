"""Step 3: pictures are uploaded, listed and downloaded over HTTP."""

import asyncio
import uuid

import falcon
import falcon.testing
import pytest
from pictures import upload

UNKNOWN = '36562622-48e5-4a61-be67-e426b11821ed'


def test_empty_list(client):
    """At first, the list of pictures is empty."""
    result = client.simulate_get('/images')
    assert result.status_code == 200
    assert result.headers['Content-Type'] == 'application/json'
    assert result.json == []


def test_upload(client):
    """An upload answers 201, with the picture's place and its record."""
    result = client.simulate_post('/images', body=upload((640, 360)))
    assert result.status_code == 201
    record = result.json
    assert result.headers['Location'] == record['image']
    assert record['image'] == f'/images/{record["id"]}.jpeg'
    assert record['size'] == [640, 360]
    assert falcon.http_date_to_dt(record['modified'])


def test_content_type_does_not_matter(client):
    """What an upload says that it is does not matter; what it is does."""
    headers = {'Content-Type': 'text/plain'}
    result = client.simulate_post('/images', body=upload(), headers=headers)
    assert result.status_code == 201


def test_id_from_generator(config, client):
    """A picture's id comes from the configuration's generator."""
    config.uuid_generator = lambda: uuid.UUID(UNKNOWN)
    assert client.simulate_post('/images', body=upload()).json['id'] == UNKNOWN


def test_list(client):
    """The list has all records, the oldest first."""
    records = [client.simulate_post('/images', body=upload()).json for _ in range(3)]
    assert client.simulate_get('/images').json == records


def test_download(client, config, folder):
    """A picture comes back as it lies on the disk, each time, with its length."""
    place = client.simulate_post('/images', body=upload()).headers['Location']
    [stored] = folder.iterdir()
    for _ in range(3):
        result = client.simulate_get(place)
        assert result.status_code == 200
        assert result.headers['Content-Type'] == 'image/jpeg'
        assert result.headers['Content-Length'] == str(len(result.content))
        assert result.content == stored.read_bytes()


def test_streamed(app, run, folder):
    """A picture is sent in pieces, not held in memory as a whole."""
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


def test_event_loop_is_free(app, run, blocking_calls):
    """A request's files and Pillow's work are kept out of the event loop."""
    data = upload()

    async def visit():
        async with falcon.testing.ASGIConductor(app) as conductor:
            blocking_calls.clear()
            posted = await conductor.simulate_post('/images', body=data)
            return await conductor.simulate_get(posted.headers['Location'])

    assert run(visit()).status_code == 200
    assert blocking_calls == []


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
    """An unknown id, one that is none, or an unknown path answers 404, with advice."""
    result = client.simulate_get(path)
    assert result.status_code == 404
    assert result.headers['Content-Type'] == 'application/json'
    assert result.json['title'] == '404 Not Found'
    assert result.json['description']


def test_file_gone(client, folder):
    """A picture whose file has gone from the disk answers 404."""
    place = client.simulate_post('/images', body=upload()).headers['Location']
    for stored in folder.iterdir():
        stored.unlink()
    result = client.simulate_get(place)
    assert result.status_code == 404
    assert result.json['description']


@pytest.mark.parametrize(
    ('path', 'methods'),
    [('/images', {'GET', 'POST', 'OPTIONS'}), ('/images/{}.jpeg', {'GET', 'OPTIONS'})],
)
@pytest.mark.parametrize('method', ['PUT', 'PATCH', 'DELETE'])
def test_no_such_method(client, path, methods, method):
    """A method that a resource lacks answers 405, and names those it has."""
    record = client.simulate_post('/images', body=upload()).json
    result = client.simulate_request(method, path.format(record['id']))
    assert result.status_code == 405
    assert methods <= set(result.headers['Allow'].split(', '))
    assert method not in result.headers['Allow']
    assert result.json['description']


@pytest.mark.parametrize('path', ['/images', '/images/{}.jpeg'])
def test_head_is_the_same_every_time(client, path):
    """`HEAD` is answered the same before and after a `GET`, without a body."""
    record = client.simulate_post('/images', body=upload()).json
    path = path.format(record['id'])
    before = client.simulate_head(path)
    assert client.simulate_get(path).status_code == 200
    after = client.simulate_head(path)
    assert before.status_code == after.status_code != 404
    assert before.content == after.content == b''


def test_options(client):
    """`OPTIONS` names the methods of a resource, and changes nothing."""
    result = client.simulate_options('/images')
    assert result.status_code == 200
    assert {'GET', 'POST'} <= set(result.headers['Allow'].split(', '))
    assert client.simulate_get('/images').json == []


@pytest.mark.parametrize('accept', ['image/jpeg', 'text/xml', 'text/html', '*/*'])
def test_errors_are_json(client, accept):
    """An error is described in JSON, even to a client that hoped for a picture."""
    headers = {'Accept': accept}
    for result in [
        client.simulate_get(f'/images/{UNKNOWN}.jpeg', headers=headers),
        client.simulate_post('/images', body=b'text', headers=headers),
    ]:
        assert result.headers['Content-Type'] == 'application/json'
        assert result.json['title'] == result.status
        assert result.json['description']


def test_apps_are_apart(module, config, tmp_path):
    """Two apps with folders of their own do not see each other's pictures."""
    other = module('config').Config()
    other.storage_path = tmp_path / 'other'
    other.redis_from_url = getattr(config, 'redis_from_url', None)
    create_app = module('app').create_app
    one = falcon.testing.TestClient(create_app(config))
    two = falcon.testing.TestClient(create_app(other))
    record = one.simulate_post('/images', body=upload()).json
    assert two.simulate_get(record['image']).status_code == 404


def test_app_for_the_server(module, monkeypatch, tmp_path):
    """The module `asgi` holds the app that a server imports."""
    monkeypatch.setenv('ASGI_LOOK_STORAGE_PATH', str(tmp_path / 'served'))
    client = falcon.testing.TestClient(module('asgi').app)
    assert client.simulate_get('/nothing').status_code == 404
