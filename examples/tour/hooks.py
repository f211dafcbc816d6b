"""Hooks: coroutines that run before or after a responder."""

from typing import Any

import falcon.asgi
from falcon.asgi import Request, Response

SHELVES = {'poems': ['Odes', 'Sonnets'], 'maps': ['Atlas']}


async def find_shelf(
    req: Request, resp: Response, resource: object, params: dict[str, Any]
) -> None:
    """Swap the shelf's name for the shelf, or raise a 404 if there isn't one."""
    name = params.pop('name')
    if name not in SHELVES:
        raise falcon.HTTPNotFound(description='The shelves: ' + ', '.join(SHELVES))
    params['shelf'] = SHELVES[name]


async def keep(req: Request, resp: Response, resource: object, seconds: int) -> None:
    """Let clients keep the response for a while."""
    resp.cache_control = [f'max-age={seconds}']


class Shelf:
    """A shelf full of books."""

    @falcon.before(find_shelf)
    @falcon.after(keep, 60)
    async def on_get(self, req: Request, resp: Response, shelf: list[str]) -> None:
        """List the books."""
        resp.media = shelf


@falcon.before(find_shelf)
class Size:
    """A resource with the hook on every responder."""

    async def on_get(self, req: Request, resp: Response, shelf: list[str]) -> None:
        """Count the books."""
        resp.media = len(shelf)


app = falcon.asgi.App[Request, Response]()
app.add_route('/shelves/{name}', Shelf())
app.add_route('/shelves/{name}/size', Size())
