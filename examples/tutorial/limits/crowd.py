"""Send the slow picture twice at the same time; print the first answer."""

import pathlib
import select
import socket

DATA = pathlib.Path('slow.jpeg').read_bytes()
HEAD = (
    b'POST /images HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
    b'Content-Length: %d\r\n\r\n'
)

clients = [socket.create_connection(('127.0.0.1', 8000)) for _ in range(2)]
for client in clients:
    client.sendall(HEAD % len(DATA) + DATA)
first, *_ = select.select(clients, [], [], 50)[0]
for line in first.makefile():
    if line.startswith(('HTTP/', 'retry-after', '{')):
        print(line.strip())
for client in clients:
    client.close()
