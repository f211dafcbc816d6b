"""Error handlers, which are coroutines too."""

import asyncio
import logging
from typing import Any

import falcon.asgi
from falcon.asgi import Request, Response, WebSocket

logger = logging.getLogger(__name__)


class OutOfStockError(Exception):
    """There is nothing left to sell."""


class Shop:
    """A shop where every sale goes wrong."""

    async def on_post(self, req: Request, resp: Response, item: str) -> None:
        """Try to sell something."""
        raise {'tea': OutOfStockError, 'cake': ZeroDivisionError}[item](item)


async def out_of_stock(
    req: Request,
    resp: Response | None,
    error: OutOfStockError,
    params: dict[str, Any],
    ws: WebSocket | None = None,
) -> None:
    """Order more, and respond with a 409."""
    await asyncio.sleep(0)  # as if sending a message to the supplier
    raise falcon.HTTPConflict(description=f'No {error} left. Try again tomorrow.')


async def unexpected(
    req: Request,
    resp: Response | None,
    error: Exception,
    params: dict[str, Any],
    ws: WebSocket | None = None,
) -> None:
    """Log the whole error, and respond with a 500 that gives none of it away."""
    logger.error('%s %s', req.method, req.path, exc_info=error)
    raise falcon.HTTPInternalServerError(description='It is our fault, and logged.')


app = falcon.asgi.App[Request, Response]()
app.add_route('/shop/{item}', Shop())
app.add_error_handler(OutOfStockError, out_of_stock)
app.add_error_handler(Exception, unexpected)
