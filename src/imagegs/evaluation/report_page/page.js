// Fills the page with the results.
const MEAN = "";

function curvePoints(codec, metric, picture) {
  if (picture === MEAN) {
    const points = results.means[codec].map((mean) => ({ ...mean, hollow: false }));
    const floor = results.floors[codec];
    return [...(floor ? [{ ...floor, rate: "floor", hollow: true }] : []), ...points];
  }
  const rows = results.rows.filter((row) => row.picture === picture && row.codec === codec && "bytes" in row);
  return rows.map((row) => ({ ...row, hollow: row.rate === "floor" }));
}

function publishedPoints(codec, picture) {
  const rows = picture === MEAN ? codec.means : codec.rows.filter((row) => row.picture !== null && row.picture === codec.shared[picture]);
  return rows.map((row) => ({ ...row, hollow: false }));
}

function curvesOf(metric, picture, hidden) {
  const measured = results.codecs.map((codec) => ({
    ...codec, rows: curvePoints(codec.name, metric, picture),
    own: codec.name === reference, dashes: codec.name.endsWith(HALF) ? "6 4" : null,
  }));
  const others = published.map((codec) => ({
    ...codec, title: publishedTitle(codec), rows: publishedPoints(codec, picture), own: false, dashes: "2 4", square: true,
  }));
  return [...measured, ...others].filter((codec) => !hidden.has(codec.name)).map((codec) => {
    const rows = codec.rows.filter((row) => typeof row[metric.name] === "number");
    const text = (row) => `${codec.title}, ${number(row.bpp, 3)} bpp: ${number(row[metric.name], metric.digits)} ${metric.unit}`;
    const points = rows.map((row) => ({ x: row.bpp, y: row[metric.name], hollow: row.hollow, text: text(row) }));
    points.sort((a, b) => a.x - b.x);
    return { ...codec, color: colorOf(codec.name), points };
  });
}

// Codecs whose smallest rate is far above the rates of the report. They are hidden at first, because the other curves
// would be squeezed together beside them.
function farCodecs() {
  const most = 3 * Math.max(...results.setting.rates);
  const smallest = (codec) => Math.min(...results.means[codec.name].map((mean) => mean.bpp));
  return new Set(results.codecs.filter((codec) => smallest(codec) > most && Number.isFinite(smallest(codec))).map((c) => c.name));
}

function showCurves() {
  const state = { metric: results.metrics[0].name, picture: MEAN, hidden: farCodecs() };
  const draw = () => {
    const metric = metricNamed(state.metric);
    const curves = curvesOf(metric, state.picture, state.hidden);
    at("chart").replaceChildren(chart(curves, "bits a pixel", withUnit(metric), sizeFor(at("chart"))));
  };
  const pictures = [[MEAN, `mean of ${results.pictures.length}`], ...results.pictures.map((p) => [p.name, p.name])];
  at("curve-controls").append(
    choice("metric", results.metrics.map((m) => [m.name, m.title]), (name) => { state.metric = name; draw(); }),
    choice("picture", pictures, (name) => { state.picture = name; draw(); }),
  );
  for (const codec of [...results.codecs, ...published]) {
    const isPublished = published.includes(codec);
    const button = element("button", { "aria-pressed": !state.hidden.has(codec.name), onclick: () => {
      const shown = state.hidden.delete(codec.name) || !state.hidden.add(codec.name);
      button.setAttribute("aria-pressed", shown);
      draw();
    } }, element("i", { class: isPublished ? "dashed" : null, style: `color:${colorOf(codec.name)}` }), isPublished ? publishedTitle(codec) : codec.title);
    at("legend").append(button);
  }
  at("curve-note").textContent = "A mean is drawn only at rates at which the codec has a file of every picture; a hollow circle is the mean of its smallest files. Sizes are those of whole files." + (published.length ? " Dotted curves with squares were not measured here: they are published." : "");
  addEventListener("resize", draw);
  draw();
}

function showPictures() {
  const state = { picture: results.pictures[0]?.name, metric: results.metrics[0].name };
  const draw = () => at("picture-table").replaceChildren(pictureTable(state.picture, state.metric));
  at("picture-controls").append(
    choice("picture", results.pictures.map((p) => [p.name, `${p.name}, ${p.width} × ${p.height}`]), (name) => { state.picture = name; draw(); }),
    choice("metric", results.metrics.map((m) => [m.name, m.title]), (name) => { state.metric = name; draw(); }),
  );
  draw();
}

function showText() {
  const { pictures, codecs, setting, machine, missing } = results;
  const side = setting.side ? `, the longer side at most ${setting.side} pixels` : "";
  const what = pictures.length ? `${pictures.length} pictures${side}, ${codecs.length} codecs, ` : "";
  at("about").textContent = `imagegs ${results.imagegs}; ${what}effort ${setting.effort}. ${machine}.`;
  const reasons = Object.values(missing);
  at("missing").hidden = reasons.length === 0;
  at("missing").append(...reasons.map((reason) => element("li", {}, `Left out: ${reason}`)));
  at("bd-note").textContent = `The mean size of ${titles[reference]} against each codec's at equal quality (BD-rate), over the qualities that both reach: −30 % is 30 % smaller. "of n": only n of ${pictures.length} pictures have such qualities.${published.length ? ' "of means": of the curves of means, where a table has no pictures.' : ""}`;
  at("cost-note").textContent = "One thread each; several files may have been made at a time. Encoding of imagegs is the whole command, with its search for the size; of the others one file of the quality found. Memory is what the call adds, of imagegs' encoder all of its process.";
  for (const codec of codecs) at("settings").append(element("dt", {}, codec.title), element("dd", {}, [codec.settings, codec.version].filter(Boolean).join("; ")));
}

showText();
const measured = results.pictures.length && results.codecs.length && results.metrics.length;
for (const id of ["curves", "bd", "pictures", "costs", "how"]) at(id).hidden = !measured;
if (measured) {
  showCurves();
  at("bd-table").append(bdTable());
  at("published").hidden = !published.length;
  at("published-table").append(publishedTable());
  showPictures();
  at("cost-table").append(costTable());
  showCrops();
}
showSystem();
