// A chart of curves over a logarithmic axis, such as the rate. A curve is { name, title, color, own, dashes, square, points },
// where points are [{ x, y, hollow, text }], drawn as squares or as circles.
const WIDE = { width: 880, height: 420, left: 58, right: 16, top: 14, bottom: 44 };
const NARROW = { width: 400, height: 330, left: 50, right: 10, top: 12, bottom: 42 }; // for a phone, where the text stays legible
const sizeFor = (place) => (place.clientWidth < 560 ? NARROW : WIDE);

function scales(curves, size, logarithmicY) {
  const points = curves.flatMap((curve) => curve.points);
  const xs = points.map((p) => p.x), ys = points.map((p) => p.y);
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  const up = logarithmicY ? Math.log : (value) => value, back = logarithmicY ? Math.exp : (value) => value;
  const margin = 0.06 * (up(Math.max(...ys)) - up(Math.min(...ys)) || 1);
  const [bottom, top] = [up(Math.min(...ys)) - margin, up(Math.max(...ys)) + margin];
  const span = Math.log(high) - Math.log(low) || 1;
  const x = (value) => size.left + ((Math.log(value) - Math.log(low)) / span) * (size.width - size.left - size.right);
  const y = (value) => size.height - size.bottom - ((up(value) - bottom) / (top - bottom)) * (size.height - size.top - size.bottom);
  const ticks = (logarithmicY ? logTicks : linearTicks)(back(bottom), back(top));
  return { x, y, low, high, ticks };
}

function logTicks(low, high) {
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const step of [1, 2, 5]) found.push(Number((step * 10 ** power).toPrecision(3)));
  return found.filter((value) => value >= low * 0.999 && value <= high * 1.001);
}

function linearTicks(low, high) {
  const rough = (high - low) / 6, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough);
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) found.push(Number(value.toPrecision(6)));
  return found;
}

function axes(scale, size, xTitle, yTitle) {
  const parts = [];
  const floor = size.height - size.bottom;
  let last = -Infinity; // labels keep apart
  for (const value of logTicks(scale.low, scale.high)) {
    const x = scale.x(value);
    if (x - last < 34) continue;
    last = x;
    parts.push(element("svg:line", { class: "grid", x1: x, x2: x, y1: size.top, y2: floor }));
    parts.push(element("svg:text", { x, y: floor + 18, "text-anchor": "middle" }, value.toLocaleString("en")));
  }
  for (const value of scale.ticks) {
    const y = scale.y(value);
    parts.push(element("svg:line", { class: "grid", x1: size.left, x2: size.width - size.right, y1: y, y2: y }));
    parts.push(element("svg:text", { x: size.left - 8, y: y + 4, "text-anchor": "end" }, value.toLocaleString("en")));
  }
  const middle = (size.left + size.width - size.right) / 2;
  parts.push(element("svg:text", { x: middle, y: size.height - 4, "text-anchor": "middle" }, xTitle));
  parts.push(element("svg:text", { x: 14, y: size.height / 2, "text-anchor": "middle", transform: `rotate(-90 14 ${size.height / 2})` }, yTitle));
  return parts;
}

function drawCurve(curve, scale) {
  const solid = curve.points.filter((p) => !p.hollow);
  const path = solid.map((p, i) => `${i ? "L" : "M"}${scale.x(p.x).toFixed(1)} ${scale.y(p.y).toFixed(1)}`).join("");
  const group = element("svg:g", { class: `codec${curve.own ? " own" : ""}`, "data-name": curve.name });
  if (solid.length > 1) group.append(element("svg:path", { class: "curve", d: path, stroke: curve.color, "stroke-dasharray": curve.dashes ?? null }));
  for (const p of curve.points) {
    const look = p.hollow ? { fill: "var(--card)", stroke: curve.color, "stroke-width": 2 } : { fill: curve.color };
    const x = scale.x(p.x), y = scale.y(p.y), r = solid.length === 1 && !p.hollow ? 5 : 4;
    const mark = curve.square ? ["svg:rect", { x: x - r, y: y - r, width: 2 * r, height: 2 * r }] : ["svg:circle", { cx: x, cy: y, r }];
    group.append(element(mark[0], { ...mark[1], ...look }, element("svg:title", {}, p.text)));
  }
  const focus = (on) => () => {
    group.ownerSVGElement.classList.toggle("focused", on);
    group.classList.toggle("focus", on);
  };
  group.addEventListener("pointerenter", focus(true));
  group.addEventListener("pointerleave", focus(false));
  return group;
}

function chart(curves, xTitle, yTitle, size, logarithmicY = false) {
  const shown = curves.filter((curve) => curve.points.length);
  if (!shown.length) return element("p", { class: "note" }, "No points.");
  const scale = scales(shown, size, logarithmicY);
  const label = `${yTitle} over ${xTitle}: ${shown.map((c) => c.title).join(", ")}`;
  const own = [...shown].sort((a, b) => Boolean(a.own) - Boolean(b.own)); // ours on top
  return element(
    "svg:svg", { viewBox: `0 0 ${size.width} ${size.height}`, role: "img", "aria-label": label },
    ...axes(scale, size, xTitle, yTitle), ...own.map((curve) => drawCurve(curve, scale)),
  );
}
