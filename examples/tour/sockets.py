"""A WebSocket: both sides talk, whenever they like."""

import falcon.asgi
from falcon.asgi import Request, Response, WebSocket


class Quiz:
    """A quiz on numbers."""

    async def on_websocket(self, req: Request, ws: WebSocket, level: int) -> None:
        """Ask for squares until the client leaves."""
        if level > 9:
            raise falcon.HTTPNotFound  # before accept(): the client is turned away
        await ws.accept()
        number = level
        try:
            while True:
                await ws.send_media({'ask': f'{number} * {number}'})
                answer = await ws.receive_text()
                if answer == 'stop':
                    await ws.close(reason='You said so')
                    return
                if answer == str(number**2):
                    number += 1
        except falcon.WebSocketDisconnected:
            pass  # the client has left, and there's nothing to tidy up


app = falcon.asgi.App[Request, Response]()
app.add_route('/quiz/{level:int(min=1)}', Quiz())
