"""What a route accepts in a field of its path."""

import uuid

import falcon.routing


class UUIDTextConverter(falcon.routing.BaseConverter):
    """Accept a UUID; hand it on as text, in its usual spelling."""

    def convert(self, value: str) -> str | None:
        """Return the UUID as text, or None if it is none."""
        try:
            return str(uuid.UUID(value))
        except ValueError:
            return None
