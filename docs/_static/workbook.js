// Keeps in this browser which chapters a reader has finished, and shows it. Nothing is
// sent anywhere. Where the browser keeps nothing, the page works without it.
(() => {
  const KEY = 'asgilook-workbook-finished';

  function load() {
    try {
      return new Set(JSON.parse(localStorage.getItem(KEY) ?? '[]'));
    } catch {
      return new Set();
    }
  }

  function save(finished) {
    try {
      localStorage.setItem(KEY, JSON.stringify([...finished].sort()));
    } catch {
      // Private windows may keep nothing: then it lasts as long as the page.
    }
  }

  function nameOf(href) {
    return new URL(href, location.href).pathname.split('/').pop();
  }

  function show(finished) {
    for (const link of document.querySelectorAll('.sidebar-tree a.reference')) {
      const done = finished.has(nameOf(link.href));
      link.classList.toggle('is-finished', done);
    }
  }

  function addBox(finished) {
    const article = document.querySelector('article');
    if (!article || !document.querySelector('.where-am-i')) return;
    const label = document.createElement('label');
    const box = document.createElement('input');
    label.className = 'finished';
    box.type = 'checkbox';
    box.checked = finished.has(nameOf(location.href));
    label.append(box, "I've finished this step");
    box.addEventListener('change', () => {
      const name = nameOf(location.href);
      if (box.checked) finished.add(name);
      else finished.delete(name);
      save(finished);
      show(finished);
    });
    article.append(label);
  }

  document.addEventListener('DOMContentLoaded', () => {
    const finished = load();
    show(finished);
    addBox(finished);
  });
})();
