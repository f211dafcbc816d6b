"""Each client gets the list in the media type that it prefers."""

import csv
import io

import pytest

from workbook.pictures import upload

COLUMNS = ['id', 'image', 'modified', 'width', 'height']


@pytest.fixture
def records(client):
    """Upload two pictures; return their records."""
    sizes = [(640, 360), (200, 300)]
    return [client.simulate_post('/images', body=upload(size)).json for size in sizes]


@pytest.fixture
def get(client):
    """Return a function that gets the list, in a media type."""
    return lambda accept: client.simulate_get('/images', headers={'Accept': accept})


def type_of(result):
    """Return the media type of an answer, without its parameters."""
    return result.headers['Content-Type'].partition(';')[0]


def test_table(get, records):
    """A client that asks for CSV gets column names, then a line for each picture."""
    result = get('text/csv')
    assert result.status_code == 200
    assert type_of(result) == 'text/csv'
    names, *lines = csv.reader(io.StringIO(result.text))
    assert names == COLUMNS
    assert lines == [
        [record['id'], record['image'], record['modified'], *map(str, record['size'])]
        for record in records
    ]


def test_empty(get):
    """A table without pictures still has the column names."""
    assert get('text/csv').text.split() == [','.join(COLUMNS)]


@pytest.mark.parametrize('accept', ['*/*', 'application/json', 'text/xml'])
def test_json_unless_asked(get, records, accept):
    """A client that doesn't mind gets JSON, and so does one that wants XML."""
    result = get(accept)
    assert type_of(result) == 'application/json'
    assert result.json == records


@pytest.mark.usefixtures('records')
def test_by_turns(get):
    """Each client gets what it asked for, whatever the one before it asked for."""
    types = ['text/csv', 'application/json', 'application/json', 'text/csv']
    assert [type_of(get(media_type)) for media_type in types * 2] == types * 2


@pytest.mark.usefixtures('records')
@pytest.mark.parametrize('accept', ['text/csv', 'application/json'])
def test_cached(get, accept):
    """The list is cached in either type, and says what it varies on."""
    first, second = get(accept), get(accept)
    assert type_of(second) == accept
    assert second.headers['X-ASGILook-Cache'] == 'Hit'
    assert second.content == first.content
    for result in (first, second):
        assert 'accept' in result.headers.get('Vary', '').lower()


def test_renewed(get, client):
    """After an upload, no old list comes from the cache, in either type."""
    for count in range(1, 4):
        assert len(get('text/csv').text.splitlines()) == count
        assert len(get('application/json').json) == count - 1
        client.simulate_post('/images', body=upload())
