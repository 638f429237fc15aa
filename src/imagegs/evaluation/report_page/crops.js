// The comparison of two files: their crops lie over each other with a divider, or their errors against the original.
const ORIGINAL = "original";

function cropRow(state, codec) {
  const of = results.rows.filter((row) => row.picture === state.picture && row.codec === codec && row.crop);
  return of.find((row) => String(row.rate) === state.rate) ?? of.find((row) => row.rate === null) ?? of.find((row) => row.rate === "floor");
}

function loadImage(url) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = reject;
    image.src = url;
  });
}

async function paintSide(canvas, state, codec) {
  const row = codec === ORIGINAL ? null : cropRow(state, codec);
  const image = await loadImage(row ? results.images[row.crop] : results.originals[state.picture]);
  [canvas.width, canvas.height] = [image.width, image.height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  if (state.errors) await paintErrors(context, state);
}

async function paintErrors(context, state) {
  const { width, height } = context.canvas;
  const picture = context.getImageData(0, 0, width, height);
  const other = new OffscreenCanvas(width, height).getContext("2d");
  other.drawImage(await loadImage(results.originals[state.picture]), 0, 0);
  const original = other.getImageData(0, 0, width, height);
  for (let i = 0; i < picture.data.length; i++) {
    if (i % 4 === 3) continue; // alpha
    picture.data[i] = 128 + state.gain * (picture.data[i] - original.data[i]);
  }
  context.putImageData(picture, 0, 0);
}

function caption(state, codec) {
  if (codec === ORIGINAL) return element("div", {}, element("b", {}, "original"));
  const row = cropRow(state, codec);
  if (!row) return element("div", {}, element("b", {}, titles[codec]), element("span", {}, "no such file"));
  const quality = results.metrics.map((m) => `${m.title} ${number(row[m.name], m.digits)}`).join(" · ");
  const which = row.rate === "floor" ? " (its smallest)" : "";
  const size = `${bytes(row.bytes)}, ${number(row.bpp, 3)} bpp${which}`;
  return element("div", {}, element("b", {}, `${titles[codec]}: ${size}`), element("span", {}, quality));
}

function draggable(frame, state, update) {
  const move = (event) => {
    const box = frame.getBoundingClientRect();
    state.split = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    update();
  };
  frame.addEventListener("pointerdown", (event) => { frame.setPointerCapture(event.pointerId); move(event); });
  frame.addEventListener("pointermove", (event) => { if (event.buttons || event.pointerType === "mouse") move(event); });
  frame.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.05, ArrowRight: 0.05 }[event.key];
    if (!step) return;
    event.preventDefault();
    state.split = Math.min(Math.max(state.split + step, 0), 1);
    update();
  });
}

async function drawComparison(state) {
  const [left, right] = [document.createElement("canvas"), document.createElement("canvas")];
  try {
    await Promise.all([paintSide(left, state, state.left), paintSide(right, state, state.right)]);
  } catch {
    at("comparison").replaceChildren(element("p", { class: "note" }, "This codec has no file of that size."));
    return;
  }
  const divider = element("div", { class: "divider" });
  const frame = element("div", { class: "frame", tabindex: 0, role: "slider", "aria-label": "divider", "aria-valuemin": 0, "aria-valuemax": 100 }, left, right, divider);
  const update = () => {
    right.style.clipPath = `inset(0 0 0 ${100 * state.split}%)`;
    divider.style.left = `calc(${100 * state.split}% - 1px)`;
    frame.setAttribute("aria-valuenow", Math.round(100 * state.split));
  };
  draggable(frame, state, update);
  update();
  const captions = element("div", { class: "captions" }, caption(state, state.left), caption(state, state.right));
  at("comparison").replaceChildren(frame, captions);
}

function showCrops() {
  const pictures = Object.keys(results.originals);
  if (!pictures.length || !results.codecs.length) return;
  at("crops").hidden = false;
  const rates = results.setting.rates.map(String);
  const codecs = [[ORIGINAL, "original"], ...results.codecs.map((c) => [c.name, c.title])];
  const other = results.codecs.find((c) => c.name === "avif") ?? results.codecs[1];
  const state = {
    picture: pictures[0], rate: rates[Math.floor((rates.length - 1) / 2)], left: reference,
    right: other?.name ?? ORIGINAL, errors: false, gain: 4, split: 0.5,
  };
  const set = (name) => (value) => { state[name] = value; drawComparison(state); };
  const errors = element("button", { "aria-pressed": false, onclick: () => {
    state.errors = !state.errors;
    errors.setAttribute("aria-pressed", state.errors);
    drawComparison(state);
  } }, "errors × 4");
  at("crop-controls").append(
    choice("picture", pictures.map((name) => [name, name]), set("picture"), state.picture),
    choice("at", rates.map((rate) => [rate, `${rate} bpp`]), set("rate"), state.rate),
    choice("left", codecs, set("left"), state.left), choice("right", codecs, set("right"), state.right), errors,
  );
  drawComparison(state);
}
