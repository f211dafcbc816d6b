"""asgilook: an image sharing service."""
