"""The record of a single image."""

import falcon


def test_record(client, make_image):
    """A record is the one that the upload was answered with."""
    record = client.simulate_post('/images', body=make_image()).json

    assert client.simulate_get(f'/images/{record["id"]}').json == record
    unknown = '/images/00000000-0000-0000-0000-00000000abcd'
    assert client.simulate_get(unknown).status == falcon.HTTP_404
