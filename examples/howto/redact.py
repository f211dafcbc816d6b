"""A formatter that keeps secrets out of the log."""

import logging
import re

SECRET = re.compile(
    r'(?i)((?:token|key|password)=)[^&\s"]+'  # in a query
    r'|(://[^/:@\s]*:)[^/@\s]+(?=@)'  # in a URL, before the host
)


class RedactingFormatter(logging.Formatter):
    """Blots out values where secrets usually are."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text, with its traceback, and without secrets."""
        return SECRET.sub(r'\1\2***', super().format(record))
