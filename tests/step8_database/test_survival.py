"""Step 8: what was acknowledged is there, even after `kill -9`."""

import http.client
import json
import threading

import PIL.Image
import pytest

from workbook.pictures import upload

FILE = upload((256, 192))


@pytest.mark.processes
@pytest.mark.hint(
    'The server was killed in the middle of its work. What does a client know to be '
    'stored, and in which order do the file and the record get there?',
    'The file gets its name first; then the record is committed; then the client gets '
    'its answer.',
    section='step8-transaction',
)
@pytest.mark.timeout(300)
def test_killed(server, folder):
    """Every upload that was acknowledged outlives `kill -9`, whole."""
    acknowledged, refused, enough = [], [], threading.Event()

    def send(goal):
        try:
            while True:
                status, body = server.request('POST', '/images', FILE)
                if status != 201:
                    refused.append(status)
                    return enough.set()
                acknowledged.append(json.loads(body)['id'])
                if len(acknowledged) >= goal:
                    enough.set()
        except (OSError, http.client.HTTPException):
            pass  # It's dead.

    for goal in [10, 30]:
        enough.clear()
        clients = [threading.Thread(target=send, args=[goal]) for _ in range(4)]
        for client in clients:
            client.start()
        assert enough.wait(120)
        server.kill()
        for client in clients:
            client.join()
        assert refused == []
        status, body = server.start()
        records = json.loads(body)
        assert status == 200
        assert {record['id'] for record in records} >= set(acknowledged)
        for record in records:
            with PIL.Image.open(folder / f'{record["id"]}.jpeg') as image:
                image.load()
                assert list(image.size) == record['size']
        assert {path.suffix for path in folder.iterdir()} == {'.jpeg'}
        assert server.request('GET', records[-1]['image'])[0] == 200
