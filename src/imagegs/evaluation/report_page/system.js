// Charts of how long imagegs takes on the machine, by pixels and by Gaussians, if the report has them.
const SMALL = { width: 420, height: 280, left: 52, right: 12, top: 12, bottom: 42 };

function systemCurves(rows, x, y, group) {
  const names = [...new Set(rows.map((row) => row[group]))];
  return names.map((name, i) => ({
    name, title: String(name), color: `var(--c${i})`, own: false,
    points: rows.filter((row) => row[group] === name && row[y] !== null)
      .map((row) => ({ x: row[x], y: row[y], text: `${name}: ${row[x].toLocaleString("en")}, ${row[y].toPrecision(3)}` })),
  }));
}

function showSystem() {
  if (!results.system) return;
  at("system").hidden = false;
  const made = results.system.charts.map((each) => {
    const curves = systemCurves(each.rows, "x", "y", "series");
    const keys = curves.map((c) => element("span", { style: `color:${c.color}` }, `● ${c.title} `));
    return element("div", {}, element("h3", {}, each.title), chart(curves, each.x_title, each.y_title, SMALL, true), element("p", { class: "note" }, ...keys));
  });
  at("system-charts").append(element("div", { class: "charts" }, ...made));
}
