// SPDX-License-Identifier: MIT
// A cell's lines over time, one a machine, with the interval of each point. Lines of two machines are never joined.
(() => {
  const form = document.querySelector("form.controls"), canvas = document.getElementById("chart"), lines = [];
  const dark = () => matchMedia("(prefers-color-scheme: dark)").matches;
  const colours = () => (dark() ? ["#5ab0ee", "#f0a840", "#35c99a", "#ff8a62", "#e090d0", "#d8c84a", "#a79cff"] : ["#0068a8", "#aa6200", "#00795a", "#c43c12", "#96408a", "#7d6e00", "#5a4fcf"]);
  let chart = null;
  const fields = ["k", "r", "m"].map((name) => form.elements[name]);
  function restore() {
    const state = site.state();
    for (const field of fields) if ([...field.options].some((option) => option.value === state.get(field.name))) field.value = state.get(field.name);
  }
  function keep() {
    const state = new URLSearchParams();
    fields.forEach((field) => state.set(field.name, field.value));
    site.keep(state);
  }
  const shift = () => (form.elements.r.value === "ratio" ? 3 : 0);
  function sets() {
    const own = lines.filter((line) => !form.elements.m.value || line.machine === form.elements.m.value);
    return own.flatMap((line, i) => {
      const all = line.metrics[form.elements.k.value];
      if (!all) return [];
      const colour = colours()[lines.indexOf(line) % colours().length], by = shift();
      const points = (column) => line.utc.map((x, n) => ({ x, y: all[column][n], revision: line.revision[n], low: all[by + 1][n], high: all[by + 2][n] }));
      const base = { borderColor: colour, backgroundColor: `${colour}2e`, spanGaps: true, pointRadius: 0, borderWidth: 0 };
      return [
        { ...base, label: line.machine, data: points(by), borderWidth: 1.5, pointRadius: 2, pointBackgroundColor: colour },
        { ...base, label: `${line.machine} low`, data: points(by + 1), band: true },
        { ...base, label: `${line.machine} high`, data: points(by + 2), band: true, fill: "-1" },
      ];
    });
  }
  function draw() {
    const found = sets(), main = found.filter((set) => !set.band), unit = shift() ? "" : site.units[form.elements.k.value];
    const count = main.reduce((sum, set) => sum + set.data.filter((point) => point.y !== null).length, 0);
    document.getElementById("told").textContent = count ? `${count} points on ${main.length} machine${main.length === 1 ? "" : "s"}; bands are 95 % intervals.` : "Nothing to draw: no floor was measured beside it.";
    if (!canvas || !window.Chart) return;
    if (chart) chart.destroy();
    const ink = getComputedStyle(document.body).color, labels = [...new Set(lines.flatMap((line) => line.utc))].sort();
    const text = (value) => (shift() ? site.times(value) : site.text(value, unit));
    chart = new Chart(canvas, {
      type: "line", data: { labels, datasets: found },
      options: {
        animation: false, responsive: true, maintainAspectRatio: false, interaction: { mode: "nearest", intersect: false },
        scales: { x: { ticks: { color: ink, maxTicksLimit: 8 }, grid: { display: false } }, y: { ticks: { color: ink, callback: text }, title: { display: true, color: ink, text: shift() ? "times the floor" : site.labels[form.elements.k.value] } } },
        plugins: {
          legend: { labels: { color: ink, filter: (item) => !found[item.datasetIndex].band } },
          tooltip: { filter: (item) => !item.dataset.band, callbacks: { label: (item) => `${item.dataset.label}: ${text(item.raw.y)}${item.raw.low === null ? "" : ` [${text(item.raw.low)}, ${text(item.raw.high)}]`} at ${item.raw.revision}` } },
        },
      },
    });
  }
  const receive = site.receive;
  site.receive = (name, value) => { receive(name, value); lines.push(value); };
  site.lines = () => [["machine", "run", "utc", "revision", "verdict", "metric", "value", "low", "high", "times_floor", "floor_low", "floor_high"],
    ...lines.flatMap((line) => Object.entries(line.metrics).flatMap(([metric, all]) => line.runs.map((run, n) => [line.machine, run, line.utc[n], line.revision[n], line.verdict[n], metric, ...all.map((column) => column[n])])))];
  document.querySelector("[data-save=csv]").addEventListener("click", () => site.save(document.title, "csv", site.csv(site.lines())));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { keep(); draw(); });
  addEventListener("hashchange", () => { restore(); draw(); });
  addEventListener("load", () => { restore(); draw(); });
})();
