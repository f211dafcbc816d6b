"""Step 8: the records are in a database, whichever worker asks, and whenever."""

import datetime
import itertools
import os
import pathlib
import types

import falcon.testing
import pytest

from workbook.pictures import upload

pytestmark = [
    pytest.mark.hint(section='step8-database'),
    pytest.mark.usefixtures('database'),
]
FILE = upload((256, 192))
DAY = datetime.timedelta(days=1)


async def listed(worker, path='/images'):
    """Return the ids in a page of the list."""
    return [record['id'] for record in (await worker.simulate_get(path)).json]


async def post(worker, data=FILE):
    """Upload an image; return its id."""
    result = await worker.simulate_post('/images', body=data)
    assert result.status_code == 201
    return result.json['id']


@pytest.mark.hint(
    'The service was stopped and started again, and knows less than before. Where does '
    'it keep the records?',
    '`Records.added` inserts a row and commits; `Records.page` selects the rows. No '
    'dictionary remembers anything.',
)
def test_restart(workers):
    """After a restart everything is there, byte by byte."""

    async def before(worker):
        for size in [(256, 192), (64, 64), (640, 360)]:
            await post(worker, upload(size))
        return await everything(worker)

    async def everything(worker):
        result = await worker.simulate_get('/images')
        paths = [record['image'] for record in result.json]
        paths += [path for record in result.json for path in record['thumbnails']]
        answers = [await worker.simulate_get(path) for path in paths]
        assert {answer.status_code for answer in answers} == {200}
        return result.json, [answer.content for answer in answers]

    expected = workers(before, 1)
    assert len(expected[0]) == 3
    assert workers(everything, 1) == expected


@pytest.mark.hint(
    'Two workers have the same database, and one knows an image that the other '
    "doesn't. What does a worker remember for itself?",
    'Let `Store.get`, `list_images` and `delete` ask the database each time.',
    section='step8-problem',
)
def test_workers_agree(workers):
    """All workers know immediately what one of them stores or deletes."""

    async def story(one, two):
        first, second = await post(one), await post(two)
        assert await listed(one) == await listed(two) == [first, second]
        assert (await two.simulate_get(f'/images/{first}.jpeg')).content
        deleted = await two.simulate_delete(f'/images/{first}.jpeg')
        assert deleted.status_code == 204
        assert await listed(one) == await listed(two) == [second]
        gone = await one.simulate_get(f'/images/{first}.jpeg')
        assert gone.status_code == 404

    workers(story)


@pytest.mark.hint(
    'The list goes by the time that the records have, but clocks are set back at '
    'times. What else tells which image came first?',
    'A number that the database gives each row: `order_by(Record.number)`.',
    section='step8-list',
)
def test_order_of_arrival(workers, module, monkeypatch):
    """The list has the order of arrival, even if the clock goes back."""
    days = itertools.count(-1, -1)

    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.datetime(2026, 1, 31, tzinfo=tz) + next(days) * DAY

    monkeypatch.setattr(
        module('image'),
        'datetime',
        types.SimpleNamespace(datetime=Clock, UTC=datetime.UTC),
    )

    async def story(worker):
        stored = [await post(worker) for _ in range(4)]
        assert await listed(worker) == stored
        pages = [f'/images?limit={limit}' for limit in range(1, 5)]
        assert [len(await listed(worker, page)) for page in pages] == [1, 2, 3, 4]

    workers(story, 1)


@pytest.mark.hint(
    "SQLite keeps a time without its zone. The time that comes back isn't the one that "
    'was stored.',
    'A `TypeDecorator` of `DateTime(timezone=True)`, whose `process_result_value` '
    'returns the time with `tzinfo=datetime.UTC` if it lacks one.',
)
def test_aware_times(store, result_of, run):
    """A time that was read is the one that was stored: aware, in UTC."""
    image = run(store.save('a', FILE))
    found = result_of(store.get('a'))
    assert found.modified == image.modified
    assert found.modified.utcoffset() == datetime.timedelta(0)
    assert found.serialize() == image.serialize()


@pytest.mark.hint(
    'The record could not be written. What becomes of the file that is there already?',
    'In `save_file`, `commit` inside `published`, which removes the file again; and an '
    'error handler that answers 503.',
    section='step8-transaction',
)
@pytest.mark.parametrize('place', ['insert', 'commit'])
def test_record_refused(client, monkeypatch, left_behind, place):
    """If the record can't be written, the answer is 503, and no file remains."""
    from sqlalchemy.engine.default import DefaultDialect

    assert client.simulate_post('/images', body=FILE).status_code == 201
    kept = left_behind()
    execute = DefaultDialect.do_execute

    def refuse(dialect, *arguments):
        raise dialect.loaded_dbapi.OperationalError('no room')

    def refuse_insert(dialect, cursor, statement, *arguments):
        does = refuse if statement.startswith('INSERT INTO images') else execute
        return does(dialect, cursor, statement, *arguments)

    if place == 'insert':
        monkeypatch.setattr(DefaultDialect, 'do_execute', refuse_insert)
    else:
        monkeypatch.setattr(DefaultDialect, 'do_commit', refuse)
    result = client.simulate_post('/images', body=FILE)
    assert result.status_code == 503
    assert int(result.headers['Retry-After']) > 0
    assert result.json['description']
    assert left_behind() == kept
    assert len(client.simulate_get('/images').json) == 1  # Reading goes on.


@pytest.mark.hint(
    'The file has the name of a folder that a web server may show. Where does the '
    'database belong?',
    "In `Config.database_url`, `f'{os.path.abspath(self.storage_path)}.db'`: beside "
    'the folder.',
)
@pytest.mark.parametrize('database', ['sqlite'], indirect=True)
def test_beside_the_folder(client, left_behind, database):
    """SQLite's file lies beside the folder of the images, not in it."""
    client.simulate_post('/images', body=FILE)
    assert database.path.is_file()
    assert [pathlib.Path(name).suffix for name in left_behind()] == ['.jpeg']


@pytest.mark.hint(
    'Some signs have a meaning in a URL, and yet may be in the name of a folder.',
    "`sqlalchemy.URL.create('sqlite', database=...).render_as_string()` escapes them.",
)
@pytest.mark.parametrize('database', ['sqlite'], indirect=True)
@pytest.mark.parametrize('name', ['with space', '50%', '%2f', 'a?b=c', 'a#b', 'é', '.'])
def test_any_folder(module, config, folder, monkeypatch, name):
    """The folder of the images may have any name."""
    folder.mkdir()
    monkeypatch.chdir(folder)
    config.storage_path = name
    client = falcon.testing.TestClient(module('app').create_app(config))
    assert client.simulate_post('/images', body=FILE).status_code == 201
    beside = pathlib.Path(f'{os.path.abspath(folder / name)}.db')
    assert beside.is_file()


@pytest.mark.hint(
    'A database has a URL, which may name the driver, as SQLAlchemy does. Is it taken '
    'from the environment, and what if it names none?',
    '`ASGI_LOOK_DATABASE_URL`; and a dictionary with the asynchronous driver for each '
    'name of a URL without one.',
    section='step8-postgresql',
)
@pytest.mark.parametrize('driver', ['', 'named'])
def test_url(module, database, folder, monkeypatch, run, result_of, driver):
    """The environment names the database, with its driver or without."""
    url = database.new_url('named')
    names = {'sqlite': 'sqlite+aiosqlite', 'postgresql': 'postgresql+asyncpg'}
    scheme, rest = url.split(':', 1)
    if driver:
        url = f'{names[scheme]}:{rest}'
    monkeypatch.setenv('ASGI_LOOK_DATABASE_URL', url)
    monkeypatch.setenv('ASGI_LOOK_STORAGE_PATH', str(folder))
    config = module('config').Config()
    assert config.database_url == url
    run(module('store').Store(config).save('a', FILE))
    again = module('store').Store(module('config').Config())
    assert [image.image_id for image in result_of(again.list_images())] == ['a']
    assert not folder.with_name(f'{folder.name}.db').exists()


@pytest.mark.hint(
    'Each image is looked up by its id, and each page by a number. Which of these does '
    'the database have to search row by row?',
    "`unique=True` gives the id's column an index; the primary key has one. And no "
    '`offset`: `where(Record.number > after)`.',
    section='step8-list',
)
@pytest.mark.parametrize('database', ['sqlite'], indirect=True)
def test_no_row_is_passed_over(client, on_statement, explain):
    """The database goes straight to what is asked for, however many records it has."""
    record = client.simulate_post('/images', body=FILE).json
    asked = []

    def note(connection, cursor, statement, parameters, context, many):
        if statement.startswith('SELECT') and 'images' in statement:
            asked.append((statement, parameters))

    on_statement('before_cursor_execute', note)
    for path in ['/images?after=1', record['image'], record['thumbnails'][0]]:
        client.simulate_get(path)
    assert len(asked) >= 3
    for statement, parameters in asked:
        [step] = explain(statement, parameters)
        assert step.startswith('SEARCH'), (step, statement)
