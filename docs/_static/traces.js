// Plays the recorded traces in the book's figures, event by event. Without this script,
// a figure shows all of its events, and so it does before and after it's played.
(() => {
  const PAUSE = 1600; // From one event to the next, in milliseconds.
  const still = matchMedia('(prefers-reduced-motion: reduce)');

  function button(bar, words) {
    const made = document.createElement('button');
    made.type = 'button';
    made.textContent = words;
    bar.append(made);
    return made;
  }

  function prepare(figure) {
    const groups = [...figure.querySelectorAll('[data-step]')];
    const words = [...figure.querySelectorAll('.trace-words li')];
    const scenes = [...figure.querySelectorAll('.trace-scene')];
    const last = groups.length - 1;
    let step = null; // All events are there.
    let timer = null;

    const bar = document.createElement('div');
    bar.className = 'trace-controls';
    bar.setAttribute('role', 'group');
    bar.setAttribute('aria-label', 'Play the figure');
    const play = button(bar, 'Play');
    const back = button(bar, 'Back');
    const next = button(bar, 'Step');
    const all = button(bar, 'Show all');
    const now = document.createElement('p');
    now.className = 'trace-now';
    bar.append(now);
    figure.querySelector('.trace-scenes').after(bar);

    function show() {
      const resized = figure.classList.contains('is-stepping') !== (step !== null);
      figure.classList.toggle('is-stepping', step !== null);
      for (const group of groups) {
        const number = Number(group.dataset.step);
        group.classList.toggle('is-later', step !== null && number > step);
        group.classList.toggle('is-now', number === step);
      }
      for (const scene of scenes) {
        scene.classList.toggle('is-now', scene.querySelector('.is-now') !== null);
      }
      words.forEach((item, number) => item.classList.toggle('is-now', number === step));
      now.textContent =
        step === null
          ? `${groups.length} events, all shown`
          : `${step + 1} of ${groups.length}. ${words[step].textContent}`;
      back.disabled = step === null || step === 0;
      next.disabled = step === last;
      all.disabled = step === null;
      // With one scene instead of all, the figure is shorter: keep it in sight.
      if (resized) figure.scrollIntoView({ block: 'nearest' });
    }

    function pause() {
      clearInterval(timer);
      timer = null;
      play.textContent = 'Play';
      // While it plays, a screen reader would be talked over.
      now.setAttribute('aria-live', 'polite');
    }

    function go(to) {
      step = to;
      show();
      if (timer !== null && step === last) pause();
    }

    play.addEventListener('click', () => {
      if (timer !== null) {
        pause();
        return;
      }
      now.setAttribute('aria-live', 'off');
      play.textContent = 'Pause';
      timer = setInterval(() => go(step + 1), PAUSE);
      go(step === null || step === last ? 0 : step + 1);
    });
    back.addEventListener('click', () => {
      pause();
      go(step - 1);
    });
    next.addEventListener('click', () => {
      pause();
      go(step === null ? 0 : step + 1);
    });
    all.addEventListener('click', () => {
      pause();
      go(null);
    });

    const beStill = () => {
      if (still.matches) pause();
      play.hidden = still.matches;
    };
    still.addEventListener('change', beStill);
    beStill();
    pause();
    show();
  }

  document.addEventListener('DOMContentLoaded', () => {
    document.querySelectorAll('.trace').forEach(prepare);
  });
})();
