"""A filter that keeps secrets out of the log."""

import logging
import re

SECRET = re.compile(r'(?i)\b(token|key|password)=[^&\s"]+')


class Redact(logging.Filter):
    """Blots out the values of parameters that are secrets."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record's text; let every record pass."""
        record.msg = SECRET.sub(r'\1=***', record.getMessage())
        record.args = ()
        return True
