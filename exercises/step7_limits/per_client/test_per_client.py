"""One client may have only so many uploads under way at the same time."""

import asyncio
import json

import pytest

from tests.step7_limits.visits import PATIENCE, Silent, Visit
from workbook.pictures import upload

OTHER = '192.0.2.1'


@pytest.fixture
def under_way(config, app, run):
    """Return a function that has a client make uploads while two are under way.

    The two are `kind`, and end before the last of the others begins if `end` is true.
    """

    async def story(limit, kind, address, end):
        config.uploads_per_client = limit
        first = [kind(app, 'POST', '/images', [upload()]) for _ in range(2)]
        async with asyncio.timeout(PATIENCE):
            tasks = [asyncio.create_task(visit.run()) for visit in first]
            while not all(visit.taken for visit in first):
                await asyncio.sleep(0.001)
            if end:
                for visit in first:
                    visit.leave()
                await asyncio.wait(tasks)
            late = Visit(app, 'POST', '/images', [upload()], address=address)
            await late.run()
            for visit in first:
                visit.leave()
            await asyncio.wait(tasks)
        return late.sent

    def start(limit, kind=Silent, address=None, end=False):
        return run(story(limit, kind, address, end))

    return start


def test_default(under_way):
    """By default, there is no limit."""
    assert under_way(None).status == 201


def test_one_too_many(under_way):
    """A client with two uploads under way gets a 429 for the third."""
    sent = under_way(2)
    assert sent.status == 429
    assert int(dict(sent.headers)['retry-after']) >= 1
    assert json.loads(b''.join(sent.body_chunks))['description']


def test_others(under_way):
    """Another client isn't concerned."""
    assert under_way(2, address=OTHER).status == 201


@pytest.mark.parametrize('kind', [Silent, Visit])
def test_place_is_free_again(under_way, kind):
    """When uploads have ended, however they did, their places are free again."""
    assert under_way(2).status == 429
    assert under_way(2, kind, end=True).status == 201
