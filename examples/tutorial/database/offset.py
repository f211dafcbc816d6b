"""Read a list page by page while images are deleted; print what is on each page."""

import sqlite3

BY_OFFSET = 'SELECT number FROM images ORDER BY number LIMIT 3 OFFSET ?'
BY_KEY = 'SELECT number FROM images WHERE number > ? ORDER BY number LIMIT 3'


def nine_images() -> sqlite3.Connection:
    """Return a database with the images 1 to 9."""
    images = sqlite3.connect(':memory:')
    images.execute('CREATE TABLE images (number INTEGER PRIMARY KEY)')
    images.executemany('INSERT INTO images VALUES (?)', [(n,) for n in range(1, 10)])
    return images


def show(query: str, start: int) -> None:
    """Print a page."""
    name = 'OFFSET' if query == BY_OFFSET else 'after'
    print(name, start, '->', *[number for (number,) in images.execute(query, [start])])


def delete(number: int) -> None:
    """Delete an image, as another client would."""
    images.execute('DELETE FROM images WHERE number = ?', [number])
    print(f'({number} is deleted)')


images = nine_images()
show(BY_OFFSET, 0)
delete(2)
show(BY_OFFSET, 3)
delete(3)
show(BY_OFFSET, 0)

images = nine_images()
show(BY_KEY, 0)
delete(2)
delete(3)
show(BY_KEY, 3)
