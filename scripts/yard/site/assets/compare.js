// SPDX-License-Identifier: MIT
// Two runs laid beside each other: what separates them, then each cell with the change of its ratio to the floor, and an interval.
(() => {
  const form = site.filter.form, table = document.getElementById("table");
  let now = null, wanted = "";
  // Of the quotient of two numbers with intervals: no narrower than what both allow together.
  function change(a, b) {
    if (a[3] === null || b[3] === null) return null;
    const value = b[3] / a[3] - 1;
    return [a[4], a[5], b[4], b[5]].includes(null) ? [value, null, null] : [value, b[4] / a[5] - 1, b[5] / a[4] - 1];
  }
  const percent = (value) => `${value > 0 ? "+" : ""}${(100 * value).toFixed(1)} %`;
  function words(found) {
    if (!found) return "no ratio: no floor beside it";
    if (found[1] === null) return "too few rounds for an interval";
    return found[1] > 0 ? "costs more" : found[2] < 0 ? "costs less" : "not separated";
  }
  function facts(a, b) {
    const names = [...new Set([...Object.keys(a.facts), ...Object.keys(b.facts)])];
    const rows = [["machine", a.machine, b.machine], ["when", a.utc, b.utc], ["preset", a.preset, b.preset], ["rounds", a.rounds, b.rounds], ...names.map((name) => [name, a.facts[name], b.facts[name]])];
    return rows.filter(([, one, two]) => String(one) !== String(two));
  }
  function compared(a, b) {
    const others = new Map(b.cells.map((cell) => [site.key(cell), cell]));
    const rows = [], alone = [];
    for (const cell of a.cells) {
      const other = others.get(site.key(cell));
      if (!other) { alone.push(`${site.contender(cell)} ${cell.workload}`); continue; }
      others.delete(site.key(cell));
      const metric = form.elements.k.value || (cell.headline === other.headline ? cell.headline : "cpu_per_unit_ns");
      const one = cell.metrics[metric], two = other.metrics[metric];
      rows.push({ cell, other, metric, one, two, change: one && two ? change(one, two) : undefined });
    }
    return { rows, alone: [...alone, ...[...others.values()].map((cell) => `${site.contender(cell)} ${cell.workload}`)] };
  }
  function side(n, unit) {
    if (!n) return "–";
    return [n[3] === null ? site.text(n[0], unit) : site.times(n[3]), site.element("small", n[3] === null ? site.interval(n[1], n[2], unit, n[0]) : site.interval(n[4], n[5], "", n[3]))];
  }
  function row(found) {
    const { cell, other, metric, one, two } = found, unit = site.units[metric], by = found.change;
    const void_ = [cell, other].filter((own) => !own.metrics[metric]).map((own) => own.verdict.replaceAll("_", " "));
    const word = cell.model === "floor" ? "the floor itself" : by === undefined ? (void_.join(", ") || "no value") : words(by);
    const moved = by ? [percent(by[0]), site.element("small", by[1] === null ? "" : `${percent(by[1])} to ${percent(by[2])}`)] : "–";
    const made = site.element("tr", [
      site.element("th", site.contender(cell), { scope: "row" }), site.element("td", site.labels[metric] || metric),
      site.element("td", side(one, unit), { class: "number" }), site.element("td", side(two, unit), { class: "number" }),
      site.element("td", moved, { class: "number" }), site.element("td", word),
    ], { "data-m": site.contender(cell) });
    if (word.startsWith("costs")) made.dataset.d = "";
    return made;
  }
  function draw() {
    const [a, b] = now, { rows, alone } = compared(a, b), points = new Map();
    const differing = facts(a, b);
    document.getElementById("separates").replaceChildren(differing.length ? site.element("div", site.element("table", [
      site.element("thead", site.element("tr", ["", "first", "second"].map((name) => site.element("th", name, { scope: "col" })))),
      site.element("tbody", differing.map(([name, one, two]) => site.element("tr", [site.element("th", name, { scope: "row" }), site.element("td", String(one), { class: "wrap" }), site.element("td", String(two), { class: "wrap" })])))]), { class: "scroll" }) : site.element("p", "Nothing that was recorded."));
    for (const found of rows) {
      const at = `${found.cell.workload} ${site.at(found.cell)}`;
      if (!points.has(at)) points.set(at, site.element("tbody", site.element("tr", site.element("th", [`${found.cell.workload} `, site.element("small", site.at(found.cell))], { scope: "rowgroup", colspan: 6 }), { class: "point" }), { "data-w": found.cell.workload }));
      points.get(at).append(row(found));
    }
    table.replaceChildren(site.element("thead", site.element("tr", ["contender", "metric", "first", "second", "change", "so"].map((name) => site.element("th", name, { scope: "col" })))), ...points.values());
    const link = a.facts.link === b.facts.link ? "" : ` They went over different links (${a.facts.link} and ${b.facts.link}), which are never compared.`;
    document.getElementById("alone").textContent = (alone.length ? `In one of the two alone, and so not compared: ${alone.length} cells, such as ${alone[0]}.` : "") + (rows.length ? "" : " No cell is in both.") + link;
    site.filter.apply();
  }
  function options(select, names, label) {
    const kept = site.state().get(select.name) || "";
    while (select.options.length > 1) select.remove(1);
    select.append(...names.map((name) => site.element("option", label(name), { value: name })));
    select.value = names.includes(kept) ? kept : "";
  }
  async function load() {
    const pair = [form.elements.a.value, form.elements.b.value];
    if (!pair[0] || !pair[1]) return;
    wanted = pair.join();
    const found = await Promise.all(pair.map((slug) => site.load(`run/${slug}`)));
    if (wanted !== pair.join()) return;
    if (found.includes(null)) { document.getElementById("separates").replaceChildren(site.element("p", "The data of a run is missing from this site.", { class: "warning" })); return; }
    now = found;
    const cells = found.flatMap((run) => run.cells);
    options(form.elements.k, [...new Set(cells.flatMap((cell) => Object.keys(cell.metrics)))], (name) => site.labels[name] || name);
    options(form.elements.w, [...new Set(cells.map((cell) => cell.workload))], (name) => name);
    site.filter.keep();
    draw();
  }
  const flat = () => compared(...now).rows.map(({ cell, metric, one, two, change: by }) => ({
    workload: cell.workload, sizes: site.at(cell), contender: site.contender(cell), metric, first: one ? one[3] : null, second: two ? two[3] : null,
    change: by ? by[0] : null, low: by ? by[1] : null, high: by ? by[2] : null, so: by === undefined ? "no value" : words(by) }));
  site.compared = () => (now ? flat() : null);
  for (const button of document.querySelectorAll("[data-save]")) button.addEventListener("click", () => {
    if (!now) return;
    const rows = flat(), names = Object.keys(rows[0] || {});
    site.save("compare", button.dataset.save, button.dataset.save === "json" ? JSON.stringify({ schema: 1, runs: now.map((run) => run.slug), rows }) : site.csv([names, ...rows.map((own) => names.map((name) => own[name]))]));
  });
  for (const name of ["a", "b"]) form.elements[name].addEventListener("change", load);
  form.elements.k.addEventListener("change", () => now && draw());
  form.addEventListener("restored", load);
  load();
})();
