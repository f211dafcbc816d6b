"""Draw the records of `workbook/book/traces.py`, event by event.

Each event is a group of shapes with a `data-step`, so that a script can show them one
by one; and a sentence. Without a script, all of them are there.
"""

import dataclasses
import re
from collections.abc import Callable, Iterator
from html import escape
from typing import Any

Event = dict[str, Any]
Scene = dict[str, Any]

WIDTH = 480
MARGIN = 12
SIZE = 17
"""How large letters are, in units of which the picture is 480 wide."""

# The loop's picture: a column per event, a row per coroutine and per thread.
LABELS = 100
ROW = 38
TURN = 30
PASSING = 68
"""How wide a column is in which time passes."""
END = 14
"""How wide a column is in which a thread ends."""

# The cache's: a line per program, an arrow per event.
ACTORS = ['Client', 'RedisCache', 'Redis', 'Images']
SPREAD = 122
ARROW = 36

STYLE = (
    'text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,'
    'sans-serif}.line{fill:none;stroke-width:2}.idle{stroke-dasharray:2 5}'
    '.card{fill:#f3f5f8}.text{fill:#1b2530}.note{fill:#435063}.box{fill:#fff}'
    '.work{fill:#f0c75e}.good{fill:#cdebd5}.bad{fill:#f9d2ce}.wait{fill:#dfe4ea}'
    '.box,.good,.bad,.wait,.line{stroke:#5b6b80}.head{fill:#5b6b80}'
    '.line.fails{stroke:#b42318}.head.fails{fill:#b42318}'
    '@media (prefers-color-scheme:dark){.card{fill:#1a1f26}.text{fill:#eef2f6}'
    '.note{fill:#c3cdd8}.box{fill:#2b3440}.work{fill:#8a6a1c}.good{fill:#1f4d31}'
    '.bad{fill:#682a26}.wait{fill:#39434f}'
    '.box,.good,.bad,.wait,.line{stroke:#9aa9bb}.head{fill:#9aa9bb}'
    '.line.fails{stroke:#ff8f85}.head.fails{fill:#ff8f85}}'
)


@dataclasses.dataclass
class Drawing:
    """A scene: its title, its shapes, how high it is, and a sentence per event."""

    title: str
    shapes: list[str]
    height: float
    words: list[str]


def text(
    x: float, y: float, words: str, kind: str = 'text', anchor: str = 'start'
) -> str:
    """Return a text whose middle is at that height."""
    place = f'x="{x:g}" y="{y + 6:g}" class="{kind}"'
    style = f'font-size="{SIZE}" text-anchor="{anchor}"'
    return f'<text {place} {style}>{escape(words)}</text>'


def box(x: float, y: float, width: float, height: float, kind: str) -> str:
    """Return a box around a height."""
    place = f'x="{x:g}" y="{y - height / 2:g}" width="{width:g}" height="{height:g}"'
    return f'<rect {place} rx="4" class="{kind}"/>'


def line(
    x1: float, y1: float, x2: float, y2: float, kind: str = 'line', more: str = ''
) -> str:
    """Return a line."""
    places = f'x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"{more}'
    return f'<line {places} class="{kind}"/>'


def group(step: int, shapes: list[str]) -> str:
    """Return the shapes of an event."""
    return f'<g data-step="{step}">{"".join(shapes)}</g>'


def seconds(time: float) -> str:
    """Return a time, with its unit."""
    return f'{time:g} s'


def quoted(lines: list[str]) -> str:
    """Return what was printed, for a sentence."""
    return ' and '.join(f'“{printed}”' for printed in lines)


def turn_words(event: Event) -> str:
    """Say what happens in a turn."""
    did = [f'prints {quoted(event["prints"])}'] if event['prints'] else []
    if event.get('creates'):
        did.append('starts the egg and the tea')
    if thread := event.get('thread'):
        did.append(f'hands time.sleep to thread {thread}')
    if event['until'] > event['at']:
        blocked = seconds(round(event['until'] - event['at'], 3))
        did.append(f'keeps its turn for {blocked}, and nobody else gets one')
    if event['pauses']:
        # Its arguments are in the listing.
        awaited = re.sub(r'\(.*', '', event['pauses'])
        did.append(f'pauses at {awaited}')
    else:
        did.append('is done')
    *others, last = did
    return f'{event["who"]} ' + (
        f'{", ".join(others)}, and {last}.' if others else f'{last}.'
    )


def loop_words(event: Event) -> str:
    """Say what an event in the loop is."""
    if event['what'] == 'turn':
        return f'{seconds(event["at"])}: {turn_words(event)}'
    if event['what'] == 'thread ends':
        return f'{seconds(event["at"])}: Thread {event["thread"]} is done with its nap.'
    return (
        f'{seconds(event["at"])}: Nobody can go on, so the loop waits '
        f'until {seconds(event["until"])}.'
    )


def draw_loop(scene: Scene, step: int) -> Drawing:
    """Draw the turns of coroutines, from left to right."""
    events = scene['events']
    rows = list(dict.fromkeys(e['who'] for e in events if e['what'] == 'turn'))
    threads = {event['thread'] for event in events if 'thread' in event}
    rows += [f'Thread {number}' for number in sorted(threads)]
    rows.append('Event loop')
    top = 8 + ROW / 2
    middle = {row: top + ROW * index for index, row in enumerate(rows)}
    bottom = top + ROW * len(rows)
    shapes = [text(MARGIN, y, row, 'note') for row, y in middle.items()]
    state = dict.fromkeys(rows, '')
    x, marks = float(MARGIN + LABELS), set()
    for number, event in enumerate(events, start=step):
        passing = event['what'] == 'loop waits' or event.get('until', 0) > event['at']
        width = {True: PASSING, False: TURN}[passing]
        if event['what'] == 'thread ends':
            width = END
        drawn: list[str] = []
        acting = event.get('who', 'Event loop')
        if event['what'] == 'thread ends':
            acting = f'Thread {event["thread"]}'
        for row in rows:
            y = middle[row]
            if row == acting:
                continue
            if state[row] == 'pauses':
                drawn.append(line(x, y, x + width, y, 'line idle'))
            elif state[row] == 'ready':
                drawn.append(box(x, y, width, 6, 'wait'))
            elif state[row] == 'works':
                drawn.append(box(x, y, width, 18, 'work'))
        y = middle[acting]
        if event['what'] == 'turn':
            kind = 'bad' if passing else 'good'
            drawn.append(box(x + 1, y, width - 2, 28, kind))
            if passing:
                y = middle['Event loop']
                drawn.append(box(x + 1, y, width - 2, 28, 'bad'))
                drawn.append(text(x + width / 2, y, 'blocked', 'text', 'middle'))
            state[acting] = 'pauses' if event['pauses'] else ''
            created = event.get('creates', ())
            state |= {name: 'ready' for name in created if name != acting}
            if thread := event.get('thread'):
                state[f'Thread {thread}'] = 'works'
        elif event['what'] == 'thread ends':
            drawn.append(box(x, y, width / 2, 18, 'work'))
            state[acting] = ''
        else:
            drawn.append(box(x + 1, y, width - 2, 28, 'wait'))
            drawn.append(text(x + width / 2, y, 'waits', 'text', 'middle'))
        if event['at'] not in marks:
            marks.add(event['at'])
            drawn.append(text(x, bottom, seconds(event['at']), 'note'))
        shapes.append(group(number, drawn))
        x += width
    return Drawing(
        scene['title'], shapes, bottom + 18, [loop_words(event) for event in events]
    )


def short(says: str) -> str:
    """Return what fits on an arrow: a command without its key, an answer in a word."""
    if match := re.fullmatch(r'(SET) .*(EX \d+)', says):
        return f'{match[1]}, {match[2]}'
    if match := re.fullmatch(r'(GET|DEL) asgilook:.*', says):
        return match[1]
    if match := re.fullmatch(r'(\d+) [\w ]+(?:, [\w-]+: (\w+))?', says):
        return ', '.join(part for part in match.groups() if part)
    return {'<entry>': 'entry', 'ConnectionError': 'no answer'}.get(says, says)


def draw_cache(scene: Scene, step: int) -> Drawing:
    """Draw who says what to whom, from top to bottom."""
    events = scene['events']
    across = {name: 57 + SPREAD * index for index, name in enumerate(ACTORS)}
    top = 20
    height = top + 22 + ARROW * len(events)
    shapes = []
    for name, x in across.items():
        shapes.append(line(x, top, x, height, 'line idle'))
        shapes.append(box(x - 54, top, 108, 32, 'box'))
        shapes.append(text(x, top, name, 'text', 'middle'))
    for number, event in enumerate(events, start=step):
        y = top + 12 + ARROW * (number - step + 1)
        start, end = across[event['from']], across[event['to']]
        way = 1 if end > start else -1
        fails = ' fails' if event['says'] == 'ConnectionError' else ''
        tip = end - 3 * way
        points = f'{tip:g},{y} {tip - 9 * way:g},{y - 5} {tip - 9 * way:g},{y + 5}'
        left = min(start, end)
        drawn = [
            line(start, y, tip - 8 * way, y, f'line{fails}', ' pathLength="1"'),
            f'<polygon points="{points}" class="head{fails}"/>',
            text(left + SPREAD / 2, y - 12, short(event['says']), 'text', 'middle'),
        ]
        shapes.append(group(number, drawn))
    said = [f'{event["from"]} to {event["to"]}: {event["says"]}' for event in events]
    return Drawing(scene['title'], shapes, height, said)


DRAW: dict[str, Callable[[Scene, int], Drawing]] = {
    'breakfast': draw_loop,
    'cache': draw_cache,
}
"""What draws the scenes of each record."""
TITLES = {
    'breakfast': 'Three breakfasts, turn by turn',
    'cache': 'Five requests, the cache and Redis',
}


def drawings(name: str, scenes: list[Scene]) -> Iterator[Drawing]:
    """Yield the scenes of a record, drawn; the numbers of their events go on."""
    step = 0
    for scene in scenes:
        yield DRAW[name](scene, step)
        step += len(scene['events'])


def draw(name: str, scenes: list[Scene]) -> str:
    """Return a picture of all scenes, one below the other, as an SVG file."""
    y, parts, said = 0.0, [], []
    for drawing in drawings(name, scenes):
        said += [f'{drawing.title}.', *drawing.words]
        title = text(MARGIN, 22, drawing.title)
        title = title.replace('<text', '<text font-weight="bold"')
        parts.append(f'<g transform="translate(0 {y:g})">{title}</g>')
        shapes = '\n'.join(drawing.shapes)
        parts.append(f'<g transform="translate(0 {y + 34:g})">{shapes}</g>')
        y += drawing.height + 52
    size = f'width="{WIDTH}" height="{y:g}" viewBox="0 0 {WIDTH} {y:g}"'
    body = '\n'.join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">\n'
        f'<title>{escape(TITLES[name])}</title>\n'
        f'<desc>{escape(" ".join(said))}</desc>\n'
        f'<style>{STYLE}</style>\n<rect class="card" rx="10" width="100%" '
        f'height="100%"/>\n{body}\n</svg>\n'
    )


def inline(name: str, scenes: list[Scene]) -> str:
    """Return the scenes as a part of a page, for a script to show step by step."""
    scene_parts, word_parts = [], []
    for number, drawing in enumerate(drawings(name, scenes)):
        size = f'viewBox="0 0 {WIDTH} {drawing.height:g}"'
        label = escape(f'{drawing.title}: {" ".join(drawing.words)}', quote=True)
        scene_parts.append(
            f'<div class="trace-scene" data-scene="{number}">'
            f'<p class="trace-title">{escape(drawing.title)}</p>'
            f'<svg {size} role="img" aria-label="{label}">{"".join(drawing.shapes)}'
            '</svg></div>'
        )
        items = ''.join(f'<li>{escape(words)}</li>' for words in drawing.words)
        word_parts.append(f'<p>{escape(drawing.title)}</p><ol>{items}</ol>')
    return (
        f'<div class="trace" data-trace="{name}"><div class="trace-scenes">'
        f'{"".join(scene_parts)}</div><details class="trace-words">'
        f'<summary>In words</summary>{"".join(word_parts)}</details></div>'
    )
