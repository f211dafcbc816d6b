"""Convert pictures to JPEG in the plainest way, and look at what comes of it."""

import io
import pathlib

import PIL.Image


def to_jpeg(data: bytes) -> bytes:
    """Return an image file as a JPEG."""
    output = io.BytesIO()
    PIL.Image.open(io.BytesIO(data)).convert('RGB').save(output, 'JPEG')
    return output.getvalue()


if __name__ == '__main__':
    for name in ['photo.jpeg', 'logo.png']:
        jpeg = to_jpeg(pathlib.Path(name).read_bytes())
        target = pathlib.Path('plain-' + name).with_suffix('.jpeg')
        target.write_bytes(jpeg)
        image = PIL.Image.open(target)
        print(f'{target}: {image.size}, comment: {image.info.get("comment")}')
