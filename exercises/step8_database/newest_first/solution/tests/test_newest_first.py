"""The list, beginning with the newest image."""


def test_newest_first(client, make_image):
    """Pages lead from the newest image to the oldest."""
    stored = [
        client.simulate_post('/images', body=make_image()).json['id'] for _ in range(3)
    ]

    first = client.simulate_get('/images?newest=true&limit=2')
    path = first.headers['Link'].partition('<')[2].partition('>')[0]
    second = client.simulate_get(path)

    listed = [record['id'] for record in [*first.json, *second.json]]
    assert listed == stored[::-1]
