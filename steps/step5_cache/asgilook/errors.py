"""Errors as clients see them: in JSON, and with what to do."""

from typing import Any

import falcon
from falcon.asgi import Request, Response

HINTS = {
    400: 'The request is not well formed. Check its method, path and headers.',
    404: 'Nothing is here. GET /images lists the images.',
    405: 'Use one of the methods that the Allow header names.',
}
"""What to do, by status, where an error does not say so itself."""


async def unknown_format(
    req: Request, resp: Response, error: Exception, params: dict[str, Any]
) -> None:
    """Answer 415 for a body that is not an image we read."""
    description = str(error)
    if (req.content_type or '').lower().startswith('multipart/'):
        description = (
            'This is a form. Send the file itself as the body: '
            f'curl --data-binary @photo.jpeg {req.uri}'
        )
    raise falcon.HTTPUnsupportedMediaType(description=description)


async def damaged_image(
    req: Request, resp: Response, error: Exception, params: dict[str, Any]
) -> None:
    """Answer 422 for an image that can't be used."""
    raise falcon.HTTPUnprocessableEntity(description=str(error))


def to_json(req: Request, resp: Response, error: falcon.HTTPError) -> None:
    """Describe an error in JSON, whatever the client would rather have."""
    if error.description is None:
        error.description = HINTS.get(error.status_code)
    resp.content_type = falcon.MEDIA_JSON
    resp.data = error.to_json()
