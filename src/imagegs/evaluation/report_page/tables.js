// The tables of BD-rates, of each picture's files, and of costs.
const publishedTitle = (codec) => `${codec.title}, published`;

function bdCell(found) {
  if (found.mean === null) return element("td", { class: "none" }, "–");
  const few = found.is_of_means ? " of means" : found.pictures < results.pictures.length ? ` of ${found.pictures}` : "";
  const look = isEven(found.mean) ? null : found.mean < 0 ? "good" : "bad";
  return element("td", { class: look }, percent(found.mean), few && element("small", {}, few));
}

function bdTable() {
  const others = results.codecs.filter((codec) => codec.name !== reference);
  const measured = others.map((codec) => [codec.title, ...results.metrics.map((metric) => bdCell(results.bd_rates[metric.name][codec.name]))]);
  const rows = published.map((codec) => [publishedTitle(codec), ...results.metrics.map((metric) => bdCell(codec.bd_rates[metric.name]))]);
  const head = ["against", ...results.metrics.map((m) => m.title)];
  return table(head, [...measured.map((cells) => ({ cells })), ...rows.map((cells) => ({ cells, kind: "published" }))]);
}

// Where published results come from, and which of the measured pictures they have.
function publishedTable() {
  const text = (value) => element("td", { class: "text" }, value);
  const rows = published.map((codec) => {
    const cells = [codec.title, text(codec.source), codec.pictures || "means", codec.pictures ? Object.keys(codec.shared).length : "", text(codec.note)];
    return { cells };
  });
  return table(["codec", "source", "pictures", "measured too", "what is drawn"], rows);
}

function pictureTable(picture, metricName) {
  const metric = metricNamed(metricName);
  const rows = results.rows.filter((row) => row.picture === picture);
  const rates = results.setting.rates;
  const value = (codec, rate) => rows.find((row) => row.codec === codec && row.rate === rate);
  const best = Object.fromEntries(rates.map((rate) => {
    const found = rows.filter((row) => row.rate === rate && typeof row[metricName] === "number");
    const values = found.map((row) => row[metricName]);
    return [rate, metric.higher_is_better ? Math.max(...values) : Math.min(...values)];
  }));
  const cell = (row, isBest) => {
    if (!row) return element("td", { class: "none" }, "");
    if (row.error) return element("td", { class: "none", title: row.error }, "failed");
    if (!("bytes" in row)) return element("td", { class: "none" }, `needs ${number(row.bpp, 3)}`);
    const text = number(row[metricName], metric.digits);
    return element("td", { class: isBest ? "best" : null, title: `${bytes(row.bytes)}, ${number(row.bpp, 4)} bpp` }, text);
  };
  const body = results.codecs.map((codec) => {
    const single = value(codec.name, null);
    const cells = rates.map((rate) => {
      const row = value(codec.name, rate);
      return cell(row, row?.[metricName] === best[rate]);
    });
    const fixed = single ? element("td", {}, `${number(single[metricName], metric.digits)} `, element("small", {}, `at ${number(single.bpp, 2)}`)) : "";
    return { cells: [codec.title, ...cells, fixed], kind: own.has(codec.name) ? "own" : null };
  });
  return table([withUnit(metric), ...rates.map(rateText), "one rate"], body);
}

function costTable() {
  const head = ["median of a file", "encode", "CPU", "memory", "decode", "CPU", "memory", "multiply-adds a pixel"];
  const rows = results.codecs.map(({ name, title }) => {
    const cost = results.costs[name];
    const cells = [
      seconds(cost.encode_seconds), seconds(cost.encode_cpu_seconds), megabytes(cost.encode_peak_bytes),
      seconds(cost.decode_seconds), seconds(cost.decode_cpu_seconds), megabytes(cost.decode_peak_bytes),
      cost.multiply_adds ? cost.multiply_adds.toFixed(0) : "",
    ];
    return { cells: [title, ...cells], kind: own.has(name) ? "own" : null };
  });
  return table(head, rows);
}
