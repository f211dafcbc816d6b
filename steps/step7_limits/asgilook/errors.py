"""Errors as clients see them: in JSON, and with what to do."""

import logging
from typing import Any

import falcon
from falcon.asgi import Request, Response

logger = logging.getLogger(__name__)

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


async def too_much_work(
    req: Request, resp: Response, error: Exception, params: dict[str, Any]
) -> None:
    """Answer 422 for an image that takes too much to convert; the log says what."""
    logger.info('A conversion was stopped: %s', error)
    raise falcon.HTTPUnprocessableEntity(
        description='The image takes too much time or memory to convert. '
        'Save it again as a plain JPEG or PNG, and send that.'
    )


async def damaged_file(
    req: Request, resp: Response, error: Exception, params: dict[str, Any]
) -> None:
    """Answer 404 for an image whose file was damaged on the disk."""
    logger.error('A stored file is damaged: %s', error)
    raise falcon.HTTPNotFound


async def storage_full(
    req: Request, resp: Response, error: Exception, params: dict[str, Any]
) -> None:
    """Answer 507 when the disk is full."""
    logger.error('The disk is full: %s', error)
    raise falcon.HTTPInsufficientStorage(
        description='There is no room for more images. Try again later.'
    )


def to_json(req: Request, resp: Response, error: falcon.HTTPError) -> None:
    """Describe an error in JSON, whatever the client would rather have."""
    if error.description is None:
        error.description = HINTS.get(error.status_code)
    resp.content_type = falcon.MEDIA_JSON
    resp.data = error.to_json()
