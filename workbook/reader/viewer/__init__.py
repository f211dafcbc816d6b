"""The viewer: a page at `/` for a service that has no page of its own yet.

It is wrapped around the application that `tox -e serve` serves, so no line of it is in
a step. Everything but the viewer's own paths passes through untouched.
"""

import html
import importlib
import json
import logging
import os
import pathlib
import string
import sys
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

FOLDER = pathlib.Path(__file__).parent
PREFIX = '/-/viewer/'
"""Where the page's files are: a path that no service of the book uses."""

SERVED = 'WORKBOOK_SERVED'
"""The environment variable that tells a server's processes what they serve."""

MEDIA = {
    '.css': 'text/css; charset=utf-8',
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.svg': 'image/svg+xml',
}
POLICY = '; '.join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
)
HEADERS = {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': POLICY,
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
}


class Viewer:
    """An ASGI application: another one, with the viewer's page where that lacks one."""

    def __init__(self, app: App, title: str = 'asgilook', has: str = 'images') -> None:
        self._app = app
        page = string.Template((FOLDER / 'index.html').read_text(encoding='utf-8'))
        facts = {'title': html.escape(title), 'has': html.escape(has)}
        self._page = page.substitute(facts).encode()
        # Read now: a file that is read later would hold up the event loop.
        self._files = {
            PREFIX + path.name: (MEDIA[path.suffix], path.read_bytes())
            for path in FOLDER.iterdir()
            if path.suffix in MEDIA and path.name != 'index.html'
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for the viewer; pass on everything else."""
        reads = scope['type'] == 'http' and scope['method'] in ('GET', 'HEAD')
        path = scope['path'].removeprefix(scope.get('root_path', '')) if reads else ''
        if path in self._files:
            await answer(scope, send, *self._files[path])
        elif path == '/':
            await self._answer_unless_app_does(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer_unless_app_does(
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Let the app answer; where it answers 404, show the page instead."""
        not_found = False

        async def pass_on_unless_404(message: Message) -> None:
            nonlocal not_found
            if message['type'] == 'http.response.start' and message['status'] == 404:
                not_found = True
            if not not_found:
                await send(message)

        await self._app(scope, receive, pass_on_unless_404)
        if not_found:
            await answer(scope, send, MEDIA['.html'], self._page)


async def answer(scope: Scope, send: Send, media_type: str, body: bytes) -> None:
    """Answer 200, and to a `HEAD` without the body."""
    headers = {
        'Content-Type': media_type,
        'Content-Length': str(len(body)),
        **HEADERS,
    }
    await send(
        {
            'type': 'http.response.start',
            'status': 200,
            'headers': [
                (name.lower().encode(), value.encode())
                for name, value in headers.items()
            ],
        }
    )
    shown = b'' if scope['method'] == 'HEAD' else body
    await send({'type': 'http.response.body', 'body': shown})


def is_not_about_viewer(record: logging.LogRecord) -> bool:
    """Return whether a line of the log is not about one of the viewer's files."""
    return PREFIX not in record.getMessage()


def load(target: str) -> App:
    """Import an application, named as for uvicorn: `module:name`."""
    module, _, name = target.partition(':')
    app: App = getattr(importlib.import_module(module), name)
    return app


def blame(error: Exception, folder: pathlib.Path) -> str:
    """Return what went wrong, with the last file and line in a folder that did it."""
    place = ''
    for frame in traceback.extract_tb(error.__traceback__):
        path = pathlib.Path(frame.filename)
        if folder in path.parents:
            place = f'{path.relative_to(folder).as_posix()}, line {frame.lineno}: '
    what = str(error)
    if isinstance(error, SyntaxError) and error.filename:
        path = pathlib.Path(error.filename)
        name = path.relative_to(folder).as_posix() if folder in path.parents else path
        place, what = f'{name}, line {error.lineno}: ', error.msg
    what = ' '.join(what.split())
    return f'{place}{type(error).__name__}' + (f': {what}' if what else '')


def create() -> Viewer:
    """Return what the environment says to serve: a factory for uvicorn.

    Code that cannot be imported ends the process with one line. With `--reload`,
    uvicorn tries again as soon as a file changes.
    """
    served = json.loads(os.environ[SERVED])
    try:
        app = load(served['target'])
    except Exception as error:
        print(
            f'{blame(error, pathlib.Path(served["folder"]))}\n'
            'The service is back as soon as this is fixed.',
            file=sys.stderr,
        )
        raise SystemExit(1) from None
    # The log of the service is about the service.
    logging.getLogger('uvicorn.access').addFilter(is_not_about_viewer)
    return Viewer(app, served['title'], served['has'])
