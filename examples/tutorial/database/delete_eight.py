"""Delete an image eight times at the same moment; count the responses of each kind."""

import asyncio
import collections
import sys


async def delete(path: str) -> str:
    """Send the request on a connection of its own; return the status line."""
    reader, writer = await asyncio.open_connection('127.0.0.1', 8000)
    lines = [f'DELETE {path} HTTP/1.1', 'Host: localhost', 'Connection: close', '', '']
    writer.write('\r\n'.join(lines).encode())
    response = await reader.read()
    writer.close()
    return response.split(b'\r\n')[0].decode()


async def main() -> None:
    """Send all eight, then look at what came."""
    statuses = await asyncio.gather(*(delete(sys.argv[1]) for _ in range(8)))
    for status, count in sorted(collections.Counter(statuses).items()):
        print(count, 'x', status)


asyncio.run(main())
