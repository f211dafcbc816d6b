"""Serve a step with uvicorn, and with a Redis of its own where there is none.

    python -m workbook.reader.serve STEP [UVICORN OPTION ...]

Run by `tox -e serveN`, in an environment with the step's snapshot in it.
"""

import contextlib
import importlib
import importlib.util
import os
import pathlib
import socket
import sys
import tempfile
import threading
import urllib.parse
from collections.abc import Iterator
from typing import Any

import click
from uvicorn import main as uvicorn_command

from workbook.cli import UserError
from workbook.layout import Step, steps

STORAGE, REDIS = 'ASGI_LOOK_STORAGE_PATH', 'ASGI_LOOK_REDIS_HOST'
HIGHEST_PORT = 65_535
ATTEMPTS = 20
"""How often an embedded Redis is asked whether it answers yet."""


def has(module: str) -> bool:
    """Return whether the snapshot has this module."""
    return importlib.util.find_spec(f'asgilook.{module}') is not None


def check_address(host: str, port: int) -> None:
    """Refuse an address on which nothing can be served."""
    if not 0 <= port <= HIGHEST_PORT:
        raise UserError(f'There is no port {port}: {HIGHEST_PORT} is the highest.')
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name == 'posix':
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise UserError(
            f'Cannot serve on {host}, port {port} ({reason(error)}): '
            f'name another by adding `-- --port {port + 1}` to the command.'
        ) from error


def check_storage(folder: pathlib.Path) -> None:
    """Refuse a folder in which no picture could be kept."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(
            f'Cannot keep pictures in {folder} ({reason(error)}): '
            f'set the environment variable {STORAGE} to another folder.'
        ) from error


def reason(error: Exception) -> str:
    """Return what is wrong, in a few words."""
    return getattr(error, 'strerror', None) or str(error)


def redis_answers(url: str) -> bool:
    """Return whether a Redis is there, after half a second at most."""
    import redis

    with redis.Redis.from_url(
        url, socket_connect_timeout=0.5, socket_timeout=0.5
    ) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


@contextlib.contextmanager
def embedded_redis() -> Iterator[str]:
    """Run fakeredis' server on a free port; yield its URL when it answers."""
    from fakeredis import TcpFakeServer

    with TcpFakeServer(('127.0.0.1', 0)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f'redis://127.0.0.1:{server.server_address[1]}'
        try:
            # On a busy machine its first answer can take longer than a cache waits.
            if not any(redis_answers(url) for _ in range(ATTEMPTS)):
                raise UserError(
                    'The embedded Redis does not answer: start one of your own, and '
                    f'name it in the environment variable {REDIS}.'
                )
            yield url
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def some_redis() -> Iterator[str]:
    """See to it that there is a Redis; yield what to say of it."""
    named = os.environ.get(REDIS)
    if named:
        try:
            parts = urllib.parse.urlsplit(named)
            answers = 'answers' if redis_answers(named) else 'does not answer yet'
        except (TypeError, ValueError) as error:
            # What is there is not shown: it may have a password in it.
            raise UserError(
                f'The environment variable {REDIS} is not the URL of a Redis: '
                'it has to have the form redis://host:port.'
            ) from error
        # A password can be in the query, too.
        parts = parts._replace(netloc=parts.netloc.rpartition('@')[2], query='')
        yield f'{parts.geturl()}, as {REDIS} says; it {answers}'
    elif redis_answers('redis://localhost'):
        yield 'redis://localhost'
    else:
        with embedded_redis() as url:
            os.environ[REDIS] = url
            yield f'{url}, embedded: it is gone when the server stops'


def where(options: dict[str, Any]) -> str:
    """Return where uvicorn will listen, after a check that it can."""
    if options['uds'] is not None or options['fd'] is not None:
        return 'the socket that you named'
    host, port = options['host'], options['port']
    check_address(host, port)
    return f'http://[{host}]:{port}' if ':' in host else f'http://{host}:{port}'


def serve(step: Step, options: list[str]) -> None:
    """Serve until interrupted."""
    target = 'asgilook.asgi:app' if has('asgi') else 'asgilook.app:app'
    arguments = [target, *options]
    chosen = uvicorn_command.make_context('uvicorn', list(arguments)).params
    if chosen['reload'] and not chosen['reload_dirs']:
        arguments += ['--reload-dir', str(step.snapshot)]

    with contextlib.ExitStack() as stack:
        lines = [f'Serving {step.name} at {where(chosen)}']
        if has('config'):
            config = importlib.import_module('asgilook.config').Config()
            check_storage(pathlib.Path(config.storage_path))
            lines.append(f'pictures go to {config.storage_path}')
            if step.uses_redis:
                lines.append(f'Redis is {stack.enter_context(some_redis())}')
        print('\n  '.join([*lines, 'Ctrl-C stops it']), flush=True)
        uvicorn_command.main(arguments, standalone_mode=False)


def main() -> int:
    """Serve; return the exit status."""
    number, *options = sys.argv[1:]
    [step] = [step for step in steps() if step.number == int(number)]
    try:
        serve(step, options)
    except click.exceptions.Exit as shown:
        return shown.exit_code
    except (UserError, click.ClickException) as error:
        message = (
            error.format_message() if isinstance(error, click.ClickException) else error
        )
        print(message, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == '__main__':
    sys.exit(main())
