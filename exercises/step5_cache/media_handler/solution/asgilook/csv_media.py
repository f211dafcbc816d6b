"""Records as CSV, for clients that prefer a table."""

import csv
import io
from typing import Any

import falcon.media

MEDIA_CSV = 'text/csv'
COLUMNS = ['id', 'image', 'modified', 'width', 'height']


class CSVHandler(falcon.media.BaseHandler):
    """Media handler that writes records as a table."""

    def serialize(self, media: Any, content_type: str) -> bytes:
        """Return a line with the names, and a line for each record."""
        output = io.StringIO()
        writer = csv.DictWriter(output, COLUMNS, extrasaction='ignore')
        writer.writeheader()
        for record in media:
            width, height = record['size']
            writer.writerow({**record, 'width': width, 'height': height})
        return output.getvalue().encode()
