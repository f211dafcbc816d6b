"""Send 100 MiB without saying how much it is; print what came of it."""

import select
import socket

HEAD = b'POST /images HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n'
PIECE = b'10000\r\n' + bytes(2**16) + b'\r\n'

with socket.create_connection(('127.0.0.1', 8000), timeout=60) as client:
    client.sendall(HEAD)
    sent = 0
    while sent < 1600 and not select.select([client], [], [], 0)[0]:
        client.sendall(PIECE)
        sent += 1
    if sent == 1600:
        client.sendall(b'0\r\n\r\n')
    print('The answer is', client.recv(100).split()[1].decode())
print('It took all 100 MiB.' if sent == 1600 else 'It stopped listening.')
