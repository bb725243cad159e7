// SPDX-License-Identifier: MIT
// The table of one run, drawn from its summary.
site.receiveRun = (run) => {
  const form = site.filter.form, table = document.getElementById("table"), units = site.units || {};
  const metrics = [...new Set(run.cells.flatMap((cell) => Object.keys(cell.metrics)))];
  const choose = form.elements.k;
  choose.append(site.element("option", "headline of each cell", { value: "" }), ...metrics.map((name) => site.element("option", site.labels[name] || name, { value: name })));
  const workloads = [...new Set(run.cells.map((cell) => cell.workload))];
  form.elements.w.append(...workloads.map((name) => site.element("option", name)));
  function draw() {
    const head = site.element("thead", site.element("tr", ["contender", "metric", "value", "times the floor", "verdict"].map((name) => site.element("th", name, { scope: "col" }))));
    const bodies = [], points = new Map();
    for (const cell of run.cells) {
      const at = `${cell.workload} ${site.at(cell)}`;
      if (!points.has(at)) {
        const body = site.element("tbody", site.element("tr", site.element("th", [`${cell.workload} `, site.element("small", site.at(cell))], { scope: "rowgroup", colspan: 5 }), { class: "point" }), { "data-w": cell.workload });
        points.set(at, body);
        bodies.push(body);
      }
      const metric = choose.value || cell.headline, n = cell.metrics[metric], unit = units[metric];
      points.get(at).append(site.element("tr", [
        site.element("th", site.contender(cell), { scope: "row" }),
        site.element("td", site.labels[metric] || metric),
        site.element("td", n ? [site.text(n[0], unit), site.element("small", site.interval(n[1], n[2], unit, n[0]))] : "–", { class: "number" }),
        site.element("td", n && n[3] !== null ? [site.times(n[3]), site.element("small", site.interval(n[4], n[5], "", n[3]))] : "–", { class: "number" }),
        site.element("td", [cell.verdict === "ok" ? "" : cell.verdict.replaceAll("_", " "), site.element("small", cell.reason)], { class: "wrap" }),
      ], { "data-m": site.contender(cell) }));
    }
    table.replaceChildren(head, ...bodies);
    site.filter.apply();
  }
  const lines = () => [["workload", "sizes", "contender", "verdict", "metric", "value", "low", "high", "times_floor", "floor_low", "floor_high"],
    ...run.cells.flatMap((cell) => Object.entries(cell.metrics).map(([metric, n]) => [cell.workload, site.at(cell), site.contender(cell), cell.verdict, metric, ...n]))];
  document.querySelector("[data-save=csv]").addEventListener("click", () => site.save(run.slug, "csv", site.csv(lines())));
  site.lines = lines;
  choose.addEventListener("change", draw);
  form.addEventListener("restored", draw);
  site.filter.restore();
  draw();
};
{
  const receive = site.receive;
  site.receive = (name, value) => { receive(name, value); if (name.startsWith("run/")) site.receiveRun(value); };
}
