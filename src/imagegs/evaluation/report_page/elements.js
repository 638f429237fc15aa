// The results, and functions by which all parts of the page write them.
const results = JSON.parse(at("results").textContent);
const own = new Set(results.codecs.filter((c) => /^(imagegs|paper)/.test(c.name)).map((c) => c.name));
const titles = Object.fromEntries([...results.codecs, ...results.metrics].map((each) => [each.name, each.title]));
const reference = results.codecs[0]?.name;
const HALF = "-half"; // the end of the name of a codec at half size: its curve has the codec's color, but is broken
const published = results.published ?? []; // codecs of tables that others measured
const families = [...new Set([...results.codecs, ...published].map((codec) => codec.name.replace(HALF, "")))];
const colorOf = (name) => `var(--c${families.indexOf(name.replace(HALF, "")) % 12})`;

// A labelled choice among [value, text] pairs.
function choice(label, pairs, onchange, chosen) {
  const options = pairs.map(([value, text]) => element("option", { value, selected: value === chosen }, text));
  const made = element("select", { onchange: (event) => onchange(event.target.value) }, ...options);
  return element("label", {}, label, made);
}

const number = (value, digits) => (value === null || value === undefined ? "–" : value.toFixed(digits));
const isEven = (share) => Math.abs(100 * share) < 0.05; // rounds to 0.0 %
const percent = (share) => `${isEven(share) ? "" : share > 0 ? "+" : "−"}${Math.abs(100 * share).toFixed(1)} %`;
const bytes = (n) => (n < 10000 ? `${n.toLocaleString("en")} B` : `${(n / 1024).toFixed(1)} KiB`);
const megabytes = (n) => (n === null || n === undefined ? "–" : `${(n / 1048576).toFixed(n < 1e7 ? 1 : 0)} MiB`);
const withUnit = (metric) => (metric.unit ? `${metric.title}, ${metric.unit}` : metric.title);
const metricNamed = (name) => results.metrics.find((metric) => metric.name === name);
const rateText = (rate) => (rate === null ? "one rate" : rate === "floor" ? "smallest" : `${rate} bpp`);

function seconds(value) {
  if (value === null || value === undefined) return "–";
  return value < 0.1 ? `${(1000 * value).toFixed(1)} ms` : value < 10 ? `${value.toFixed(2)} s` : `${value.toFixed(1)} s`;
}

function table(head, rows) {
  const cell = (value) => (value instanceof Element ? value : element("td", {}, String(value)));
  const body = rows.map(({ cells, kind }) => element("tr", { class: kind ?? null }, ...cells.map(cell)));
  const titlesRow = element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text)));
  return element("table", {}, element("thead", {}, titlesRow), element("tbody", {}, ...body));
}
