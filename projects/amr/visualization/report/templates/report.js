'use strict';

/* Labels of a CAM: the winner where its score beats the threshold. */
function camLabels(levels, winners, step) {
  return winners.map((label, i) => (levels[i] > step ? label : 0));
}

/* Colour, of four bytes, of each pixel of a layer. */
function layerPixels(kind, planes, step, colours) {
  const pixels = new Uint8ClampedArray(4 * planes[0].length);
  const labels = kind === 'cam' ? camLabels(...planes, step) : planes[0];
  labels.forEach((value, i) => {
    if (kind === 'grey') {
      pixels.set([value, value, value, 255], 4 * i);
    } else if (value === 255) {
      pixels.set([255, 255, 255, 200], 4 * i);
    } else if (value) {
      pixels.set([...colours[value], 165], 4 * i);
    }
  });
  return pixels;
}

/* Planes of each layer of a photo, by name. */
function splitPlanes(bytes, photo, kinds) {
  const length = photo.size[0] * photo.size[1];
  let start = 0;
  const next = () => bytes.subarray(start, (start += length));
  return Object.fromEntries(
    photo.layers.map((name) => [
      name,
      kinds[name] === 'cam' ? [next(), next()] : [next()],
    ])
  );
}

async function inflate(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes])
    .stream()
    .pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/* Numbers of the photos to show, in order. */
function choosePhotos(photos, { label, doubt, order }) {
  const last = (value) => (value === null ? Infinity : value);
  const rank = {
    doubt: (photo) => last(photo.doubt === null ? null : -photo.doubt),
    worst: (photo) => last(photo.score),
    best: (photo) => last(photo.score === null ? null : -photo.score),
    list: () => 0,
  }[order];
  const ranks = photos.map(rank);
  return [...photos.keys()]
    .filter((n) => !label || photos[n].classes.includes(label))
    .filter((n) => !doubt || photos[n].doubt >= doubt)
    .sort((a, b) => (ranks[a] === ranks[b] ? a - b : ranks[a] - ranks[b]));
}

function startGallery(data) {
  const find = (id) => document.getElementById(id);
  const list = find('photo-list');
  const cards = new Map();
  const waiting = new Map();
  let step = data.step;
  let layer = Object.keys(data.layers)[0];

  const make = (tag, fields = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), fields);
    element.append(...children);
    return element;
  };

  /* A script calls this; see photo_files.py. */
  window.receiveMaps = (key, text) => {
    waiting.get(key)?.(text);
    waiting.delete(key);
  };

  const loadMaps = (path) =>
    new Promise((resolve, reject) => {
      const key = path.replace(/^.*\/|\.js$/g, '');
      const script = make('script', { src: path, onerror: reject });
      const before = waiting.get(key);
      waiting.set(key, (text) => {
        before?.(text);
        script.remove();
        resolve(text);
      });
      document.head.append(script);
    });

  function paint(canvas, card, name) {
    const planes = card.planes?.[name];
    canvas.hidden = !planes;
    if (!planes) return;
    [canvas.height, canvas.width] = card.photo.size;
    const pixels = layerPixels(data.layers[name], planes, step, data.colours);
    canvas
      .getContext('2d')
      .putImageData(new ImageData(pixels, canvas.width), 0, 0);
  }

  function paintCard(card) {
    paint(card.canvas, card, card.stages.size ? '' : layer);
    card.stages.forEach((canvas, name) => paint(canvas, card, name));
  }

  const paintAll = () =>
    cards.forEach((card) => card.planes && paintCard(card));

  async function enter(card) {
    card.inView = true;
    if (card.planes) return;
    try {
      const bytes = await inflate(await loadMaps(card.photo.maps));
      if (!card.inView) return;
      card.planes = splitPlanes(bytes, card.photo, data.layers);
      paintCard(card);
    } catch {
      card.element.classList.add('broken');
    }
  }

  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const card = cards.get(target);
        if (isIntersecting) enter(card);
        else card.inView = card.planes = null; // keeps memory bounded
      }
    },
    { rootMargin: '400px' }
  );

  const picture = (photo, alt, canvas) => {
    const image = make('img', { loading: 'lazy', alt, src: photo.picture });
    return make('span', { className: 'frame' }, image, canvas);
  };

  function toggle(card) {
    const open = card.element.classList.toggle('open');
    card.button.setAttribute('aria-expanded', open);
    card.stages.clear();
    card.panels.replaceChildren();
    for (const name of open ? card.photo.layers : []) {
      const canvas = make('canvas', { hidden: true });
      card.stages.set(name, canvas);
      card.panels.append(
        make(
          'figure',
          {},
          picture(card.photo, `${name} of ${card.photo.name}`, canvas),
          make('figcaption', { textContent: name })
        )
      );
    }
    paintCard(card);
  }

  const swatch = (label) => {
    const mark = make('span', { className: 'swatch' });
    mark.style.background = `rgb(${data.colours[label]})`;
    return make('span', { className: 'nowrap' }, mark, data.names[label]);
  };

  function makeCard(photo) {
    const canvas = make('canvas', { hidden: true });
    const button = make(
      'button',
      { type: 'button', title: 'All stages' },
      picture(photo, photo.name, canvas)
    );
    button.setAttribute('aria-expanded', false);
    const figures = [
      photo.doubt === null || !find('doubt') ? '' : `doubt ${photo.doubt.toFixed(2)}`,
      photo.score === null ? '' : `IoU ${photo.score.toFixed(1)}`,
    ].filter(Boolean);
    const panels = make('div', { className: 'panels' });
    const element = make(
      'li',
      { className: 'card' },
      button,
      make('p', { className: 'name', textContent: photo.name }),
      make('p', { className: 'facts' }, ...photo.classes.map(swatch)),
      make('p', { className: 'facts', textContent: figures.join(', ') }),
      panels
    );
    const card = { photo, element, button, canvas, panels };
    card.stages = new Map();
    button.addEventListener('click', () => toggle(card));
    cards.set(element, card);
    observer.observe(element);
    return element;
  }

  const elements = data.photos.map(makeCard);

  function choose() {
    const doubt = Number(find('doubt')?.value ?? 0);
    const shown = choosePhotos(data.photos, {
      label: Number(find('label').value),
      doubt,
      order: find('order').value,
    });
    list.replaceChildren(...shown.map((n) => elements[n]));
    if (find('doubt')) find('doubt-value').value = doubt.toFixed(2);
    find('shown').value = `${shown.length} of ${elements.length} photos`;
  }

  function setStep() {
    step = Number(find('step').value);
    const isCam = data.layers[layer] === 'cam';
    const cam = isCam ? layer : Object.keys(data.layers)[0];
    const score = data.mIoU[cam]?.[step];
    const text = data.thresholds[step].toFixed(2);
    find('step').setAttribute('aria-valuetext', text);
    find('step-value').value = text;
    find('score').value = score === undefined ? '' : score.toFixed(1);
    find('scored').hidden = score === undefined;
    find('scored-cam').textContent = cam;
    paintAll();
  }

  function setLayer() {
    layer = find('layer').value;
    if (find('step')) setStep();
    else paintAll();
  }

  const options = (id, entries) =>
    find(id).append(...entries.map(([text, value]) => new Option(text, value)));
  const count = (label) =>
    data.photos.filter((photo) => photo.classes.includes(label)).length;
  options(
    'label',
    Object.entries(data.names).map(([label, name]) => [
      `${name} (${count(Number(label))})`,
      label,
    ])
  );
  options('layer', Object.keys(data.layers).map((name) => [name, name]));
  options('layer', [['photo alone', '']]);
  for (const id of ['label', 'doubt', 'order'])
    find(id)?.addEventListener('input', choose);
  find('layer').addEventListener('input', setLayer);
  find('step')?.addEventListener('input', setStep);
  choose();
  setLayer();
}

if (typeof document === 'undefined') {
  module.exports = { camLabels, choosePhotos, inflate, layerPixels, splitPlanes };
} else {
  startGallery(JSON.parse(document.getElementById('gallery').textContent));
}
