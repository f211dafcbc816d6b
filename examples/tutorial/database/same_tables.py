"""Start two workers on one empty database; print what becomes of them."""

import threading

import sqlalchemy

from asgilook.tables import Base

both = threading.Barrier(2)
results = []


@sqlalchemy.event.listens_for(Base.metadata, 'before_create')
def wait(*args: object, **options: object) -> None:
    """Go on when both have looked which tables there are."""
    both.wait()


def start() -> None:
    """Create the tables, unless they are there."""
    try:
        Base.metadata.create_all(sqlalchemy.create_engine('sqlite:///empty.db'))
        results.append('started')
    except sqlalchemy.exc.OperationalError as error:
        results.append(f'failed: {error.orig}')


workers = [threading.Thread(target=start) for _ in range(2)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
print('\n'.join(sorted(results)))
