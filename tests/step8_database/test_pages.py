"""Step 8: the list comes in pages, and images can be deleted."""

import asyncio
import re

import falcon.testing
import pytest

from workbook.pictures import upload

pytestmark = [
    pytest.mark.hint(section='step8-list'),
    pytest.mark.usefixtures('database'),
]
FILE = upload((128, 128))
UNKNOWN = '36562622-48e5-4a61-be67-e426b11821ed'


def post(client, count=1):
    """Upload some images; return their ids."""
    results = [client.simulate_post('/images', body=FILE) for _ in range(count)]
    assert {result.status_code for result in results} == {201}
    return [result.json['id'] for result in results]


def next_page(result):
    """Return the path of the next page, or None if this was the last."""
    link = result.headers.get('Link')
    if link is None:
        return None
    match = re.fullmatch(r'<(/images\?[^>]+)>; rel="?next"?', link)
    assert match, f'The header Link is {link}.'
    return match[1]


def ids(result):
    """Return the ids in a page."""
    assert result.status_code == 200
    return [record['id'] for record in result.json]


def walk(client, path, visit=lambda: None):
    """Return the ids on all pages from a path on; call a function after each page."""
    found, seen = [], set()
    while path:
        assert path not in seen, f'The link leads to {path} again.'
        seen.add(path)
        result = client.simulate_get(path)
        found.append(ids(result))
        path = next_page(result)
        visit()
    return found


def joined(pages):
    """Return the ids on all pages together."""
    return [image_id for page in pages for image_id in page]


@pytest.mark.hint(
    'The list has a hundred images at most, and says where it goes on. Where does the '
    'next page begin, and when is there none?',
    'Ask the store for one image more than the page has. If it comes, '
    "`resp.set_header('Link', ...)` with the number of the last one shown.",
)
def test_pages(client):
    """The pages together are the list, each image once, in order."""
    stored = post(client, 7)
    for limit, sizes in [(1, [1] * 7), (3, [3, 3, 1]), (7, [7]), (100, [7])]:
        pages = walk(client, f'/images?limit={limit}')
        assert [len(page) for page in pages] == sizes
        assert joined(pages) == stored


@pytest.mark.hint(
    'Without a limit, how many images does a page have?',
    '`req.get_param_as_int(...)` with `default=PAGE` and `max_value=PAGE`, where '
    '`PAGE = 100`.',
)
@pytest.mark.parametrize('database', ['sqlite'], indirect=True)
def test_a_hundred(client):
    """A page has a hundred images unless the client asks for fewer."""
    stored = post(client, 101)
    assert walk(client, '/images') == [stored[:100], stored[100:]]


@pytest.mark.hint(
    'The numbers come from a client. Which of them make no sense, and which are more '
    'than the database can count?',
    '`min_value`, `max_value`: Falcon answers 400. The largest number that fits is '
    '`2**63 - 1`.',
)
@pytest.mark.parametrize('database', ['sqlite'], indirect=True)
@pytest.mark.parametrize(
    'query',
    [
        'limit=0',
        'limit=-1',
        'limit=101',
        'limit=x',
        'limit=1.5',
        'limit=',
        'after=-1',
        'after=x',
        f'after={UNKNOWN}',
        f'after={2**63}',
        f'after={10**30}',
        f'limit={"9" * 5000}',
    ],
)
def test_bad_values(client, query):
    """A page that can't be answers 400, and says what's wrong."""
    post(client)
    result = client.simulate_get('/images', query_string=query)
    assert result.status_code == 400
    assert result.json['description']


@pytest.mark.hint(
    'A large number is no mistake: there is nothing after it. Which column is too '
    'small for it?',
    '`BigInteger` for the number: it has 64 bits in PostgreSQL, too.',
)
@pytest.mark.parametrize('after', [2**31 - 1, 2**31, 2**32, 2**63 - 1])
def test_large_numbers(client, after):
    """After the last image comes an empty page."""
    post(client)
    assert ids(client.simulate_get(f'/images?after={after}')) == []


@pytest.mark.hint(
    'Someone deletes or uploads images between two pages. Does the next page begin at '
    'a place in the list, or after an image?',
    '`where(Record.number > after)`, not `offset(after)`.',
)
def test_pages_are_stable(client):
    """Deletes and uploads in between neither repeat an image nor leave one out."""
    stored = post(client, 9)
    to_delete, added = [[0, 4], [2]], []

    def change():
        for index in to_delete.pop(0) if to_delete else []:
            result = client.simulate_delete(f'/images/{stored[index]}.jpeg')
            assert result.status_code == 204
            added.extend(post(client))

    shown = joined(walk(client, '/images?limit=3', change))
    assert shown == [*stored[:4], *stored[5:], *added]
    assert joined(walk(client, '/images?limit=3')) == [stored[1], stored[3], *shown[4:]]


@pytest.mark.hint(
    'The newest image was deleted, and another one got its number. Who has seen the '
    'first one never gets to see the second.',
    "`__table_args__ = {'sqlite_autoincrement': True}`, or SQLite uses numbers again.",
    section='step8-database',
)
def test_numbers_are_not_reused(client):
    """An image that comes after a deleted one is on the page after that."""
    first, last = post(client, 2)
    after_first = next_page(client.simulate_get('/images?limit=1'))
    [other] = post(client)
    after_last = next_page(client.simulate_get(after_first))
    for image_id in [last, other]:
        result = client.simulate_delete(f'/images/{image_id}.jpeg')
        assert result.status_code == 204
    [new] = post(client)
    assert ids(client.simulate_get(after_last)) == [new]
    assert joined(walk(client, '/images')) == [first, new]


@pytest.mark.hint(
    'The page came from the cache, and lost its link. What of an answer is kept?',
    'Keep the header `Link` beside `Content-Type`, and set both again.',
    section='step8-cache',
)
def test_link_is_cached(client):
    """A page that comes from the cache has its link, too, and is the page asked for."""
    post(client, 3)
    paths = ['/images?limit=1', '/images?limit=2', '/images?limit=2&after=1', '/images']
    fresh = [client.simulate_get(path) for path in paths]
    again = [client.simulate_get(path) for path in paths]
    assert {result.headers['X-ASGILook-Cache'] for result in fresh} == {'Miss'}
    assert {result.headers['X-ASGILook-Cache'] for result in again} == {'Hit'}
    assert [ids(result) for result in fresh] == [ids(result) for result in again]
    assert [*map(next_page, fresh)] == [*map(next_page, again)]
    assert len(set(map(next_page, fresh))) == 3


@pytest.mark.hint(
    'The image was deleted. Which of its traces are left: its file, its record, its '
    'thumbnails in the cache?',
    '`on_delete_image` answers 204 after `Store.delete`, which removes the record, and '
    'then the file.',
    section='step8-delete',
)
def test_delete(client, left_behind):
    """A deleted image is gone: its record, its file and its thumbnails."""
    stays = client.simulate_post('/images', body=FILE).json
    kept = left_behind()
    goes = client.simulate_post('/images', body=FILE).json
    paths = [goes['image'], *goes['thumbnails']]
    for path in paths * 2:
        assert client.simulate_get(path).status_code == 200
    result = client.simulate_delete(goes['image'])
    assert (result.status_code, result.content) == (204, b'')
    assert {client.simulate_get(path).status_code for path in paths} == {404}
    assert client.simulate_get('/images').json == [stays]
    assert left_behind() == kept
    result = client.simulate_delete(goes['image'])
    assert result.status_code == 404
    assert result.json['description']


@pytest.mark.hint(
    'An image whose file has gone from the disk can still be deleted. Which call '
    'raises?',
    '`unlink(missing_ok=True)`.',
    section='step8-delete',
)
def test_delete_without_a_file(client, folder):
    """An image whose file has gone is deleted like any other."""
    record = client.simulate_post('/images', body=FILE).json
    (folder / f'{record["id"]}.jpeg').unlink()
    assert client.simulate_delete(record['image']).status_code == 204
    assert client.simulate_get('/images').json == []


@pytest.mark.hint(
    'There is nothing to delete. What does your responder answer?',
    '`Store.delete` returns whether there was such an image; if not, '
    '`raise falcon.HTTPNotFound`.',
    section='step8-delete',
)
def test_delete_unknown(client):
    """Deleting what isn't there answers 404, and changes nothing."""
    stored = post(client)
    for name in [UNKNOWN, 'x']:
        result = client.simulate_delete(f'/images/{name}.jpeg')
        assert result.status_code == 404
        assert result.json['description']
    assert ids(client.simulate_get('/images')) == stored
    allowed = client.simulate_options(f'/images/{stored[0]}.jpeg').headers['Allow']
    assert {'GET', 'DELETE'} <= set(allowed.split(', '))


@pytest.mark.hint(
    'Two requests delete the same image at the same time. Who finds out which of them '
    'did it?',
    'The database: the result of `delete(Record).where(...)` has the number of rows '
    'that it removed, its `rowcount`.',
    section='step8-delete',
)
def test_eight_deletes(workers):
    """Of eight requests to delete an image, on two workers, one succeeds."""

    async def story(one, two):
        for _ in range(3):
            record = (await one.simulate_post('/images', body=FILE)).json
            deletes = [
                worker.simulate_delete(record['image'])
                for worker in [one, two]
                for _ in range(4)
            ]
            results = await asyncio.gather(*deletes)
            statuses = sorted(result.status_code for result in results)
            assert statuses == [204, *[404] * 7]

    workers(story)


@pytest.mark.hint(
    'Under a `TestClient`, each request starts the app and ends it again.',
    '`Database.close` leaves an engine behind that works: `open` makes the one that '
    'keeps connections, `close` goes back to one that does not.',
)
def test_test_client(module, config):
    """Pages work without a lifespan, too: Falcon's `TestClient` has one per request."""
    client = falcon.testing.TestClient(module('app').create_app(config))
    stored = post(client, 3)
    assert walk(client, '/images?limit=2') == [stored[:2], stored[2:]]
