"""The images' files can be in a bucket, which here is moto's."""

import asyncio
import contextlib
import datetime
import http.client
import io
import itertools
import re
import shutil
import subprocess
import sys
import tomllib

import falcon.testing
import obstore.store
import PIL.Image
import pytest

from workbook.pictures import upload
from workbook.processes import wait_until

FILE = upload((640, 360))
LARGE = b'\xff\xd8' + bytes(12_000_000) + b'\xff\xd9'
NUMBERS = itertools.count(1)

PATIENCE = 60
"""How long anything may take on a busy machine, in seconds."""

# A test that hangs ends, and pytest shows where it was.
pytestmark = pytest.mark.timeout(150)

LIMITS = {
    'client_options': {
        'allow_http': True,
        'timeout': datetime.timedelta(seconds=PATIENCE / 2),
    },
    'retry_config': {
        'max_retries': 2,
        'retry_timeout': datetime.timedelta(seconds=PATIENCE / 2),
    },
}
"""How long a request of the tests themselves may take. By default, it's minutes."""

MOTO = """
import pathlib
import sys
import time

from moto.s3.models import S3Backend
from moto.server import ThreadedMotoServer

folder, put = pathlib.Path(sys.argv[1]), S3Backend.put_object


def hold_up_and_put(*arguments, **options):
    held, deadline = folder / 'held', time.monotonic() + 15
    try:
        (folder / 'hold').rename(held)
    except FileNotFoundError:
        return put(*arguments, **options)
    while held.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return put(*arguments, **options)


S3Backend.put_object = hold_up_and_put
server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
server.start()
(folder / 'new').write_text(str(server.get_host_and_port()[1]))
(folder / 'new').rename(folder / 'port')
sys.stdin.read()
"""
"""A server that answers as Amazon S3 does, until its input ends.

It writes its port to a file. A file called `hold` makes it rename that to `held` and
hold up the next object until `held` has gone, for 15 seconds at most.
"""


@pytest.fixture(scope='module')
def moto(tmp_path_factory):
    """Return the folder of a server like Amazon S3, in a process of its own.

    There, nothing that a test does can keep it from answering.
    """
    folder = tmp_path_factory.mktemp('moto')
    with (folder / 'log').open('w') as log:
        server = subprocess.Popen(
            [sys.executable, '-c', MOTO, str(folder)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
    with server:
        try:
            is_ready = (folder / 'port').exists
            wait_until(lambda: is_ready() or server.poll() is not None, 2 * PATIENCE)
            assert is_ready(), f"moto didn't start:\n{(folder / 'log').read_text()}"
            yield folder
        finally:
            server.kill()


@pytest.fixture(scope='module')
def address(moto):
    """Return the host and the port of the server, which has answered once."""
    host_and_port = '127.0.0.1', int((moto / 'port').read_text())
    create_bucket(host_and_port, 'first')
    return host_and_port


def create_bucket(address, name):
    """Have the server create a bucket."""
    connection = http.client.HTTPConnection(*address, timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request('PUT', f'/{name}')
        assert connection.getresponse().status == 200


@pytest.fixture
def url(address, monkeypatch):
    """Return the URL of an empty bucket; the environment says where its server is."""
    for name in ('AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_ENDPOINT', 'AWS_REGION'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('AWS_ENDPOINT_URL', 'http://{}:{}'.format(*address))
    monkeypatch.setenv('AWS_ALLOW_HTTP', 'true')
    monkeypatch.setenv('AWS_DEFAULT_REGION', 'us-east-1')
    monkeypatch.setenv('AWS_ACCESS_KEY_ID', 'reader')
    monkeypatch.setenv('AWS_SECRET_ACCESS_KEY', 'secret')
    name = f'pictures-{next(NUMBERS)}'
    create_bucket(address, name)
    return f's3://{name}'


@pytest.fixture
def bucket(url, config):
    """Return the bucket that the service keeps its images' files in."""
    config.storage_url = url
    return obstore.store.from_url(url, **LIMITS)


@pytest.fixture
def client(bucket, client):
    """Return a client of a service with a bucket."""
    return client


@pytest.fixture
def many_at_once(monkeypatch):
    """Have eight thumbnails made at the same time, however small the machine."""
    monkeypatch.setattr('os.cpu_count', lambda: 8)


def objects(bucket):
    """Return the names of the objects in a bucket."""
    return sorted(found['path'] for found in bucket.list().collect())


def content(bucket, record):
    """Return the object of an image."""
    return bytes(bucket.get(f'{record["id"]}.jpeg').bytes())


def post(client):
    """Upload an image; return its record."""
    result = client.simulate_post('/images', body=FILE)
    assert result.status_code == 201
    return result.json


def refuse(dialect, connection):
    """Fail as a database does in which there is no room."""
    raise dialect.loaded_dbapi.OperationalError('no room')


def test_setting(module, monkeypatch):
    """The bucket comes from the environment, and by default there is none."""
    monkeypatch.delenv('ASGI_LOOK_STORAGE_URL', raising=False)
    assert module('config').Config().storage_url is None
    monkeypatch.setenv('ASGI_LOOK_STORAGE_URL', 's3://pictures')
    assert module('config').Config().storage_url == 's3://pictures'


@pytest.mark.usefixtures('url')
def test_folder(app, left_behind):
    """Without the setting, the files are in the folder as before."""
    client = falcon.testing.TestClient(app)
    record = post(client)
    assert left_behind() == [f'{record["id"]}.jpeg']
    for path in [record['image'], record['thumbnails'][0]]:
        assert client.simulate_get(path).status_code == 200
    assert client.simulate_delete(record['image']).status_code == 204
    assert left_behind() == []


def test_upload(client, bucket, left_behind, blocking_calls):
    """An image is in the bucket as a JPEG, and nothing is left in the folder."""
    record = post(client)
    assert objects(bucket) == [f'{record["id"]}.jpeg']
    assert left_behind() == []
    assert blocking_calls == []
    with PIL.Image.open(io.BytesIO(content(bucket, record))) as image:
        assert (image.format, image.size) == ('JPEG', (640, 360))


def test_download(client, bucket, config, tmp_path, module):
    """Another service, with a folder of its own, finds the image in the bucket."""
    record = post(client)
    database = config.database_url
    config.storage_path = tmp_path / 'other'
    config.database_url = database
    other = falcon.testing.TestClient(module('app').create_app(config))
    for each in (client, other):
        result = each.simulate_get(record['image'])
        assert result.status_code == 200
        assert result.content == content(bucket, record)
        assert result.headers['Content-Type'] == 'image/jpeg'
        assert int(result.headers['Content-Length']) == len(result.content)


def test_streamed(bucket, app, run):
    """An image is sent as it arrives from the bucket, piece by piece."""
    pieces = []

    async def send(event):
        if event['type'] == 'http.response.body':
            pieces.append(event.get('body', b''))

    async def get():
        async with falcon.testing.ASGIConductor(app) as conductor:
            record = (await conductor.simulate_post('/images', body=FILE)).json
            await bucket.put_async(f'{record["id"]}.jpeg', LARGE)
            scope = falcon.testing.create_scope(path=record['image'])
            await app(scope, falcon.testing.ASGIRequestEventEmitter(), send)

    run(get())
    assert b''.join(pieces) == LARGE
    assert max(map(len, pieces)) < len(LARGE) / 4


def test_thumbnails(
    many_at_once, bucket, app, folder, left_behind, run, blocking_calls
):
    """Thumbnails come from the bucket, several of one image at the same time, too."""
    noise = io.BytesIO()
    PIL.Image.effect_noise((1200, 900), 100).convert('RGB').save(noise, 'PNG')

    async def get():
        async with falcon.testing.ASGIConductor(app) as conductor:
            data = noise.getvalue()
            record = (await conductor.simulate_post('/images', body=data)).json
            shutil.rmtree(folder)
            paths = [path for path in record['thumbnails'] for _ in range(4)]
            requests = [conductor.simulate_get(path) for path in paths]
            return paths, await asyncio.gather(*requests)

    for path, result in zip(*run(get()), strict=True):
        assert result.status_code == 200
        with PIL.Image.open(io.BytesIO(result.content)) as image:
            assert path.endswith(f'/{image.width}x{image.height}.jpeg')
    assert left_behind() == []
    assert blocking_calls == []


def test_delete(client, bucket, monkeypatch):
    """DELETE removes the record first, and then the object."""
    kept, deleted = post(client), post(client)
    with monkeypatch.context() as patch:
        patch.setattr('sqlalchemy.engine.default.DefaultDialect.do_commit', refuse)
        assert client.simulate_delete(kept['image']).status_code == 503
    statuses = [client.simulate_delete(deleted['image']).status_code for _ in range(2)]
    assert statuses == [204, 404]
    assert objects(bucket) == [f'{kept["id"]}.jpeg']


def test_gone(client, bucket):
    """An image whose object has gone answers 404, and can be deleted."""
    record = post(client)
    bucket.delete(f'{record["id"]}.jpeg')
    for path in [record['image'], record['thumbnails'][0]]:
        result = client.simulate_get(path)
        assert result.status_code == 404
        assert result.json['description']
    assert client.simulate_delete(record['image']).status_code == 204
    assert client.simulate_get('/images').json == []


def test_refused(client, bucket, monkeypatch, left_behind):
    """The object is there when its record is committed, but goes if that fails."""
    seen = []

    def look_and_refuse(dialect, connection):
        seen.extend(objects(bucket))
        refuse(dialect, connection)

    with monkeypatch.context() as patch:
        commit = 'sqlalchemy.engine.default.DefaultDialect.do_commit'
        patch.setattr(commit, look_and_refuse)
        assert client.simulate_post('/images', body=FILE).status_code == 503
    assert len(seen) == 1
    assert objects(bucket) == []
    assert left_behind() == []
    assert client.simulate_get('/images').json == []


def test_bucket_missing(client, url, config, left_behind, module):
    """An upload that the bucket refuses leaves no record, and nothing in the folder."""
    config.storage_url = f'{url}-missing'
    refused = falcon.testing.TestClient(module('app').create_app(config))
    assert refused.simulate_post('/images', body=FILE).status_code >= 500
    assert left_behind() == []
    assert client.simulate_get('/images').json == []


def test_nobody_waits(moto, bucket, app, run):
    """While an image is on its way to the bucket, others are stored and deleted."""
    held = moto / 'held'

    async def change(conductor):
        quick = await conductor.simulate_post('/images', body=FILE)
        deleted = await conductor.simulate_delete(quick.json['image'])
        return deleted.status_code

    async def race():
        async with falcon.testing.ASGIConductor(app) as conductor:
            (moto / 'hold').touch()
            slow = asyncio.create_task(conductor.simulate_post('/images', body=FILE))
            while not (held.exists() or slow.done()):
                await asyncio.sleep(0.01)
            quick = asyncio.create_task(change(conductor))
            await asyncio.wait([slow, quick], return_when=asyncio.FIRST_COMPLETED)
            was_first = quick.done() and not slow.done()
            for path in [held, moto / 'hold']:
                path.unlink(missing_ok=True)
            return was_first, await quick, (await slow).json['id']

    was_first, status, image_id = run(race())
    assert was_first
    assert status == 204
    assert objects(bucket) == [f'{image_id}.jpeg']


def test_named(app_folder):
    """The project lists obstore among its dependencies."""
    text = (app_folder / 'pyproject.toml').read_text(encoding='utf-8')
    needed = tomllib.loads(text)['project']['dependencies']
    names = {re.split(r'[^\w-]', name.lower())[0] for name in needed}
    assert 'obstore' in names
