"""The smallest thing an ASGI server can host: one coroutine function."""

BODY = b'Hello from ASGI.\n'


async def app(scope, receive, send):
    """Answer each HTTP request with the same text."""
    if scope['type'] != 'http':
        raise NotImplementedError(f'{scope["type"]} is not spoken here.')

    print('scope:', scope['method'], scope['path'], scope['query_string'])
    event = await receive()
    print('received:', event['type'], event['body'])

    await send(
        {
            'type': 'http.response.start',
            'status': 200,
            'headers': [
                (b'content-type', b'text/plain; charset=utf-8'),
                (b'content-length', str(len(BODY)).encode()),
            ],
        }
    )
    await send({'type': 'http.response.body', 'body': BODY})
