"""Step 5: answers come from Redis where they can, and never where they must not."""

import io
import uuid

import falcon.testing
import PIL.Image
import pytest

from workbook.pictures import upload

pytestmark = [
    pytest.mark.hint(section='step5-look-up'),
    pytest.mark.usefixtures('some_redis'),
]
UNKNOWN = '36562622-48e5-4a61-be67-e426b11821ed'


@pytest.fixture
def client(some_redis, client):
    """Return a client of an app that uses the Redis of the test."""
    return client


def says(result):
    """Return what the answer says of the cache."""
    return result.headers.get('X-ASGILook-Cache')


@pytest.mark.hint(
    'Two settings are for Redis: a URL, and the function that creates a '
    'client for it. Where do you call that function, and is the '
    'middleware added to the application?',
    '`config.redis_from_url(config.redis_host, ...)` in `RedisCache.__init__`, and '
    '`falcon.asgi.App(middleware=[RedisCache(config)])` in `create_app`.',
    section='step5-factory',
)
def test_client_factory(config, run, request):
    """The application creates its client with the function and URL in its settings."""
    asked, make = [], config.redis_from_url

    def from_url(url, **options):
        asked.append(url)
        return make(url, **options)

    config.redis_from_url = from_url
    app = request.getfixturevalue('app')

    async def live():
        async with falcon.testing.ASGIConductor(app) as conductor:
            return await conductor.simulate_get('/images')

    assert run(live()).status_code == 200
    assert set(asked) == {config.redis_host}


@pytest.mark.hint(
    'The cache should keep the first response and use it for the second '
    'request. Does it keep the response at all, and is the key the same '
    'both times?',
    '`process_response` packs the media type and the body and stores '
    'them in Redis. `process_resource` finds them under the same key, '
    'sets `resp.content_type` and `resp.data`, and then `resp.complete = '
    'True`.',
)
def test_thumbnail(client):
    """A thumbnail is a miss the first time, and a hit, unchanged, after that."""
    uri = client.simulate_post('/images', body=upload()).json['thumbnails'][0]
    results = [client.simulate_get(uri) for _ in range(4)]
    assert [says(result) for result in results] == ['Miss', 'Hit', 'Hit', 'Hit']
    assert len({result.content for result in results}) == 1
    assert {result.status_code for result in results} == {200}
    for result in results:
        assert result.headers['Content-Type'] == 'image/jpeg'
        assert result.headers['Content-Length'] == str(len(result.content))
    assert PIL.Image.open(io.BytesIO(results[3].content)).size == (320, 180)


@pytest.mark.hint(
    'The answer comes from the cache, and yet the responder runs. How '
    'does the cache tell Falcon that the answer is complete?',
    'In `process_resource`, if there is an entry, set `resp.complete = '
    'True`. Without it, Falcon calls the responder, which does all its '
    'work again.',
)
def test_scaled_once(client, module, monkeypatch):
    """A thumbnail that comes from the cache is not scaled again."""
    scaled, make = [], module('store').Store.make_thumbnail

    async def make_thumbnail(store, image, size):
        scaled.append(size)
        return await make(store, image, size)

    monkeypatch.setattr(module('store').Store, 'make_thumbnail', make_thumbnail)
    uri = client.simulate_post('/images', body=upload()).json['thumbnails'][0]
    results = [client.simulate_get(uri) for _ in range(4)]
    assert {result.status_code for result in results} == {200}
    assert scaled == [(320, 180)]


@pytest.mark.hint(
    'Two services share a Redis, or one was restarted with another '
    "store, and one shows the other's list. What tells their entries "
    'apart?',
    'Begin each key with a prefix that no other process has, such as `uuid.uuid4()`.',
    section='step5-look-up',
)
def test_entries_are_its_own(client, config, module, folder, run):
    """A service never shows what another one has put into the same Redis."""
    client.simulate_post('/images', body=upload())
    assert len(client.simulate_get('/images').json) == 1
    config.storage_path = folder.with_name('another store')
    another = module('app').create_app(config)

    async def visit():
        async with falcon.testing.ASGIConductor(another) as conductor:
            return [await conductor.simulate_get('/images') for _ in range(2)]

    results = run(visit())
    assert [says(result) for result in results] == ['Miss', 'Hit']
    assert [result.json for result in results] == [[], []]


@pytest.mark.hint(
    'The list is in `resp.media`, as an object. What do you keep of it, '
    'and which media type does it have when it comes back?',
    '`body = await resp.render_body()` returns the bytes, however the '
    'body was set. Keep `resp.content_type` with them.',
    section='step5-keep',
)
def test_list(client):
    """The list is cached as well, as JSON."""
    record = client.simulate_post('/images', body=upload()).json
    results = [client.simulate_get('/images') for _ in range(3)]
    assert [says(result) for result in results] == ['Miss', 'Hit', 'Hit']
    for result in results:
        assert result.json == [record]
        assert result.headers['Content-Type'] == 'application/json'


@pytest.mark.hint(
    'An upload makes the cached list wrong. Which code deletes it, and '
    'under which key?',
    "After a successful request whose method isn't in `SAFE_METHODS`, "
    'delete the key. `POST /images` and `GET /images` have the same '
    'template, and therefore the same key.',
    section='step5-stale',
)
def test_upload_renews_the_list(client):
    """After an upload, the cached list is not shown again."""
    for count in range(1, 4):
        client.simulate_post('/images', body=upload())
        results = [client.simulate_get('/images') for _ in range(2)]
        assert [says(result) for result in results] == ['Miss', 'Hit']
        assert [len(result.json) for result in results] == [count, count]


@pytest.mark.hint(
    'The upload failed, yet the cache deleted something. How can '
    '`process_response` tell whether a request has succeeded?',
    'Begin it with `if not req_succeeded or resource is None: return`.',
    section='step5-stale',
)
def test_refused_upload_renews_nothing(client):
    """A refused upload changes nothing, in the store or in the cache."""
    client.simulate_get('/images')
    assert client.simulate_post('/images', body=b'text').status_code == 415
    assert says(client.simulate_get('/images')) == 'Hit'


@pytest.mark.hint(
    "The body of a stream isn't in the response object. What would you store instead?",
    'Keep a response only if `resp.status_code == 200 and resp.stream is None`.',
    section='step5-stream-cached',
)
def test_streamed_picture(client, keys):
    """A picture is read from its file each time: its stream is not cached."""
    place = client.simulate_post('/images', body=upload()).headers['Location']
    results = [client.simulate_get(place) for _ in range(4)]
    assert len({result.content for result in results}) == 1
    assert len(results[0].content) > 1000
    assert 'Hit' not in [says(result) for result in results]
    assert keys() == []


@pytest.mark.hint(
    "The path is the same, but the method isn't: a response to one "
    'method is no use for another.',
    "In `process_resource`, `if req.method != 'GET': return` before you "
    'look anything up. Keep a response only if its header says `Miss`.',
    section='step5-options',
)
@pytest.mark.parametrize('path', ['/images', 'image', 'thumbnail'])
@pytest.mark.parametrize('method', ['OPTIONS', 'HEAD'])
def test_other_methods(client, keys, path, method):
    """`OPTIONS` and `HEAD` leave nothing in the cache, and always answer the same."""
    record = client.simulate_post('/images', body=upload()).json
    paths = {'image': record['image'], 'thumbnail': record['thumbnails'][0]}
    path = paths.get(path, path)
    before = client.simulate_request(method, path)
    assert keys() == []
    got = client.simulate_get(path)
    assert got.status_code == 200
    assert len(got.content) > 0
    assert says(got) == 'Miss'
    after = client.simulate_request(method, path)
    assert after.status_code == before.status_code
    assert after.content == before.content
    assert client.simulate_get(path).content == got.content


@pytest.mark.hint(
    "A picture that isn't there today may be there tomorrow. How do you "
    'tell an error from a success?',
    '`process_response` returns early if `req_succeeded` is false or '
    '`resource` is `None`, and it keeps only responses to a `GET` with '
    'the status 200.',
    section='step5-keep',
)
def test_errors_are_not_cached(client, keys):
    """Errors leave nothing in the cache: not found, not allowed, refused."""
    record = client.simulate_post('/images', body=upload()).json
    for method, path in [
        ('GET', '/nothing'),
        ('GET', f'/images/{UNKNOWN}.jpeg'),
        ('GET', f'/thumbnails/{UNKNOWN}/320x180.jpeg'),
        ('GET', f'/thumbnails/{record["id"]}/321x180.jpeg'),
        ('DELETE', '/images'),
        ('POST', '/images'),
        ('PUT', record['image']),
        ('OPTIONS', f'/thumbnails/{UNKNOWN}/320x180.jpeg'),
        ('OPTIONS', f'/images/{UNKNOWN}.jpeg'),
    ]:
        statuses = {client.simulate_request(method, path).status for _ in range(2)}
        assert len(statuses) == 1, (method, path)
    assert keys() == []
    client.simulate_options(f'/images/{UNKNOWN}.jpeg')
    assert client.simulate_get(f'/images/{UNKNOWN}.jpeg').status_code == 404


@pytest.mark.hint(
    "There's more than one status for success. Which one means that the "
    'response is complete?',
    'In `is_cacheable`, check `resp.status_code == 200`. A 206, for '
    'example, is only a part.',
    section='step5-keep',
)
@pytest.mark.parametrize('status', [202, 206])
def test_other_statuses(app, client, keys, status):
    """A successful response with another status than 200 isn't kept."""

    class Resource:
        async def on_get(self, req, resp):
            resp.status = status
            resp.text = 'a part'

    app.add_route('/part', Resource())
    results = [client.simulate_get('/part') for _ in range(2)]
    assert [result.status_code for result in results] == [status, status]
    assert keys() == []


@pytest.mark.hint(
    'Two requests that need different responses found the same entry. '
    "What's missing from the key?",
    'Create the key from all three: the prefix, `req.uri_template` and '
    'the values of `params`.',
)
def test_one_picture_per_entry(app, client):
    """No response is mistaken for that of another picture, size or route."""

    class Elsewhere:
        async def on_get(self, req, resp):
            resp.media = 'elsewhere'

    app.add_route('/elsewhere', Elsewhere())
    places = ['/images', '/elsewhere']
    for size in [(640, 360), (320, 180)]:
        places += client.simulate_post('/images', body=upload(size)).json['thumbnails']
    for _ in range(2):
        contents = [client.simulate_get(place).content for place in places]
        assert len(set(contents)) == len(places)


@pytest.mark.hint(
    'A client can ask for as many ids as it likes. What do those '
    'requests leave in Redis?',
    'Keep a response only if the method was `GET`, the request '
    'succeeded, and the status is 200.',
    section='step5-options',
)
def test_made_up_ids(client, keys):
    """Made-up ids don't fill the cache."""
    client.simulate_post('/images', body=upload())
    for number in range(10):
        for method in ['GET', 'OPTIONS', 'HEAD']:
            made_up = uuid.UUID(int=number)
            client.simulate_request(method, f'/thumbnails/{made_up}/320x180.jpeg')
            client.simulate_request(method, f'/images/{made_up}.jpeg')
    assert keys() == []


@pytest.mark.hint(
    'You can write the path of a thumbnail in many ways. Which of them is the key?',
    'Create the key from `req.uri_template` and the values of `params`, '
    'which have passed through the converters.',
)
def test_one_entry_per_picture(client, keys):
    """However a path is spelled, and whatever its query string, there's one entry."""
    record = client.simulate_post('/images', body=upload()).json
    uri = record['thumbnails'][0]
    spellings = [
        uri,
        uri.replace(record['id'], record['id'].upper()),
        uri.replace('320x', '0320x'),
        f'{uri}?version=2',
        uri.replace('/thumbnails', '/%74humbnails'),
    ]
    found = [client.simulate_get(path) for path in spellings]
    assert {result.status_code for result in found} <= {200, 404}
    assert [result.status_code for result in found][0::3] == [200, 200]
    assert len(keys()) == 1


@pytest.mark.hint(
    'An entry without a time to live stays for ever. Redis drops it if you say when.',
    '`self._redis.set(key, entry, self.TTL)`, with `TTL = 3600`: the '
    'third argument is in seconds.',
    section='step5-keep',
)
def test_entries_expire(client, some_redis, keys):
    """Nothing stays in the cache for ever."""
    record = client.simulate_post('/images', body=upload()).json
    client.simulate_get('/images')
    client.simulate_get(record['thumbnails'][0])
    assert len(keys()) == 2
    with some_redis.client() as redis_client:
        lives = [redis_client.ttl(key) for key in keys()]
    assert all(0 < seconds <= 24 * 3600 for seconds in lives), (
        f'The entries have a time to live of {lives} seconds: -1 means for ever.'
    )
