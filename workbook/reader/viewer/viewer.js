// The viewer: shows what a service can do so far, and each request as it goes by.
// What comes from the service becomes text or a picture, never markup.

const $ = (id) => document.getElementById(id);
const names = new Map();
const WIRE_LENGTH = 200;

/** Return a new element: make('p', {className: 'x'}, 'text', child, ...). */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const say = (text) => $('status').replaceChildren(text);
const times = ([width, height]) => `${width} × ${height}`;
const took = (ms) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

function bytes(count) {
  if (count < 1000) return `${count} bytes`;
  return count < 1e6 ? `${(count / 1000).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}

// ---- requests ----------------------------------------------------------------------

/** Return a path with its id cut short, in parts. */
function short(path) {
  const [, head, id, tail] = /^(.*?)([0-9a-f]{4})[0-9a-f]{4}-[0-9a-f-]{27}(.*)$/.exec(path) ?? [];
  return id ? [head, make('i', {}, id), '…', tail] : [path];
}

/** Make a request, show it on the wire; return its answer, or null if there is none. */
async function ask(method, path, file) {
  const start = performance.now();
  const options = { method, cache: 'no-store' };
  if (file) options.body = file;
  try {
    const response = await fetch(path, options);
    const blob = await response.blob();
    const answer = {
      method,
      path: new URL(response.url).pathname + new URL(response.url).search,
      status: response.status,
      reason: response.statusText,
      ok: response.ok,
      headers: response.headers,
      cache: response.headers.get('X-ASGILook-Cache'),
      ms: performance.now() - start,
      blob,
      json: null,
    };
    if ((response.headers.get('Content-Type') ?? '').includes('json')) {
      try {
        answer.json = JSON.parse(await blob.text());
      } catch {
        answer.json = null;
      }
    }
    answer.entry = wire(answer, file);
    return answer;
  } catch {
    wire({ method, path, ms: performance.now() - start }, file);
    return null;
  }
}

/** Return what the service says of an error, in its own words. */
function words(answer) {
  if (!answer) return ['No answer', 'Is the service still running? Look at its terminal.'];
  const { title, description } = answer.json ?? {};
  const more = answer.status >= 500 ? 'The traceback is in its terminal.' : '';
  return [
    title ?? `${answer.status} ${answer.reason}`.trim(),
    [description, more].filter(Boolean).join(' ') || 'It says no more than that.',
  ];
}

/** Add a request and its answer to the top of the wire; return its entry. */
function wire(answer, file) {
  const lines = [];
  const line = (name, value) => lines.push(make('b', {}, name), `: ${value}\n`);
  const part = (...children) => make('pre', { tabIndex: 0 }, ...children);

  lines.push(make('i', {}, `${answer.method} ${answer.path}\n`));
  if (file) {
    if (file.type) line('content-type', file.type);
    line('content-length', file.size);
  }
  const request = lines.splice(0);

  const failed = !answer.headers;
  if (failed) {
    lines.push('No answer came.');
  } else {
    lines.push(make('i', {}, `${answer.status} ${answer.reason}\n`));
    answer.headers.forEach((value, name) => line(name, value));
    const body = answer.json ? JSON.stringify(answer.json, null, 2) : `(${bytes(answer.blob.size)})`;
    if (answer.blob.size) lines.push('\n', body);
  }

  const tone = failed || answer.status >= 500 ? 'bad' : answer.status >= 400 ? 'refused' : 'good';
  const summary = make(
    'summary',
    {},
    make('b', {}, answer.method),
    ' ',
    make('span', { title: answer.path }, ...short(answer.path)),
    ' ',
    make('strong', { className: tone }, failed ? 'no answer' : String(answer.status)),
    ' ',
    make('em', { className: (answer.cache ?? '').toLowerCase() }, answer.cache ?? ''),
    ' ',
    make('small', {}, took(answer.ms))
  );
  const details = make('details', {}, summary, part(...request), part(...lines));
  $('wire').prepend(make('li', {}, details));
  if ($('wire').children.length > WIRE_LENGTH) $('wire').lastChild.remove();
  return details;
}

// ---- the map of what works ---------------------------------------------------------

const COMES = { list: 3, upload: 3, picture: 3, thumbnail: 4, cache: 5 };

/** Mark a part of the service: 'works', 'ready' (not tried yet) or 'later'. */
function mark(route, state) {
  const item = document.querySelector(`[data-route=${route}]`);
  if (item.dataset.state === 'works') return;
  item.dataset.state = state;
  const text = { works: 'works', ready: 'not tried yet', later: `comes in step ${COMES[route]}` };
  item.querySelector('span').textContent = text[state];
}

/** Show a notice, or none; hide the pictures if there can't be any. */
function notice(title, text, line = '', instead = false) {
  $('notice-title').textContent = title;
  $('notice-line').textContent = line;
  $('notice-text').textContent = text;
  $('notice').hidden = !title;
  $('upload').hidden = $('pictures').hidden = instead;
  if (title) say(`${title}. ${text}`);
}

const NO_ROUTE = {
  skeleton: [
    'Your app runs, and it answers',
    'That 404 is right: the app has no routes yet, so there is nothing to find at any path. '
      + 'Try one yourself, on the wire. The first routes come in step 3.',
  ],
  store: [
    'The store is ready, but no route leads to it yet',
    'That 404 is right. You can already save pictures from Python: run python -m asyncio, as in '
      + 'chapter 2. Uploads over HTTP come in step 3.',
  ],
  images: [
    'No route leads to the pictures yet',
    "There is an images.py. Add a route to its resource with app.add_route('/images', ...), as in "
      + 'chapter 3.',
  ],
};

// ---- pictures ----------------------------------------------------------------------

/** Return whether this is a record, as far as the page needs it. */
const isRecord = (it) => Boolean(it?.id && it.image && Array.isArray(it.size));
const NEEDED = 'A record needs "id", "image" and "size".';

/** Show an answer's picture on a card, in the room that was kept for it. */
function show(card, answer, size) {
  const image = make('img', { width: size[0], height: size[1], alt: card.dataset.name });
  image.src = URL.createObjectURL(answer.blob);
  image.decode().catch(() => {}).finally(() => URL.revokeObjectURL(image.src));
  card.querySelector('.stage').replaceChildren(image);
}

/** Return a row that fetches one size of a picture, and keeps the last times. */
function rung(card, uri, size, kind) {
  const button = make('button', { type: 'button' }, times(size));
  button.setAttribute('aria-label', `Fetch the ${kind}, ${times(size)}`);
  const results = make('div', { className: 'results' });
  const row = make('li', { className: 'rung' }, button, results);
  const seen = {};

  // Pictures that come by themselves don't interrupt: only what was asked for speaks.
  row.fetch = async (asked = false) => {
    const answer = await ask('GET', uri);
    if (!answer?.ok) {
      results.replaceChildren(make('p', { className: 'bad' }, words(answer).join(': ')));
      if (asked) say(results.textContent);
      return;
    }
    mark(kind, 'works');
    if (answer.cache) mark('cache', 'works');
    const text = [answer.cache, took(answer.ms)].filter(Boolean).join(' ');
    // One line for the last Miss, one for the last Hit; one alone without a cache.
    const tone = (answer.cache ?? '').toLowerCase();
    seen[tone] ??= make('p', { className: tone }, make('i'), make('span'));
    seen[tone].dataset.ms = answer.ms;
    seen[tone].lastChild.textContent = text;
    results.replaceChildren(...['miss', 'hit', ''].flatMap((one) => seen[one] ?? []));
    scale(card);
    for (const other of row.parentElement.querySelectorAll('button')) {
      other.setAttribute('aria-pressed', String(other === button));
    }
    show(card, answer, size);
    if (asked) say(`${kind} ${times(size)}: ${text}`);
  };
  button.onclick = () => row.fetch(true);
  return row;
}

/** Make all bars of a card as long as what they stand for took. */
function scale(card) {
  const lines = [...card.querySelectorAll('[data-ms]')];
  const longest = Math.max(...lines.map((line) => Number(line.dataset.ms)));
  for (const line of lines) {
    line.firstChild.style.width = `${Math.max((100 * line.dataset.ms) / longest, 2)}%`;
  }
}

/** Return the size in a thumbnail's path. */
function sizeIn(uri) {
  const match = /(\d+)x(\d+)\.jpeg$/.exec(uri);
  return match ? [Number(match[1]), Number(match[2])] : null;
}

const onScreen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    onScreen.unobserve(target);
    const rows = [...target.querySelectorAll('.rung')];
    const fits = rows.find((row) => row.size[0] <= 640) ?? rows.at(-1);
    fits.fetch();
  }
}, { rootMargin: '200px' });

/** Turn a card into that of a record. */
function fill(card, record) {
  const name = names.get(record.id) ?? `Picture ${record.id.slice(0, 8)}`;
  card.id = `picture-${record.id}`;
  card.dataset.name = name;
  card.className = 'card';
  const rows = [[record.image, record.size, 'picture']];
  for (const uri of Array.isArray(record.thumbnails) ? record.thumbnails : []) {
    const size = sizeIn(uri);
    if (size) rows.push([uri, size, 'thumbnail']);
  }
  const ladder = make('ul', { className: 'ladder' });
  for (const [uri, size, kind] of rows) {
    const row = rung(card, uri, size, kind);
    row.size = size;
    ladder.append(row);
  }
  const title = make('h3', {}, name);
  title.title = record.id;
  card.replaceChildren(make('div', { className: 'stage' }), title, ladder);
  mark('thumbnail', record.thumbnails ? 'ready' : 'later');
  onScreen.observe(card);
}

function count() {
  const pictures = $('cards').querySelectorAll('[id^=picture-]').length;
  $('count').textContent = pictures === 1 ? '1 picture' : `${pictures} pictures`;
  $('empty').hidden = $('cards').children.length > 0;
}

/** Ask for the list; show what is new in it, and remove what is gone. */
async function list(path = 'images') {
  const answer = await ask('GET', path);
  if (answer?.ok && Array.isArray(answer.json)) {
    const records = answer.json.filter(isRecord);
    const whole = records.length === answer.json.length;
    notice(whole ? '' : 'GET /images works, but not all in its list are records yet', NEEDED);
    mark('list', 'works');
    for (const route of ['upload', 'picture', 'thumbnail']) mark(route, 'ready');
    mark('cache', answer.cache ? 'works' : 'later');
    if (path === 'images') {
      const there = new Set(records.map((record) => `picture-${record.id}`));
      for (const card of [...$('cards').children]) {
        if (card.id && !there.has(card.id)) card.remove();
      }
    }
    if (records.length) mark('upload', 'works');
    for (const record of records) {
      if ($(`picture-${record.id}`)) continue;
      const card = make('li');
      fill(card, record);
      $('cards').prepend(card);
    }
    const next = /<([^>]*)>\s*;[^,]*rel="?next"?/.exec(answer.headers.get('Link') ?? '');
    $('more').hidden = !next;
    if (next) $('more').onclick = () => list(next[1]);
    count();
    if (answer.cache) say(`The list: ${answer.cache}, ${took(answer.ms)}`);
  } else if (answer?.status === 404) {
    for (const route of Object.keys(COMES)) mark(route, 'later');
    notice(...NO_ROUTE[document.body.dataset.has], `GET /images  →  404 ${answer.reason}`, true);
  } else if (answer?.ok) {
    notice('GET /images works, but its answer is no list yet', `It should be JSON. ${NEEDED}`);
  } else {
    const [title, text] = words(answer);
    notice(`GET /images: ${title}`, text);
  }
}

// ---- uploads -----------------------------------------------------------------------

/** Upload files, one after the other; each has its card from the start. */
async function upload(files) {
  await listed;
  if ($('upload').hidden) {
    say('No route takes uploads yet.');
    return;
  }
  const waiting = files.map((file) => {
    const name = file.name || 'picture';
    const card = make('li', { className: 'card waiting' });
    card.append(
      make('div', { className: 'stage' }, make('p', {}, 'waiting')),
      make('h3', {}, name)
    );
    $('cards').prepend(card);
    return { file, name, card };
  });
  count();
  for (const { file, name, card } of waiting) {
    card.querySelector('p').textContent = `sending ${bytes(file.size)}`;
    say(`Sending ${name}`);
    const answer = await ask('POST', 'images', file);
    const record = answer?.json;
    if (answer?.ok && isRecord(record)) {
      mark('upload', 'works');
      names.set(record.id, name);
      fill(card, record);
      say(`${name} is stored, ${times(record.size)}, after ${took(answer.ms)}`);
    } else if (answer?.ok) {
      const text = `But the answer is no record yet. ${NEEDED}`;
      refuse(card, name, [`${answer.status} ${answer.reason}`, text]);
    } else {
      refuse(card, name, words(answer));
    }
    count();
  }
}

/** Turn a card into one that says why a file wasn't stored. */
function refuse(card, name, [title, text]) {
  const away = make('button', { type: 'button' }, 'Dismiss');
  away.setAttribute('aria-label', `Dismiss the message about ${name}`);
  away.onclick = () => {
    card.remove();
    count();
    $('picker').focus();
  };
  card.className = 'card refusal';
  card.replaceChildren(
    make('div', { className: 'stage' }, make('strong', {}, title), make('p', {}, text)),
    make('h3', {}, name),
    away
  );
  say(`${name}: ${title}. ${text}`);
}

/** Draw a landscape, no two alike, for those who have no picture at hand. */
function landscape() {
  const [width, height] = [1600, 1200];
  const canvas = make('canvas', { width, height });
  const draw = canvas.getContext('2d');
  const hue = 190 + Math.random() * 190; // from noon to sunset
  const tone = (turn, light) => `hsl(${hue + turn} 55% ${light}%)`;

  const sky = draw.createLinearGradient(0, 0, 0, height);
  sky.addColorStop(0, tone(0, 42));
  sky.addColorStop(0.7, tone(50, 84));
  draw.fillStyle = sky;
  draw.fillRect(0, 0, width, height);
  draw.fillStyle = '#fff4d6';
  draw.beginPath();
  draw.arc(width * (0.2 + 0.6 * Math.random()), height * 0.36, 90, 0, 2 * Math.PI);
  draw.fill();
  for (let ridge = 0; ridge < 5; ridge += 1) {
    const [start, wave] = [Math.random() * 9, 0.003 + Math.random() * 0.003];
    draw.fillStyle = tone(20 - 12 * ridge, 66 - 12 * ridge);
    draw.beginPath();
    draw.moveTo(0, height);
    for (let x = 0; x <= width; x += 8) {
      const hill = Math.sin(start + x * wave) + 0.4 * Math.sin(start * 3 + x * wave * 3.1);
      draw.lineTo(x, height * (0.5 + 0.11 * ridge) - 70 * hill);
    }
    draw.lineTo(width, height);
    draw.fill();
  }
  return new Promise((resolve) => {
    canvas.toBlob((blob) => resolve(new File([blob], 'landscape.png', { type: blob.type })));
  });
}

// ---- the page ----------------------------------------------------------------------

$('picker').onchange = () => {
  upload([...$('picker').files]);
  $('picker').value = '';
};
$('draw').onclick = async () => upload([await landscape()]);
$('refresh').onclick = $('again').onclick = () => list();
$('ask').onsubmit = async (event) => {
  event.preventDefault();
  const path = `/${$('path').value.trim().replace(/^\/+/, '')}`;
  const answer = await ask($('method').value, path);
  if (!answer) return;
  answer.entry.open = true;
  say(`${answer.method} ${answer.path}: ${answer.status} ${answer.reason}`);
  if (answer.method === 'DELETE' && answer.ok) list();
};
$('clear').onclick = () => $('wire').replaceChildren();

document.addEventListener('dragover', (event) => {
  event.preventDefault();
  document.body.classList.add('dropping');
});
document.addEventListener('dragleave', (event) => {
  if (!event.relatedTarget) document.body.classList.remove('dropping');
});
document.addEventListener('drop', (event) => {
  event.preventDefault();
  document.body.classList.remove('dropping');
  upload([...event.dataTransfer.files]);
});
document.addEventListener('paste', (event) => upload([...event.clipboardData.files]));

const listed = list();
