"""Pictures up to a configurable length are cached, and whole."""

import gc

import pytest

from workbook.pictures import upload


@pytest.fixture
def get(client):
    """Upload a picture; return a function that gets it several times."""
    place = client.simulate_post('/images', body=upload()).headers['Location']

    def get_it(times):
        return [client.simulate_get(place) for _ in range(times)]

    return get_it


def says(results):
    """Return what the answers say about the cache."""
    return [result.headers.get('X-ASGILook-Cache') for result in results]


@pytest.fixture
def length(folder, get):
    """Return the length of the stored picture, in bytes."""
    [stored] = folder.iterdir()
    return stored.stat().st_size


@pytest.fixture(params=[0, 1_000_000], ids=['just enough', 'plenty'])
def enough(config, length, request):
    """Set a limit that the picture does not exceed."""
    config.longest_cached = max(length, request.param)


@pytest.mark.usefixtures('enough')
def test_short(get, folder):
    """A picture no longer than the limit is a hit the second time, and whole."""
    results = get(3)
    assert says(results) == ['Miss', 'Hit', 'Hit']
    [stored] = folder.iterdir()
    for result in results:
        assert result.status_code == 200
        assert result.content == stored.read_bytes()
        assert result.headers['Content-Type'] == 'image/jpeg'
        assert result.headers['Content-Length'] == str(len(result.content))


@pytest.mark.usefixtures('enough')
def test_closed(get):
    """When a picture is cached, its file is closed."""
    assert says(get(2)) == ['Miss', 'Hit']
    gc.collect()  # A file that was left open complains when it is collected.


def test_long(config, get, length):
    """A picture that is longer than the limit is never a hit, and always whole."""
    config.longest_cached = length - 1
    results = get(3)
    assert 'Hit' not in says(results)
    assert {len(result.content) for result in results} == {length}


def test_default(get, length):
    """Without a limit set, no picture is a hit, and each is whole."""
    results = get(2)
    assert 'Hit' not in says(results)
    assert {len(result.content) for result in results} == {length}


def test_setting(config):
    """The limit is a setting: 0 bytes by default."""
    assert config.longest_cached == 0
