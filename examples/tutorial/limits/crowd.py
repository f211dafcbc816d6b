"""Send a slow picture, and photos beside it until one isn't accepted; print why."""

import pathlib
import socket
import urllib.error
import urllib.request

URL = 'http://127.0.0.1:8000/images'
SLOW, PHOTO = (pathlib.Path(name).read_bytes() for name in ('slow.jpeg', 'photo.jpeg'))
HEAD = b'POST /images HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n'

with socket.create_connection(('127.0.0.1', 8000)) as client:
    client.sendall(HEAD % len(SLOW) + SLOW)
    try:
        while True:
            urllib.request.urlopen(URL, PHOTO).close()
    except urllib.error.HTTPError as error:
        print(error.code, error.reason)
        print('Retry-After:', error.headers['Retry-After'])
        print(error.read().decode())
