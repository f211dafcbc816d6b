"""Serve a step with uvicorn, and with a Redis of its own where there is none.

    python -m workbook.reader.serve STEP [--app PATH] [UVICORN OPTION ...]

Run by `tox -e serveN`, in an environment with the step's snapshot in it. `--app` serves
your own code instead: the folder that contains `asgilook`. Where a service has no page
of its own at `/`, the viewer answers there.
"""

import contextlib
import importlib
import importlib.util
import json
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
from workbook.reader import viewer

STORAGE, REDIS = 'ASGI_LOOK_STORAGE_PATH', 'ASGI_LOOK_REDIS_HOST'
DATABASE = 'ASGI_LOOK_DATABASE_URL'
HIGHEST_PORT = 65_535
ATTEMPTS = 20
"""How often an embedded Redis is asked whether it answers yet."""


def has(module: str) -> bool:
    """Return whether the snapshot has this module."""
    return importlib.util.find_spec(f'asgilook.{module}') is not None


def own_code(options: list[str]) -> tuple[pathlib.Path | None, list[str]]:
    """Return the folder that `--app` names, if it's there, and the other options."""
    folder, others, left = None, [], iter(options)
    for option in left:
        name, equals, value = option.partition('=')
        if name != '--app':
            others.append(option)
        elif path := value if equals else next(left, ''):
            folder = pathlib.Path(path).expanduser()
        else:
            raise UserError('--app needs the folder of your code: `-- --app work`.')
    return folder, others


def check_own_code(folder: pathlib.Path) -> None:
    """Refuse a folder without the package; have Python import it from there."""
    if not folder.is_dir():
        raise UserError(f'There is no folder {folder}: `tox -e start` creates work/.')
    package = folder.resolve() / 'asgilook'
    if not package.is_dir():
        raise UserError(
            f"{folder} doesn't contain asgilook/ yet: chapter 1 creates it. If it's in "
            'another folder, name that one.'
        )
    if not (package / '__init__.py').exists():
        raise UserError(
            f"{folder}/asgilook isn't a package yet: it needs an __init__.py (step 1)."
        )
    sys.path.insert(0, str(package.parent))
    if not has('asgi') and not has('app'):
        raise UserError(f'{folder}/asgilook has no app.py yet: write it in step 1.')


@contextlib.contextmanager
def imported_from(folder: pathlib.Path) -> Iterator[None]:
    """Refuse code that can't be imported, in one line that says why."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f'Cannot import {folder.name}/asgilook: '
            f'{viewer.blame(error, folder)}. Fix that, then run this again.'
        ) from error


def check_address(host: str, port: int) -> int:
    """Refuse an address on which nothing can be served; return its port."""
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
            return int(probe.getsockname()[1])
    except OSError as error:
        raise UserError(
            f'Cannot serve on {host}, port {port} ({reason(error)}): '
            f'choose another port by adding `-- --port {port + 1}` to the command.'
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


def place_of_records(url: str) -> str:
    """Return where a database is, without a password."""
    import sqlalchemy

    try:
        named = sqlalchemy.make_url(url)
    except (sqlalchemy.exc.ArgumentError, ValueError) as error:
        # What is there is not shown: it may have a password in it.
        raise UserError(
            f'The environment variable {DATABASE} is not the URL of a database: '
            'it has to have the form postgresql://user:password@host:port/name.'
        ) from error
    if named.get_backend_name() == 'sqlite':
        return str(named.database)
    place = sqlalchemy.URL.create(
        named.drivername, host=named.host, port=named.port, database=named.database
    )
    return place.render_as_string()


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
                    "The embedded Redis doesn't answer: start one of your own, and "
                    f'set the environment variable {REDIS} to its URL.'
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
                f"The environment variable {REDIS} doesn't contain the URL of a Redis: "
                'it has to look like redis://host:port.'
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
    """Return where to look, after a check that uvicorn can listen there.

    Port 0, which is any that is free, is replaced in the options.
    """
    if options['uds'] is not None or options['fd'] is not None:
        return 'it listens on the socket that you named'
    options['port'] = check_address(options['host'], options['port'])
    # No browser opens the address that is all addresses.
    host = {'0.0.0.0': '127.0.0.1', '::': '::1'}.get(options['host'], options['host'])  # noqa: S104
    host = f'[{host}]' if ':' in host else host
    scheme = 'https' if options['ssl_certfile'] else 'http'
    return f'open {scheme}://{host}:{options["port"]}/'


def serve(step: Step, options: list[str]) -> None:
    """Serve until interrupted."""
    own, options = own_code(options)
    name = title = f'your own code in {own}'
    folder = own.resolve() if own else step.snapshot
    if own:
        check_own_code(own)
    else:
        name = step.name
        title = f'Step {step.number} of {len(steps())}: {step.name.partition("_")[2]}'

    arguments = [f'{viewer.__name__}:create', '--factory', *options]
    chosen = uvicorn_command.make_context('uvicorn', list(arguments)).params
    if chosen['reload'] and not chosen['reload_dirs']:
        arguments += ['--reload-dir', str(folder / 'asgilook')]

    with contextlib.ExitStack() as stack:
        lines = [f'Serving {name}: {where(chosen)}']
        arguments += ['--port', str(chosen['port'])]
        with imported_from(folder):
            if has('config'):
                config = importlib.import_module('asgilook.config').Config()
                check_storage(pathlib.Path(config.storage_path))
                lines.append(f'pictures go to {config.storage_path}')
                if hasattr(config, 'database_url'):
                    place = place_of_records(config.database_url)
                    lines.append(f'their records are in {place}')
                if hasattr(config, 'redis_host'):
                    lines.append(f'Redis is {stack.enter_context(some_redis())}')
            target = 'asgilook.asgi:app' if has('asgi') else 'asgilook.app:app'
            viewer.load(target)
        os.environ[viewer.SERVED] = json.dumps(
            {
                'target': target,
                'folder': str(folder),
                'title': title[0].upper() + title[1:],
                'has': next(filter(has, ['images', 'store']), 'skeleton'),
            }
        )
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
