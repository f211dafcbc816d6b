"""Draw the book's diagrams, as SVG files beside this one.

    python -m workbook.book.diagrams [FOLDER]

They stand on a card of their own, light or dark as the reader's system is, so that
they can be read on any page. All is drawn 480 wide: on a telephone that is shown at
three quarters of its size, and must still be legible.
"""

import base64
import io
import pathlib
import sys
from html import escape

from PIL import Image

from workbook.book import samples

WIDTH = 480
TEXT, SMALL = 16, 15
"""The sizes of letters, in pixels; nothing is written smaller."""

LETTER = 0.64
"""How wide a letter is, of its height: in a wide typeface, on average."""

LEAST_SIDE = 64
"""The least side of a thumbnail on offer, as `Config.min_thumb_size` has it."""

LIGHT = {
    'card': '#f3f5f8',
    'line': '#5b6b80',
    'text': '#1b2530',
    'note': '#435063',
    'box': '#ffffff',
    'new': '#ffe7ad',
    'good': '#cdebd5',
    'bad': '#f9d2ce',
    'wait': '#dfe4ea',
    'edge': '#9a6700',
    'stop': '#b42318',
}
DARK = {
    'card': '#1a1f26',
    'line': '#9aa9bb',
    'text': '#eef2f6',
    'note': '#c3cdd8',
    'box': '#2b3440',
    'new': '#5c4410',
    'good': '#1f4d31',
    'bad': '#682a26',
    'wait': '#39434f',
    'edge': '#e3b341',
    'stop': '#ff8f85',
}

FILLED = ['card', 'text', 'note', 'box', 'new', 'good', 'bad', 'wait']

Size = tuple[int, int]
Bar = tuple[float, float, str, str]
"""What keeps a lane busy: from when, until when, how that looks, what it says."""
Message = tuple[str, str, str, str]
"""Who says something, to whom, what, and how: plainly, or lost on the way."""


def colours(chosen: dict[str, str]) -> str:
    """Return the rules that give each class its colour."""
    fills = [f'.{name}{{fill:{chosen[name]}}}' for name in FILLED]
    return ''.join(
        [
            *fills,
            f'.box,.good,.bad,.wait{{stroke:{chosen["line"]}}}',
            f'.new,.fresh{{stroke:{chosen["edge"]}}}',
            f'.line{{stroke:{chosen["line"]}}}',
            f'.cross{{stroke:{chosen["stop"]}}}',
            f'.head{{fill:{chosen["line"]}}}',
            f'.freshhead{{fill:{chosen["edge"]}}}',
        ]
    )


STYLE = (
    'text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",'
    'Arial,sans-serif}'
    '.line,.fresh,.cross{fill:none;stroke-width:2}.cross{stroke-width:3}'
    '.new{stroke-width:2.5}.frame{stroke-dasharray:2 5}.aside{stroke-dasharray:7 5}'
    f'{colours(LIGHT)}'
    f'@media (prefers-color-scheme:dark){{{colours(DARK)}}}'
)


def number(value: float) -> str:
    """Return a number as SVG has it: short."""
    return f'{value:.1f}'.removesuffix('.0')


def element(name: str, content: str = '', /, **attributes: float | str) -> str:
    """Return an element; `_` in the name of an attribute stands for `-`."""
    pairs = ''.join(
        f' {key.rstrip("_").replace("_", "-")}='
        f'"{escape(value if isinstance(value, str) else number(value))}"'
        for key, value in attributes.items()
    )
    return f'<{name}{pairs}>{content}</{name}>' if content else f'<{name}{pairs}/>'


def picture(name: str, description: str, height: float, *parts: str) -> str:
    """Return a whole SVG file."""
    size = {'width': WIDTH, 'height': height}
    return '\n'.join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}"'
            f' height="{number(height)}" viewBox="0 0 {WIDTH} {number(height)}"'
            ' role="img" aria-labelledby="title desc">',
            element('title', escape(name), id='title'),
            element('desc', escape(description), id='desc'),
            element('style', STYLE),
            element('rect', class_='card', rx=10, **size),
            *parts,
            '</svg>\n',
        ]
    )


def write(
    x: float,
    y: float,
    text: str,
    kind: str = 'text',
    anchor: str = 'start',
    size: float = TEXT,
    bold: bool = False,
    room: float = WIDTH - 16,
) -> str:
    """Return a line of text; it must fit into the room that there is."""
    if (wanted := LETTER * size * len(text)) > room:
        raise ValueError(f'{text!r} needs {wanted:.0f} pixels, and has {room:.0f}')
    attributes = {'font_weight': 'bold'} if bold else {}
    return element(
        'text',
        escape(text),
        x=x,
        y=y,
        class_=kind,
        font_size=size,
        text_anchor=anchor,
        **attributes,
    )


def box(
    x: float,
    y: float,
    width: float,
    height: float,
    text: str = '',
    note: str = '',
    kind: str = 'box',
) -> str:
    """Return a box with a name in it, and a note below the name."""
    middle, room = x + width / 2, width - 4
    parts = [
        element('rect', class_=kind, x=x, y=y, width=width, height=height, rx=6),
    ]
    if text:
        line = y + height / 2 + (-4 if note else 5.5)
        parts.append(write(middle, line, text, 'text', 'middle', TEXT, True, room))
    if note:
        line = y + height / 2 + 16
        parts.append(write(middle, line, note, 'note', 'middle', SMALL, room=room))
    return ''.join(parts)


def arrow(*points: tuple[float, float], kind: str = 'line', aside: bool = False) -> str:
    """Return a line through some points, with a head at its end."""
    (x0, y0), (x, y) = points[-2:]
    along = max(abs(x - x0), abs(y - y0))
    dx, dy = (x - x0) / along, (y - y0) / along
    head = [
        (x, y),
        (x - 9 * dx + 5 * dy, y - 9 * dy + 5 * dx),
        (x - 9 * dx - 5 * dy, y - 9 * dy - 5 * dx),
    ]
    path = [*points[:-1], (x - 8 * dx, y - 8 * dy)]
    return element(
        'polyline',
        points=coordinates(path),
        class_=f'{kind} aside' if aside else kind,
    ) + element(
        'polygon',
        points=coordinates(head),
        class_='freshhead' if kind == 'fresh' else 'head',
    )


def coordinates(points: list[tuple[float, float]]) -> str:
    """Return points as SVG has them."""
    return ' '.join(f'{number(x)},{number(y)}' for x, y in points)


# The way of a request

LEFT, MAIN, TALL, GAP = 44, 244, 50, 30
"""Where the column of boxes begins, how wide it is, how high a box, what between."""

MIDDLE, RIGHT = LEFT + MAIN / 2, LEFT + MAIN

SIDE, BESIDE = 332, 132
"""Where the column beside it begins, and how wide it is."""

HALF = 116
"""How wide each of two boxes is that share a row."""

ROWS = {
    'client': 1,
    'server': 1,
    'router': 1,
    'cache': 5,
    'resources': 3,
    'store': 2,
    'work': 2,
}
"""What there is, from top to bottom, and since which step."""

NEWS = {
    1: 'The server hands each request to the application. It has no route: 404.',
    2: 'The store writes to the disk, and has Pillow work in an executor. No route '
    'leads to it: it is called from the asyncio REPL.',
    3: 'The router leads to the Images resource, which calls the store. Images are '
    'streamed from the disk. What goes wrong leaves the resource as an exception, and '
    'becomes 415 or 422 in errors.py.',
    4: 'The router leads to the Thumbnails resource too. The executor reads a file '
    'from the disk and scales it.',
    5: 'Between the router and the resources stands the cache, a middleware. It asks '
    'Redis first; if Redis has the answer, the resources are not asked.',
    6: 'The client is a test: it calls the application without a server. Redis is a '
    'fake. All else is as it was.',
}


class Way:
    """The way of a request, as it is at the end of a step."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.rows = [row for row, since in ROWS.items() if since <= step]
        if step == 6:
            self.rows.remove('server')
        self.top: dict[str, float] = {}
        self.bottom = 16.0
        for row in self.rows:
            # The frame around the app has its name on top, and words above it.
            self.bottom += {'router': 16 if 'server' in self.rows else 34}.get(row, 0)
            self.top[row] = self.bottom
            self.bottom += TALL + GAP

    def draw(self) -> str:
        """Return the SVG file."""
        parts = [self.frame(), *self.outside()]
        if self.step >= 2:
            parts += self.store()
        if self.step == 2:
            parts += self.repl()
        if self.step >= 3:
            parts += self.resources()
        if self.step >= 5:
            parts += self.cache()
        legend = 'new in this chapter'
        if self.step in (3, 4):  # The router was there, and gets a route.
            legend = 'new or changed in this chapter'
        parts += [
            box(LEFT, self.bottom, 26, 20, kind='new'),
            write(LEFT + 36, self.bottom + 15, legend, 'note', size=SMALL),
        ]
        if self.step == 1:  # Nothing stands beside the column yet.
            shift = f'translate({number(WIDTH / 2 - MIDDLE)} 0)'
            parts = [element('g', ''.join(parts), transform=shift)]
        description = f'From top to bottom: {", ".join(self.rows)}. {NEWS[self.step]}'
        title = f'The way of a request, step {self.step}'
        return picture(title, description, self.bottom + 36, *parts)

    def kind(self, since: int) -> str:
        """Return how a box looks that there is since that step."""
        return 'new' if since == self.step else 'box'

    def line(self, since: int) -> str:
        """Return how an arrow looks that there is since that step."""
        return 'fresh' if since == self.step else 'line'

    def centre(self, row: str) -> float:
        """Return how far down the middle of a row is."""
        return self.top[row] + TALL / 2

    def there_and_back(self, upper: str, since: int, x: float = MIDDLE) -> str:
        """Return the arrows from a row to the one below it, and back."""
        start = self.top[upper] + TALL + 3
        end = self.top[self.rows[self.rows.index(upper) + 1]] - 3
        kind = self.line(since)
        return arrow((x - 12, start), (x - 12, end), kind=kind) + arrow(
            (x + 12, end), (x + 12, start), kind=kind
        )

    def frame(self) -> str:
        """Return the frame around what is Falcon's application."""
        last = [row for row in self.rows if row not in ('store', 'work')][-1]
        top, bottom = self.top['router'] - 30, self.top[last] + TALL + 12
        return element(
            'rect',
            class_='line frame',
            x=LEFT - 14,
            y=top,
            width=MAIN + 28,
            height=bottom - top,
            rx=10,
        ) + write(LEFT - 4, self.top['router'] - 11, 'app', 'note', size=SMALL)

    def outside(self) -> list[str]:
        """Return the way as far as the router."""
        note, since = {
            1: ('no route yet: 404', 1),
            2: ('no route yet: 404', 1),
            3: ('/images, /images/….jpeg', 3),
        }.get(self.step, ('/images…, /thumbnails/…', 4))
        above, top = self.top['client'] + TALL + 20, self.top['client']
        parts = [
            box(LEFT, self.top['router'], MAIN, TALL, 'Router', note, self.kind(since)),
            write(MIDDLE - 22, above, 'request', 'note', 'end', SMALL),
            write(MIDDLE + 22, above, 'answer', 'note', size=SMALL),
        ]
        if self.step == 6:
            note = 'TestClient, simulate_get'
            return [
                *parts,
                box(LEFT, top, MAIN, TALL, 'Test', note, 'new'),
                self.there_and_back('client', 6),
            ]
        kind, server = self.kind(1), self.top['server']
        return [
            *parts,
            box(LEFT, top, MAIN, TALL, 'Client', 'HTTPie, curl', kind),
            box(LEFT, server, MAIN, TALL, 'Server', 'uvicorn', kind),
            self.there_and_back('client', 1),
            self.there_and_back('server', 1),
        ]

    def store(self) -> list[str]:
        """Return the store, and what does its work."""
        kind, line = self.kind(2), self.line(2)
        start, end = self.top['store'] + TALL + 3, self.top['work'] - 3
        disk, executor = LEFT + HALF / 2, RIGHT - HALF / 2
        parts = [
            box(LEFT, self.top['store'], MAIN, TALL, 'Store', 'index in memory', kind),
            box(LEFT, self.top['work'], HALF, TALL, 'Disk', 'aiofiles', kind),
            box(RIGHT - HALF, self.top['work'], HALF, TALL, 'Executor', 'Pillow', kind),
            arrow((disk, start), (disk, end), kind=line),
            arrow((executor - 12, start), (executor - 12, end), kind=line),
            arrow((executor + 12, end), (executor + 12, start), kind=line),
        ]
        if self.step >= 4:
            # Scaling down, the executor reads the file itself.
            bend = self.top['work'] + TALL + 20
            parts.append(
                arrow(
                    (disk, self.top['work'] + TALL + 3),
                    (disk, bend),
                    (executor, bend),
                    (executor, self.top['work'] + TALL + 3),
                    kind=self.line(4),
                )
            )
        return parts

    def repl(self) -> list[str]:
        """Return from where the store is called as long as no route leads to it."""
        middle, level = SIDE + BESIDE / 2, self.centre('store')
        return [
            box(SIDE, self.top['router'], BESIDE, TALL, 'REPL', 'asyncio', 'new'),
            arrow(
                (middle, self.top['router'] + TALL + 3),
                (middle, level),
                (RIGHT + 4, level),
                kind='fresh',
            ),
        ]

    def resources(self) -> list[str]:
        """Return the resources, and where an image is streamed from."""
        top, level = self.top['resources'], self.centre('resources')
        above = 'cache' if self.step >= 5 else 'router'
        statuses = '415, 422' if self.step == 3 else '404, 415, 422'
        parts = [
            box(SIDE, top, BESIDE, TALL, 'errors.py', statuses, self.kind(3)),
            arrow((RIGHT + 3, level), (SIDE - 3, level), kind=self.line(3)),
            arrow(
                (LEFT - 3, level),
                (LEFT - 27, level),
                (LEFT - 27, self.centre('work')),
                (LEFT - 3, self.centre('work')),
                kind=self.line(3),
            ),
        ]
        if self.step == 3:
            return [
                *parts,
                box(LEFT, top, MAIN, TALL, 'Images', 'responders', 'new'),
                self.there_and_back('router', 3),
                self.there_and_back('resources', 3),
            ]
        left, right = LEFT + HALF / 2, RIGHT - HALF / 2
        return [
            *parts,
            box(LEFT, top, HALF, TALL, 'Images'),
            box(RIGHT - HALF, top, HALF, TALL, 'Thumbnails', kind=self.kind(4)),
            self.there_and_back(above, 5 if above == 'cache' else 3, left),
            self.there_and_back(above, 5 if above == 'cache' else 4, right),
            self.there_and_back('resources', 3, left),
            self.there_and_back('resources', 4, right),
        ]

    def cache(self) -> list[str]:
        """Return the cache, and Redis beside it."""
        top, level = self.top['cache'], self.centre('cache')
        kind, line = self.kind(5), self.line(5)
        note = 'an aid' if self.step == 5 else 'a fake'
        return [
            box(LEFT, top, MAIN, TALL, 'RedisCache', 'middleware', kind),
            box(SIDE, top, BESIDE, TALL, 'Redis', note, 'new'),
            self.there_and_back('router', 5),
            arrow((RIGHT + 3, level - 8), (SIDE - 3, level - 8), kind=line),
            arrow((SIDE - 3, level + 8), (RIGHT + 3, level + 8), kind=line),
        ]


# The event loop

BEGIN, END, LANE = 128, 464, 36
"""Where time begins and ends, and how high a lane is."""


def timeline(y: float, title: str, result: str, lanes: dict[str, list[Bar]]) -> str:
    """Return what some lanes do, one below the other, in the course of time."""
    parts = [write(16, y, title, size=TEXT, bold=True)]
    y += 14
    for name, bars in lanes.items():
        parts.append(write(16, y + LANE / 2 + 5, name, 'note', size=SMALL, room=108))
        middle = y + LANE / 2
        ends = {'x1': BEGIN, 'y1': middle, 'x2': END, 'y2': middle}
        parts.append(element('line', class_='line frame', **ends))
        for start, end, kind, text in bars:
            parts.append(
                element(
                    'rect',
                    class_=kind,
                    x=start,
                    y=y + 3,
                    width=end - start,
                    height=LANE - 6,
                    rx=4,
                )
            )
            if text:
                parts.append(
                    write(
                        (start + end) / 2,
                        middle + 5,
                        text,
                        'text',
                        'middle',
                        SMALL,
                        room=end - start,
                    )
                )
        y += LANE
    parts.append(write(BEGIN, y + 20, result, 'note', size=SMALL, room=END - BEGIN))
    return ''.join(parts)


def event_loop() -> str:
    """Return what a blocking conversion does to others, and how it does not."""
    blocking = timeline(
        34,
        'Pillow called in the event loop',
        'B and C wait until A is converted.',
        {
            'Event loop': [
                (BEGIN, 372, 'bad', 'A: convert'),
                (378, 412, 'box', 'B'),
                (418, 452, 'box', 'C'),
            ],
            'Request B': [(176, 378, 'wait', 'waits'), (378, 412, 'good', 'B')],
            'Request C': [(240, 418, 'wait', 'waits'), (418, 452, 'good', 'C')],
        },
    )
    free = timeline(
        236,
        'Pillow called in an executor',
        'B and C are answered meanwhile.',
        {
            'Event loop': [
                (BEGIN, 154, 'box', 'A'),
                (176, 210, 'box', 'B'),
                (240, 274, 'box', 'C'),
                (396, 430, 'box', 'A'),
            ],
            'Executor': [(154, 396, 'new', 'A: convert')],
            'Request B': [(176, 210, 'good', 'B')],
            'Request C': [(240, 274, 'good', 'C')],
        },
    )
    return picture(
        'The event loop, without and with an executor',
        'Two timelines, from left to right. In the first, the event loop itself '
        'converts the picture of request A; requests B and C come in meanwhile, and '
        'wait until it is done. In the second, a thread of the executor converts it; '
        'the event loop answers B and C when they come.',
        466,
        blocking,
        free,
        arrow((BEGIN, 450), (END, 450)),
        write(16, 455, 'time', 'note', size=SMALL),
    )


# The cache

PARTIES = {'Client': 56, 'Cache': 176, 'Redis': 296, 'Images': 416}
"""Who takes part, and where each stands."""

BEAT = 32
"""How far down from one message to the next."""


def sequence(
    y: float, title: str, note: str, messages: list[Message]
) -> tuple[str, float]:
    """Return who says what to whom, and how far down that goes."""
    end = y + 72 + BEAT * len(messages)
    gone = any(kind == 'lost' for *_, kind in messages)
    parts = [
        write(16, y, title, size=TEXT, bold=True),
        write(16, y + 20, note, 'note', size=SMALL),
    ]
    for name, x in PARTIES.items():
        lost = gone and name == 'Redis'
        parts.append(
            element('line', class_='line frame', x1=x, y1=y + 62, x2=x, y2=end)
        )
        parts.append(box(x - 44, y + 32, 88, 30, name, kind='bad' if lost else 'box'))
    line = y + 72
    for sender, receiver, text, kind in messages:
        line += BEAT
        parts.append(message(PARTIES[sender], PARTIES[receiver], line - 8, text, kind))
    return ''.join(parts), end


def message(start: float, end: float, y: float, text: str, kind: str) -> str:
    """Return one message, with what it says above it."""
    ahead = 1 if end > start else -1
    # Between the first two that it passes, lest a lifeline crosses the words.
    middle = (start + start + 120 * ahead) / 2 if ahead > 0 else end + 60
    parts = []
    if kind == 'lost':
        end -= 30
        for slope in (-1, 1):
            parts.append(
                element(
                    'line',
                    class_='cross',
                    x1=end - 6,
                    y1=y - 6 * slope,
                    x2=end + 6,
                    y2=y + 6 * slope,
                )
            )
        parts.append(
            element('line', class_='line aside', x1=start, y1=y, x2=end - 8, y2=y)
        )
    else:
        parts.append(arrow((start, y), (end - 2 * ahead, y)))
    parts.append(write(middle, y - 6, text, 'text', 'middle', SMALL, room=114))
    return ''.join(parts)


def cache() -> str:
    """Return what the cache does on a hit, on a miss, and without Redis."""
    ask: Message = ('Client', 'Cache', 'GET', '')
    asked: list[Message] = [
        ('Cache', 'Images', 'on_get', ''),
        ('Images', 'Cache', 'answer', ''),
    ]
    miss: Message = ('Cache', 'Client', '200, Miss', '')
    lanes: list[tuple[str, str, list[Message]]] = [
        (
            'Hit',
            'Redis has the answer: the resource is not asked.',
            [
                ask,
                ('Cache', 'Redis', 'get', ''),
                ('Redis', 'Cache', 'entry', ''),
                ('Cache', 'Client', '200, Hit', ''),
            ],
        ),
        (
            'Miss',
            'The resource answers, and Redis keeps it.',
            [
                ask,
                ('Cache', 'Redis', 'get', ''),
                ('Redis', 'Cache', 'nothing', ''),
                *asked,
                ('Cache', 'Redis', 'set', ''),
                ('Redis', 'Cache', 'OK', ''),
                miss,
            ],
        ),
        (
            'Redis gone',
            'Each try ends after half a second at most.',
            [
                ask,
                ('Cache', 'Redis', 'get', 'lost'),
                *asked,
                ('Cache', 'Redis', 'set', 'lost'),
                miss,
            ],
        ),
    ]
    parts, y = [], 34.0
    for title, note, messages in lanes:
        part, end = sequence(y, title, note, messages)
        parts.append(part)
        y = end + 44
    return picture(
        'The cache: a hit, a miss, and Redis gone',
        'Three sequences between a client, the cache, Redis, and the Images resource. '
        'Hit: the cache finds the entry in Redis and answers. Miss: Redis has nothing, '
        'the resource answers, and the answer is kept in Redis. Redis gone: the cache '
        'gives up on Redis, the resource answers, and nothing is kept.',
        y - 24,
        *parts,
    )


# The ladder

SHOWN = 224
"""How wide the largest picture is shown."""


def halves(size: Size) -> list[Size]:
    """Return a size, the sizes on offer for it, and the one that is too small."""
    sizes = [size]
    while min(sizes[-1]) >= LEAST_SIDE:
        width, height = sizes[-1]
        sizes.append((width // 2, height // 2))
    return sizes


def embedded(image: Image.Image, size: Size) -> str:
    """Return a picture as a JPEG in a data URI."""
    output = io.BytesIO()
    image.resize(size, Image.Resampling.LANCZOS).save(output, 'JPEG', quality=80)
    return f'data:image/jpeg;base64,{base64.b64encode(output.getvalue()).decode()}'


def ladder() -> str:
    """Return the sample photo and its thumbnails, beside each other's sizes."""
    upright = samples.view()
    sizes = halves(samples.PHOTO)
    parts, y = [], 16.0
    for index, size in enumerate(sizes):
        scale = SHOWN / samples.PHOTO[0]
        width, height = (round(scale * side) for side in size)
        offered = min(size) >= LEAST_SIDE
        if index == 0:
            notes = ['as it is stored']
        elif not offered:
            notes = ['not on offer:', f'{size[1]} is less than {LEAST_SIDE}']
        elif min(sizes[index + 1]) < LEAST_SIDE:
            notes = ['on offer, the last']
        else:
            notes = ['on offer']
        tall = max(height, 24 + 21 * len(notes))
        x, top = 16 + SHOWN - width, y + (tall - height) / 2
        middle = y + tall / 2 - 10 * len(notes)
        href = embedded(upright, (2 * width, 2 * height))
        parts += [
            element('image', x=x, y=top, width=width, height=height, href=href),
            element(
                'rect',
                class_='line' if offered else 'cross',
                x=x - 1,
                y=top - 1,
                width=width + 2,
                height=height + 2,
            ),
            write(SHOWN + 34, middle + 6, f'{size[0]}x{size[1]}', bold=True),
            *(
                write(
                    SHOWN + 34,
                    middle + 6 + 21 * line,
                    note,
                    'note',
                    size=SMALL,
                    room=214,
                )
                for line, note in enumerate(notes, start=1)
            ),
        ]
        y += tall + 14
    return picture(
        'The thumbnails of the sample photo',
        'The same photo five times, each half as wide and half as high as the one '
        f'before, rounded down: {", ".join(f"{w}x{h}" for w, h in sizes)}. The first '
        'is the stored picture; the last is too small to be on offer.',
        y + 2,
        *parts,
    )


def diagrams() -> dict[str, str]:
    """Return all diagrams, by the names of their files."""
    return {
        **{f'request-step{step}.svg': Way(step).draw() for step in NEWS},
        'event-loop.svg': event_loop(),
        'cache.svg': cache(),
        'ladder.svg': ladder(),
    }


if __name__ == '__main__':
    here = pathlib.Path(__file__).parents[2] / 'docs' / 'pictures'
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here
    for name, content in diagrams().items():
        (folder / name).write_text(content, encoding='utf-8', newline='\n')
