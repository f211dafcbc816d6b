"""Which page of the list a client asks for."""

from .request import Request

PAGE = 100
"""How many images a page of the list has, at most."""

LAST = 2**63 - 1
"""The highest number that the database can give an image."""


def page(req: Request) -> tuple[int, int | None, bool]:
    """Return how many images, after which, and whether the newest come first.

    Answers 400 to what makes no sense.
    """
    limit = req.get_param_as_int('limit', min_value=1, max_value=PAGE, default=PAGE)
    after = req.get_param_as_int('after', min_value=0, max_value=LAST)
    return limit, after, req.get_param_as_bool('newest', default=False)
