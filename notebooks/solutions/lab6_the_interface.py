"""A solution for each task of lab 6: the code above its cell's divider."""


# %% now-you-countdown
class Countdown:
    """A countdown from ten to one."""

    async def on_get(self, req, resp):
        """Count, starting after the last event that the client has seen."""
        last = int(req.last_event_id or 11)
        resp.sse = self._count(last - 1)

    async def _count(self, start):
        for number in range(start, 0, -1):
            yield falcon.asgi.SSEvent(text=str(number), event_id=str(number))


# %% now-you-sizes
class Halves:
    """Halves sizes."""

    async def on_websocket(self, req, ws):
        """Answer questions until the client leaves."""
        await ws.accept()
        with contextlib.suppress(falcon.WebSocketDisconnected):
            while True:
                width, height = await ws.receive_media()
                half = [width // 2, height // 2]
                await ws.send_media(half, falcon.WebSocketPayloadType.BINARY)
