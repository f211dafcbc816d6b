"""The same for a WSGI server: one plain function."""

import wsgiref.simple_server

BODY = b'Hello from WSGI.\n'


def app(environ, start_response):
    """Answer each request with the same text."""
    print('environ:', environ['REQUEST_METHOD'], environ['PATH_INFO'])
    start_response(
        '200 OK',
        [
            ('Content-Type', 'text/plain; charset=utf-8'),
            ('Content-Length', str(len(BODY))),
        ],
    )
    return [BODY]


if __name__ == '__main__':
    with wsgiref.simple_server.make_server('127.0.0.1', 8000, app) as server:
        server.serve_forever()
