"""The images' files in a bucket."""

import pathlib

import falcon
import obstore.store
import pytest
from sqlalchemy.engine.default import DefaultDialect


@pytest.fixture
def bucket(monkeypatch):
    """Return the bucket of the application: one in memory."""
    bucket = obstore.store.MemoryStore()
    monkeypatch.setattr(obstore.store, 'from_url', {'s3://pictures': bucket}.get)
    return bucket


@pytest.fixture
def config(config, bucket):
    """Return settings that name the bucket."""
    config.storage_url = 's3://pictures'
    return config


def files_of(config):
    """Return the files in the store's folder."""
    return list(pathlib.Path(config.storage_path).iterdir())


def test_bucket(client, bucket, config, make_image):
    """An image is in the bucket alone, from its upload to its end."""
    record = client.simulate_post('/images', body=make_image()).json
    [found] = bucket.list().collect()
    assert found['path'] == f'{record["id"]}.jpeg'

    image = client.simulate_get(record['image'])
    assert image.content == bytes(bucket.get(found['path']).bytes())
    assert image.headers['Content-Length'] == str(found['size'])
    for thumbnail in record['thumbnails']:
        assert client.simulate_get(thumbnail).status == falcon.HTTP_200
    assert not files_of(config)

    assert client.simulate_delete(record['image']).status == falcon.HTTP_204
    assert not bucket.list().collect()


def test_object_gone(client, bucket, make_image):
    """An image whose object has gone is not found."""
    record = client.simulate_post('/images', body=make_image()).json
    bucket.delete(f'{record["id"]}.jpeg')

    for path in [record['image'], record['thumbnails'][0]]:
        assert client.simulate_get(path).status == falcon.HTTP_404


def test_record_refused(client, bucket, make_image, monkeypatch):
    """If a record can't be written, its object doesn't stay."""

    def refuse(dialect, connection):
        raise dialect.loaded_dbapi.OperationalError('no room')

    monkeypatch.setattr(DefaultDialect, 'do_commit', refuse)
    result = client.simulate_post('/images', body=make_image())

    assert result.status == falcon.HTTP_503
    assert not bucket.list().collect()
