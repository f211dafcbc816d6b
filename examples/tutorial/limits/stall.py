"""Send the beginning of a picture, then nothing more; print what came of it."""

import socket

HEAD = b'POST /images HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000\r\n\r\n'

with socket.create_connection(('127.0.0.1', 8000), timeout=5) as client:
    client.sendall(HEAD + b'\xff\xd8\xff and so on, perhaps')
    try:
        print(client.recv(100).partition(b'\r\n')[0].decode())
    except TimeoutError:
        print('Nothing has come in five seconds.')
