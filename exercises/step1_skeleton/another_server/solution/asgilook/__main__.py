"""Host the application: `python -m asgilook PORT`."""

import asyncio
import sys
from typing import Any, cast

import hypercorn
from hypercorn.asyncio import serve

from .app import app

config = hypercorn.Config()
config.bind = [f'127.0.0.1:{sys.argv[1]}']
asyncio.run(serve(cast(Any, app), config))
