"""What one client may cost: bytes, seconds, and pixels."""

import pathlib

import aiofiles
import falcon
from falcon.asgi import Request

from .config import Config


async def receive(req: Request, path: pathlib.Path, config: Config) -> None:
    """Write a request's body to a file.

    Answers 413 if it is too large, 400 if it is cut short.
    """
    announced, received = req.content_length or 0, 0
    async with aiofiles.open(path, 'wb') as file:
        check_length(announced, config.max_upload_bytes)
        async for chunk in req.stream:
            received += len(chunk)
            check_length(received, config.max_upload_bytes)
            await file.write(chunk)
    if received < announced:
        raise falcon.HTTPBadRequest(description='The body is cut short. Try again.')


def check_length(length: int, limit: int) -> None:
    """Answer 413 if a body has more bytes than are accepted."""
    if length > limit:
        raise falcon.HTTPContentTooLarge(
            description=f'The body is too large: at most {limit / 2**20:g} MiB are '
            'accepted. Send a smaller image.'
        )
