"""Convert two pictures in the plainest way; print what came of it."""

import io

import PIL.Image


def to_jpeg(path: str) -> PIL.Image.Image:
    """Return the picture as it is after a way through JPEG."""
    output = io.BytesIO()
    with PIL.Image.open(path) as image:
        image.convert('RGB').save(output, 'JPEG')
    return PIL.Image.open(output)


photo, logo = to_jpeg('photo.jpeg'), to_jpeg('logo.png')
print('the photo is now', photo.width, 'pixels wide and', photo.height, 'high')
print('comment kept:', 'comment' in photo.info)
print('the corner of the logo is white:', logo.getpixel((0, 0)) == (255, 255, 255))
