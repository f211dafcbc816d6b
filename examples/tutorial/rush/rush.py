"""Ask for the list two hundred times at the same moment; print what came, once each."""

import asyncio

REQUEST = b'GET /images HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'


async def main() -> None:
    """Open two hundred connections, then use all of them."""
    pairs = [await asyncio.open_connection('127.0.0.1', 8000) for _ in range(200)]
    for _, writer in pairs:
        writer.write(REQUEST)
    answers = await asyncio.gather(*(reader.read() for reader, _ in pairs))
    for line in sorted({line for answer in answers for line in answer.splitlines()}):
        if line.startswith((b'HTTP/', b'x-asgilook-cache')):
            print(line.decode())


asyncio.run(main())
