"""An upload that says it is too large is refused before it is read."""

import json

import falcon.testing
import pytest

from workbook.pictures import upload

LIMIT = 20_000_000


@pytest.fixture
def post(app, run):
    """Return a function that uploads a file, and announces a length."""

    async def send(said):
        headers = {} if said is None else {'Content-Length': str(said)}
        scope = falcon.testing.create_scope(
            method='POST', path='/images', headers=headers
        )
        body = falcon.testing.ASGIRequestEventEmitter(upload(), chunk_size=100)
        asked = []

        async def receive():
            asked.append(said)
            return await body()

        sent = falcon.testing.ASGIResponseEventCollector()
        await app(scope, receive, sent)
        return sent, asked

    return lambda said: run(send(said))


@pytest.mark.parametrize('said', [LIMIT + 1, 10 * LIMIT])
def test_too_large(post, said):
    """An upload above the limit gets a 413, with advice, before the body is read."""
    sent, asked = post(said)
    assert sent.status == 413
    assert json.loads(b''.join(sent.body_chunks))['description']
    assert len(asked) <= 1  # Falcon itself takes the first of many pieces.


def test_nothing_is_stored(post, client, left_behind):
    """A refused upload isn't stored, and the next one is."""
    assert post(LIMIT + 1)[0].status == 413
    assert left_behind() == []
    assert client.simulate_post('/images', body=upload()).status_code == 201


@pytest.mark.parametrize(
    ('said', 'status'), [(LIMIT, 400), (len(upload()), 201), (None, 201)]
)
def test_up_to_the_limit(post, said, status):
    """An upload of exactly the limit is read, and so is one without a length."""
    assert post(said)[0].status == status
