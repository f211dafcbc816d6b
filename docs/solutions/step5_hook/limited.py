"""A limit to the size of an upload, by a hook."""

from typing import Any

import falcon
from falcon.asgi import Request, Response

from asgilook import images

MOST_BYTES = 20_000_000
"""The largest upload that is read."""


async def refuse_large(
    req: Request, resp: Response, resource: object, params: dict[str, Any]
) -> None:
    """Answer 413 before the body is read, if the client says it is too large."""
    if (req.content_length or 0) > MOST_BYTES:
        raise falcon.HTTPContentTooLarge(
            description=f'Send a file of at most {MOST_BYTES} bytes.'
        )


class Images(images.Images):
    """The pictures, with a limit to what can be sent."""

    @falcon.before(refuse_large)
    async def on_post(self, req: Request, resp: Response) -> None:
        """Store the picture, if it is not too large."""
        await super().on_post(req, resp)
