"""What one client may cost: bytes, seconds, and pixels."""

import asyncio
import collections
import contextlib
import pathlib
from collections.abc import AsyncIterator, Iterator

import aiofiles
import falcon

from .config import Config
from .request import Request


async def receive(req: Request, path: pathlib.Path, config: Config) -> None:
    """Write a request's body to a file.

    Answers 413 if it is too large, 408 if it is too slow, 400 if it is cut short.
    """
    announced, received = req.content_length or 0, 0
    try:
        async with (
            aiofiles.open(path, 'wb') as file,
            asyncio.timeout(config.upload_timeout),
        ):
            check_length(announced, config.max_upload_bytes)
            async for chunk in req.stream:
                received += len(chunk)
                check_length(received, config.max_upload_bytes)
                await file.write(chunk)
    except TimeoutError:
        raise falcon.HTTPError(
            falcon.HTTP_408,
            description=f'The body took longer than {config.upload_timeout:g} seconds. '
            'Send a smaller image, or use a faster connection.',
        ) from None
    if req.client_left or received < announced:
        raise falcon.HTTPBadRequest(description='The body is cut short. Try again.')


def check_length(length: int, limit: int) -> None:
    """Answer 413 if a body has more bytes than are accepted."""
    if length > limit:
        raise falcon.HTTPContentTooLarge(
            description=f'The body is too large: at most {limit / 2**20:g} MiB are '
            'accepted. Send a smaller image.'
        )


class Budget:
    """An amount to share between those at work: first come, first served."""

    def __init__(self, amount: int, least: int, timeout: float) -> None:
        self._amount = self._free = amount
        self._least = least
        self._timeout = timeout
        self._queue: collections.deque[tuple[int, asyncio.Future[None]]]
        self._queue = collections.deque()

    @contextlib.asynccontextmanager
    async def share(self, amount: int, req: Request) -> AsyncIterator[None]:
        """Hold a share of the budget.

        A request for more than there is gets all of it. Answers 503 if the wait is
        too long, and gives up when the client, who has to be watched, leaves.
        """
        share = min(max(amount, self._least), self._amount)
        turn = asyncio.get_running_loop().create_future()
        self._queue.append((share, turn))
        self._serve()
        try:
            await self._wait(turn, req)
            yield
        finally:
            if not turn.cancel():
                self._free += share
            self._serve()

    def _serve(self) -> None:
        """Give their shares to the first in the queue."""
        while self._queue:
            share, turn = self._queue[0]
            if not turn.cancelled():
                if share > self._free:
                    break
                self._free -= share
                turn.set_result(None)
            self._queue.popleft()

    async def _wait(self, turn: asyncio.Future[None], req: Request) -> None:
        await asyncio.wait(
            {turn, req.departure},
            timeout=self._timeout,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if req.departure.done():
            raise falcon.HTTPBadRequest(description='The client has left.')
        if not turn.done():
            raise falcon.HTTPServiceUnavailable(
                description='Too much is going on. Try again in a while.',
                retry_after=round(self._timeout) or 1,
            )


class PerClient:
    """Counts what each client has under way, by its address."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._under_way: collections.Counter[str] = collections.Counter()

    @contextlib.contextmanager
    def place(self, address: str) -> Iterator[None]:
        """Count one more for a client; answer 429 if it has too many."""
        limit = self._config.uploads_per_client
        if limit is not None and self._under_way[address] >= limit:
            raise falcon.HTTPTooManyRequests(
                description=f'At most {limit} uploads at the same time are accepted. '
                'Wait until one of yours is done.',
                retry_after=1,
            )
        self._under_way[address] += 1
        try:
            yield
        finally:
            self._under_way[address] -= 1
            if not self._under_way[address]:
                del self._under_way[address]
