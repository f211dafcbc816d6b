"""An app with its own settings: `uvicorn other_settings:app`."""

import pathlib

from asgilook.app import create_app
from asgilook.config import Config

config = Config()
config.storage_path = pathlib.Path('pictures')
config.min_thumb_size = 128
app = create_app(config)
