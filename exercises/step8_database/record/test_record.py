"""Each image's record has a URL of its own."""

import pytest

from workbook.pictures import upload

UNKNOWN = '36562622-48e5-4a61-be67-e426b11821ed'


def test_record(client):
    """The record is the one in the list, and the image stays where it is."""
    posted = [client.simulate_post('/images', body=upload()).json for _ in range(2)]
    for record in posted:
        result = client.simulate_get(f'/images/{record["id"]}')
        assert result.status_code == 200
        assert result.headers['Content-Type'] == 'application/json'
        assert result.json == record
        image = client.simulate_get(record['image'])
        assert image.headers['Content-Type'] == 'image/jpeg'


def test_deleted(client):
    """The record of a deleted image is gone, too."""
    record = client.simulate_post('/images', body=upload()).json
    path = f'/images/{record["id"]}'
    assert client.simulate_get(path).status_code == 200
    client.simulate_delete(record['image'])
    assert client.simulate_get(path).status_code == 404


@pytest.mark.parametrize('name', [UNKNOWN, 'x'])
def test_unknown(client, name):
    """A record that isn't there answers 404, and says where to look."""
    result = client.simulate_get(f'/images/{name}')
    assert result.status_code == 404
    assert result.json['description']
