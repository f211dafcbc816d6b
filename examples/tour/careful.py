"""Work after the response, with failures that don't go unseen."""

import logging

import falcon.asgi
from falcon.asgi import Request, Response

logger = logging.getLogger(__name__)


async def send_mail(name: str) -> None:
    """Fail, as mail servers do."""
    raise ConnectionError(f'no mail server for {name}')


class Orders:
    """Orders, each confirmed by mail."""

    async def on_post(self, req: Request, resp: Response) -> None:
        """Take an order, and confirm it once the client has its response."""
        order = await req.get_media()
        if not isinstance(order, dict) or 'name' not in order:
            raise falcon.HTTPBadRequest(description='Say your name, as "name".')

        async def confirm() -> None:
            try:
                await send_mail(order['name'])
            except Exception:
                logger.exception('The order of %s is not confirmed.', order['name'])

        resp.schedule(confirm)
        resp.status = falcon.HTTP_202


app = falcon.asgi.App[Request, Response]()
app.add_route('/orders', Orders())
