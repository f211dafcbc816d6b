"""Converters for the fields of a route."""

import uuid

import falcon.routing


class UUIDTextConverter(falcon.routing.BaseConverter):
    """Accept a UUID; pass it on as text, in its usual spelling."""

    def convert(self, value: str) -> str | None:
        """Return the UUID as text, or None if it isn't one."""
        try:
            return str(uuid.UUID(value))
        except ValueError:
            return None
