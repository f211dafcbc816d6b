"""A solution for each task of lab 1: the code above its cell's divider."""


# %% now-you-405
async def polite(scope, receive, send):
    """Greet clients who send a GET."""
    status, body, headers = 200, b'Hello\n', []
    if scope['method'] != 'GET':
        status, body, headers = 405, b'Only GET, please.\n', [(b'allow', b'GET')]
    headers.append((b'content-length', str(len(body)).encode()))
    await send({'type': 'http.response.start', 'status': status, 'headers': headers})
    await send({'type': 'http.response.body', 'body': body})


# %% now-you-lifespan
starts = 0


async def alive(scope, receive, send):
    """Start and stop with the server."""
    global starts
    while scope['type'] == 'lifespan':
        event = await receive()
        starts += event['type'] == 'lifespan.startup'
        await send({'type': f'{event["type"]}.complete'})
        if event['type'] == 'lifespan.shutdown':
            return
