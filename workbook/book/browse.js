// What workbook/book/browse.py asks of a page. It is run in the page, after loading it.

window.browse = {
  /** Return a few words by which a person finds an element. */
  name(element) {
    const kind = element.tagName.toLowerCase();
    const id = element.id ? `#${element.id}` : '';
    const classes = [...element.classList].map((one) => `.${one}`).join('');
    const words = element.textContent.trim().replace(/\s+/g, ' ').slice(0, 40);
    return `<${kind}${id}${classes}> ${words}`.trim();
  },

  /** Unfold all that is folded, load what would wait for the reader, be still. */
  async unfold() {
    const still = new CSSStyleSheet();
    still.replaceSync('* { transition: none !important; animation: none !important; }');
    document.adoptedStyleSheets.push(still);
    document.querySelectorAll('details').forEach((one) => (one.open = true));
    await Promise.all(
      [...document.images].map((image) => {
        image.loading = 'eager';
        return image.decode().catch(() => {});
      })
    );
  },

  /** Return what is wrong with the images: [what, where], for each. */
  images() {
    const faults = [];
    for (const image of document.images) {
      const source = image.getAttribute('src') ?? '';
      const alt = (image.getAttribute('alt') ?? '').trim();
      if (image.naturalWidth === 0) {
        faults.push(['image', `${source} does not show`]);
      }
      // Without a description, docutils takes the file's name for one.
      if (alt === '' || source.endsWith(alt)) {
        faults.push(['alt', `${source} has no description`]);
      }
    }
    return faults;
  },

  /** Return what makes the page scroll sideways. */
  sideways() {
    const page = document.scrollingElement;
    if (page.scrollWidth <= page.clientWidth) {
      return [];
    }
    const outside = (element) => {
      if (element.getBoundingClientRect().right <= page.clientWidth + 0.5) {
        return false;
      }
      let around = element.parentElement;
      while (around && around !== document.body) {
        if (getComputedStyle(around).overflowX !== 'visible') {
          return false;
        }
        around = around.parentElement;
      }
      return true;
    };
    const found = new Set([...document.body.querySelectorAll('*')].filter(outside));
    const edge = (element) => element.getBoundingClientRect().right;
    const furthest = [...found].reduce((one, other) =>
      edge(other) >= edge(one) ? other : one
    );
    let around = furthest;
    while (found.has(around.parentElement)) {
      around = around.parentElement;
    }
    const where = [...new Set([around, furthest])].map(browse.name).join(', in it ');
    return [['sideways', `${page.scrollWidth} pixels wide: ${where}`]];
  },

  /** Return the blocks of code that have no button to copy them. */
  bare() {
    return [...document.querySelectorAll('pre')]
      .filter((pre) => pre.parentElement.querySelector('button.copybtn') === null)
      .map((pre) => ['copy', `no button: ${browse.name(pre)}`]);
  },

  /** Press each button; return [what the block shows, what was copied], for each. */
  copies() {
    let copied = null;
    document.execCommand = (command) => {
      copied = document.activeElement.value ?? String(getSelection());
      return command === 'copy';
    };
    return [...document.querySelectorAll('button.copybtn')].map((button) => {
      copied = null;
      button.click();
      const shown = button.parentElement.querySelector('pre').cloneNode(true);
      shown.querySelectorAll('.linenos').forEach((one) => one.remove());
      return [shown.textContent, copied];
    });
  },

  /**
   * Mark a text of each look there is: axe's rule about contrast takes minutes for
   * all words of all listings, and finds the same for words that look the same.
   */
  sample() {
    const grounds = new Map([[null, ['', 1]]]);
    const ground = (element) => {
      if (!grounds.has(element)) {
        const { backgroundColor, backgroundImage, opacity } = getComputedStyle(element);
        const [below, strength] = ground(element.parentElement);
        const clear = backgroundColor === 'rgba(0, 0, 0, 0)' && backgroundImage === 'none';
        const own = clear ? below : `${below} ${backgroundColor} ${backgroundImage}`;
        grounds.set(element, [own, strength * opacity]);
      }
      return grounds.get(element);
    };
    const seen = new Set();
    for (const element of document.body.querySelectorAll('*')) {
      const texts = [...element.childNodes].filter((one) => one.nodeType === Node.TEXT_NODE);
      if (texts.some((one) => one.data.trim()) && element.checkVisibility()) {
        const { color, fontSize, fontWeight } = getComputedStyle(element);
        const look = [color, fontSize, fontWeight, ...ground(element)].join();
        if (!seen.has(look)) {
          seen.add(look);
          element.setAttribute('data-sample', '');
        }
      }
    }
  },

  /** Have axe try the samples for contrast; make it quicker to find its way to them. */
  thin() {
    axe.configure({ rules: [{ id: 'color-contrast', selector: '[data-sample]' }] });
    document.querySelectorAll('pre span:not([data-sample])').forEach((span) => {
      if (span.childElementCount === 0) {
        span.replaceWith(span.textContent);
      }
    });
  },

  /** Leave nothing but the samples, and what is around and in them. */
  samplesOnly() {
    const kept = new Set();
    for (const sample of document.querySelectorAll('[data-sample]')) {
      sample.querySelectorAll('*').forEach((one) => kept.add(one));
      for (let one = sample; one; one = one.parentElement) {
        kept.add(one);
      }
    }
    for (const element of document.body.querySelectorAll('*')) {
      if (!kept.has(element)) {
        element.remove();
      }
    }
  },

  /** Return what axe finds to be serious or worse. */
  async axe(ignored, only) {
    const { violations } = await axe.run(document, {
      resultTypes: ['violations'],
      preload: false,
      // It takes a third of the time, and is never more than moderate.
      rules: { region: { enabled: false } },
      ...(only && { runOnly: only }),
    });
    const isIgnored = (id, target) =>
      id in ignored && document.querySelector(target.at(-1))?.matches(ignored[id]);
    const faults = [];
    for (const { id, impact, nodes } of violations) {
      const found = nodes.filter(({ target }) => !isIgnored(id, target));
      if (found.length > 0 && ['serious', 'critical'].includes(impact)) {
        const [{ target, any }] = found;
        const why = any.length ? `: ${any[0].message}` : '';
        const more = found.length > 1 ? ` (and ${found.length - 1} more)` : '';
        faults.push(['axe', `${id}: ${target.join(' ')}${why}${more}`]);
      }
    }
    return faults;
  },

  /** Return all that is wrong with the page. */
  async look(ignored) {
    const { images, sideways, bare } = browse;
    return [...images(), ...sideways(), ...bare(), ...(await browse.axe(ignored))];
  },

  /** Return what differs from one colour scheme to the other; it is the last look. */
  async lookAgain() {
    const found = [...browse.images(), ...browse.sideways()];
    browse.samplesOnly();
    return [...found, ...(await browse.axe({}, ['color-contrast']))];
  },
};
