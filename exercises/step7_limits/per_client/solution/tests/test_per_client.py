"""A client has only so many uploads under way."""

import falcon
import pytest

from asgilook.limits import PerClient


def test_one_too_many(config):
    """A client with two uploads under way has to wait; another one doesn't."""
    config.uploads_per_client = 2
    clients = PerClient(config)

    with (
        clients.place('a'),
        clients.place('a'),
        clients.place('b'),
        pytest.raises(falcon.HTTPTooManyRequests),
        clients.place('a'),
    ):
        pass

    with clients.place('a'):
        pass
