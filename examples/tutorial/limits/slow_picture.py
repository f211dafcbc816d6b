"""Write slow.jpeg: a progressive JPEG that says the same thing two hundred times."""

import io
import pathlib

import PIL.Image

buffer = io.BytesIO()
PIL.Image.new('L', (8000, 8000), 'gray').save(buffer, 'JPEG', progressive=True)
data = buffer.getvalue()
scan = data[data.rindex(b'\xff\xda') : -2]
pathlib.Path('slow.jpeg').write_bytes(data[:-2] + 200 * scan + data[-2:])
