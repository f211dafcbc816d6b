"""The settings of the service."""

import os
import pathlib
import tempfile
import uuid
from collections.abc import Callable

DEFAULT_STORAGE_PATH = pathlib.Path(tempfile.gettempdir(), 'asgilook')


class Config:
    """The settings: read from the environment, each open to replacement."""

    def __init__(self) -> None:
        self.storage_path: str | os.PathLike[str] = pathlib.Path(
            os.environ.get('ASGI_LOOK_STORAGE_PATH') or DEFAULT_STORAGE_PATH
        )
        self.uuid_generator: Callable[[], uuid.UUID] = uuid.uuid4
        self.min_thumb_size = 64
        self.thumb_widths: tuple[int, ...] = ()
