/* SPDX-License-Identifier: MIT */
/* The interactive charts of a report. State is what the controls show; it lives in the address as well, so that a
   view can be sent to someone. Everything drawn comes from #explore-data, which Python computed. */
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("explore-data").textContent);
  const $ = (id) => document.getElementById(id);
  const canvas = $("explore-canvas");
  const fieldNames = ["w", "m", "x", "at"];
  const shapes = ["circle", "rect", "triangle", "rectRot"];
  const dashes = [[], [7, 4], [2, 3], [9, 3, 2, 3]];
  const state = { w: "", m: "", x: "", at: "", off: new Set(), logx: null, logy: null, zoom: null };
  let chart = null, printing = false, cursor = null;

  const steps = (unit) => data.units[unit] || data.units.count;
  const step = (value, unit) => steps(unit).find(([size]) => Math.abs(value) >= size * 0.9995) || steps(unit).at(-1);
  function digits(value) {
    if (value === 0) return "0";
    const places = 2 - Math.floor(Math.log10(Math.abs(Number(value.toPrecision(3)))) + 1e-9);
    return value.toFixed(Math.min(Math.max(0, places), 4));
  }
  function text(value, unit) {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    if (unit === "count" && (Math.abs(value) >= 100 || Number.isInteger(value))) return value.toFixed(0);
    const [size, name] = step(value, unit);
    return `${digits(value / size)} ${name}`.trim();
  }
  function interval(value, low, high, unit) {
    if (low === null || high === null) return "too few rounds for an interval";
    const size = step(value, unit)[0];
    return `[${digits(low / size)}, ${digits(high / size)}]`;
  }

  const workload = () => data.workloads.find((w) => w.name === state.w) || data.workloads[0];
  const metric = () => data.metrics[state.m];
  const contender = (number) => data.contenders[number];
  /* The other sizes that must be held so that no two points have the same x: often none. */
  function heldFields(w, x) {
    const names = [];
    for (const field of [null, ...w.fields.filter((f) => f !== x)]) {
      if (field) names.push(field);
      if (new Set(w.points.map((p) => [x, ...names].map((f) => p.sizes[f]).join())).size === w.points.length) break;
    }
    return names;
  }
  const held = (point, w, x) => heldFields(w, x).map((f) => `${f} ${point.sizes[f]}`).join(", ");
  /* Along a metric the points of a curve still need an order: that of the size which is varied. */
  const along = (w) => (w.fields.includes(state.x) ? state.x : w.fields.includes("rate_per_s") ? "rate_per_s" : w.fields[0]);

  function options(select, entries, chosen) {
    select.replaceChildren(...entries.map(([value, label]) => new Option(label, value, false, value === chosen)));
    select.disabled = entries.length < 2;
    return entries.some(([value]) => value === chosen) ? chosen : (entries[0] || [""])[0];
  }

  function fillControls() {
    state.w = options($("explore-w"), data.workloads.map((w) => [w.name, w.name]), state.w);
    const w = workload();
    state.m = options($("explore-m"), w.metrics.map((m) => [m, data.metrics[m].label]), state.m);
    const curved = w.points.some((p) => Object.keys(p.curves).length);
    const xs = [...w.fields.map((f) => [f, f]), ["models", "models, side by side"]];
    if (curved) xs.push(["percentile", "percentile of operations"]);
    if (w.points.length > 1) w.metrics.filter((m) => m !== state.m).forEach((m) => xs.push([`metric:${m}`, `against: ${data.metrics[m].label}`]));
    state.x = options($("explore-x"), xs, state.x);
    const single = state.x === "models" || state.x === "percentile";
    const places = single ? w.points.map((p, i) => [String(i), p.label]) : [...new Set(w.points.map((p) => held(p, w, along(w))))].map((h) => [h, h || "all points"]);
    state.at = options($("explore-at"), places, state.at);
    $("explore-at").value = state.at;
    $("explore-m").disabled = state.x === "percentile" || w.metrics.length < 2;
  }

  /* One entry a contender that has something here: {number, points: [{x, y, low, high, mark, what}]}. */
  function series() {
    const w = workload(), found = [];
    data.contenders.forEach((who, number) => {
      let points = [];
      if (state.x === "percentile") {
        const curve = w.points[Number(state.at)].curves[number];
        if (curve) points = curve[1].map((y, i) => ({ x: (curve[0] * i) / (curve[1].length - 1), y, low: null, high: null, mark: "", curve: true }));
      } else {
        const row = (w.values[state.m] || {})[number] || [];
        const other = state.x.startsWith("metric:") ? (w.values[state.x.slice(7)] || {})[number] || [] : null;
        w.points.forEach((point, i) => {
          if (!row[i]) return;
          const mark = (w.marks[number] || [])[i] || "";
          const value = { y: row[i][0], low: row[i][1], high: row[i][2], mark, label: point.label };
          if (state.x === "models") { if (String(i) === state.at) points.push({ ...value, x: number }); return; }
          if (held(point, w, along(w)) !== state.at) return;
          if (other && !other[i]) return;
          points.push({ ...value, x: other ? other[i][0] : point.sizes[state.x], order: point.sizes[along(w)] });
        });
        points.sort((a, b) => (a.order ?? a.x) - (b.order ?? b.x));
      }
      if (points.length) found.push({ number, who, points });
    });
    return found;
  }

  /* Paper is white whatever the screen is, and the event comes before the print style applies. */
  const paper = { "--ink": "#000", "--quiet": "#444", "--rule": "#ccc", "--paper": "#fff" };
  const style = (name) => printing ? paper[name] || data.light[Number(name.slice(3))] : getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const shown = (all) => all.filter((s) => !state.off.has(s.who.name));
  const wide = (values) => { const good = values.filter((v) => v > 0); return good.length === values.length && good.length > 1 && Math.max(...good) / Math.min(...good) > 12; };

  const whiskers = {
    id: "whiskers",
    afterDatasetsDraw(c) {
      const { ctx } = c;
      c.data.datasets.forEach((set, number) => c.getDatasetMeta(number).data.forEach((element, i) => {
        const raw = set.raw[i];
        if (raw.low === null || raw.high === null || raw.curve) return;
        const across = c.options.indexAxis === "y", scale = across ? c.scales.x : c.scales.y;
        const a = scale.getPixelForValue(raw.low), b = scale.getPixelForValue(raw.high), at = across ? element.y : element.x;
        ctx.save(); ctx.beginPath();
        ctx.rect(c.chartArea.left, c.chartArea.top, c.chartArea.width, c.chartArea.height); ctx.clip(); ctx.beginPath();
        ctx.strokeStyle = across ? style("--ink") : set.borderColor; ctx.lineWidth = 1.5;
        for (const [from, to] of [[[a, at], [b, at]], [[a, at - 4], [a, at + 4]], [[b, at - 4], [b, at + 4]]]) {
          ctx.moveTo(...(across ? from : [from[1], from[0]])); ctx.lineTo(...(across ? to : [to[1], to[0]]));
        }
        ctx.stroke(); ctx.restore();
      }));
    },
  };
  const names = {
    id: "names",
    afterDatasetsDraw(c) {
      if (c.options.indexAxis === "y" || c.width < 640) return;
      const { ctx, chartArea } = c;
      const ends = c.data.datasets.map((set, i) => [set, c.getDatasetMeta(i).data.at(-1)]).filter(([, e]) => e && e.y >= chartArea.top - 1 && e.y <= chartArea.bottom + 1).sort((a, b) => a[1].y - b[1].y);
      const gap = Math.min(14, chartArea.height / Math.max(1, ends.length));
      let last = chartArea.top - gap, places = ends.map(([, e]) => (last = Math.max(e.y, last + gap))), limit = chartArea.bottom + gap;
      for (let i = places.length - 1; i >= 0; i -= 1) places[i] = limit = Math.min(places[i], limit - gap);
      ctx.save(); ctx.font = "600 11.5px system-ui, sans-serif"; ctx.textBaseline = "middle";
      ends.forEach(([set, e], i) => {
        ctx.strokeStyle = ctx.fillStyle = set.borderColor; ctx.lineWidth = 0.7; ctx.beginPath();
        ctx.moveTo(Math.min(e.x + 5, chartArea.right), e.y); ctx.lineTo(chartArea.right + 6, places[i]); ctx.stroke();
        ctx.fillText(set.label.length > 24 ? `${set.label.slice(0, 23)}…` : set.label, chartArea.right + 9, places[i]);
      });
      ctx.restore();
    },
  };

  const percentile = (nines) => `${Number((100 * (1 - 10 ** -nines)).toFixed(Math.max(nines < 1 ? 0 : 1, Math.ceil(nines - 1.001))))}`;
  const xUnit = () => (state.x.startsWith("metric:") ? data.metrics[state.x.slice(7)].unit : "plain");
  const xText = (x) => (state.x === "models" ? contender(x).name : state.x === "percentile" ? `${percentile(x)} %` : xUnit() === "plain" ? `${state.x} ${x}` : text(x, xUnit()));
  const yUnit = () => (state.x === "percentile" ? "ns" : metric().unit);
  const sentence = (s, p) => `${s.who.name}, ${state.x === "models" ? p.label : xText(p.x)}: ${text(p.y, yUnit())}${p.curve ? "" : ` ${interval(p.y, p.low, p.high, yUnit())}`}${p.mark ? ` (${p.mark})` : ""}`;
  const axisTitle = (m, unit) => `${m.label}${unit === "units/s" ? `, ${workload().unit}s per second` : unit === "ns" ? ", time" : unit === "bytes" ? ", bytes" : unit === "share" ? ", %" : unit === "count" ? ", number" : ""}${m.better ? ` (${m.better})` : ""}`;

  function axis(title, logarithmic, tick, size, zoom) {
    return {
      type: logarithmic ? "logarithmic" : "linear", min: zoom?.[0], max: zoom?.[1], beginAtZero: !logarithmic && !zoom,
      title: { display: true, text: title + (logarithmic ? ", logarithmic" : ""), color: style("--ink"), font: { size } },
      grid: { color: style("--rule") },
      ticks: { color: style("--quiet"), font: { size: size - 0.5 }, maxTicksLimit: 9, callback: tick },
    };
  }

  function draw() {
    const all = series(), on = shown(all), w = workload(), bars = state.x === "models";
    const xs = on.flatMap((s) => s.points.map((p) => p.x)), ys = on.flatMap((s) => s.points.map((p) => p.y));
    const logY = state.logy ?? (wide(ys) && !bars), logX = state.logx ?? (wide(xs) && state.x !== "percentile");
    $("explore-logy").checked = logY; $("explore-logx").checked = logX && !bars;
    $("explore-logx").disabled = bars || state.x === "percentile";
    const small = canvas.parentElement.clientWidth < 640, size = small ? 11 : 12;
    const label = state.x === "percentile" ? "Latency, time (less is better)" : axisTitle(metric(), yUnit());
    const yTick = (v) => { if (logY) { const m = v / 10 ** Math.floor(Math.log10(v) + 1e-9); if (![1, 2, 5].includes(Math.round(m * 100) / 100)) return null; } return yUnit() === "count" ? String(v) : text(v, yUnit()); };
    const xTick = (v) => { if (state.x === "percentile") return percentile(v); if (logX) { const m = v / 10 ** Math.floor(Math.log10(v) + 1e-9); if (![1, 2, 5].includes(Math.round(m * 100) / 100)) return null; } return xUnit() === "plain" ? String(v) : text(v, xUnit()); };
    const xTitle = state.x === "percentile" ? "percentile of operations, %; each step ten times rarer" : state.x.startsWith("metric:") ? axisTitle(data.metrics[state.x.slice(7)], xUnit()) : `${state.x} (number)`;
    const sorted = bars ? [...on].sort((a, b) => (metric().better.startsWith("more") ? b.points[0].y - a.points[0].y : a.points[0].y - b.points[0].y)) : on;
    const colour = (s) => style(`--c${s.who.colour}`);
    const datasets = bars
      ? [{ label: metric().label, data: sorted.map((s) => s.points[0].y), raw: sorted.map((s) => s.points[0]), backgroundColor: sorted.map((s) => `${colour(s)}${s.points[0].mark ? "55" : "b0"}`), borderColor: sorted.map(colour), borderWidth: 1, maxBarThickness: 26 }]
      : sorted.map((s) => ({ label: s.who.name, data: s.points.map((p) => ({ x: p.x, y: p.y })), raw: s.points, showLine: true, borderColor: colour(s), backgroundColor: s.points.map((p) => (p.mark ? style("--paper") : colour(s))), borderDash: dashes[s.who.variant % 4], pointStyle: shapes[s.who.variant % 4], pointRadius: s.points[0].curve ? 0 : 4, pointHoverRadius: 6, pointHitRadius: 8, borderWidth: 2, tension: 0 }));
    const value = axis(label, logY, yTick, size, state.zoom?.y);
    const scales = bars
      ? { x: value, y: { grid: { display: false }, ticks: { color: style("--ink"), font: { size }, autoSkip: false } } }
      : { x: axis(xTitle, logX, xTick, size, state.zoom?.x), y: value };
    const furthest = Math.max(0, ...ys, ...on.flatMap((s) => s.points.map((p) => p.high ?? 0)));
    if (!logY && !state.zoom) value.suggestedMax = furthest * 1.03;
    if (logY && !state.zoom) { value.min = Math.min(...on.flatMap((s) => s.points.map((p) => p.low || p.y)).filter((v) => v > 0)) / 1.15; value.max = furthest * 1.15; }
    if (state.x === "percentile") { scales.x.max = state.zoom?.x?.[1] ?? Math.max(0.3, ...xs); scales.x.afterBuildTicks = (a) => { a.ticks = [0, Math.log10(2), 1, 2, 3, 4, 5].filter((v) => v >= a.min && v <= a.max).map((v) => ({ value: v })); }; }
    if (!bars && !logX && xs.length && !state.zoom) scales.x.beginAtZero = state.x === "percentile";
    if (!bars && logX && xs.length && !state.zoom) { scales.x.min = Math.min(...xs) / 1.08; scales.x.max = Math.max(...xs) * 1.08; }
    const config = {
      type: bars ? "bar" : "scatter",
      data: { labels: bars ? sorted.map((s) => s.who.name) : undefined, datasets },
      plugins: [whiskers, names],
      options: {
        animation: false, responsive: true, maintainAspectRatio: false, indexAxis: bars ? "y" : "x", scales,
        layout: { padding: { right: bars || small ? 12 : 172, top: 6 } },
        interaction: { mode: "nearest", intersect: false, axis: "xy" },
        plugins: { legend: { display: false }, tooltip: { displayColors: false, callbacks: {
          title: (items) => (bars ? w.points[Number(state.at)].label : items.length ? xText(items[0].raw.x) : ""),
          label: (item) => { const s = bars ? sorted[item.dataIndex] : sorted[item.datasetIndex]; const p = item.dataset.raw[item.dataIndex]; return [s.who.name, `${text(p.y, yUnit())} ${p.curve ? "" : interval(p.y, p.low, p.high, yUnit())}`, ...(p.mark ? [p.mark] : [])]; },
        } } },
      },
    };
    chart?.destroy();
    canvas.parentElement.style.height = bars ? `${Math.max(180, 34 * sorted.length + 70)}px` : "";
    chart = new Chart(canvas, config);
    chart.sentences = bars ? [sorted.map((s) => sentence(s, s.points[0]))] : sorted.map((s) => s.points.map((p) => sentence(s, p)));
    cursor = null;
    describe(on, all, w, label);
  }

  function describe(on, all, w, label) {
    const point = state.x === "models" || state.x === "percentile" ? w.points[Number(state.at)] : w.points[0];
    const where = state.x === "models" || state.x === "percentile" ? point.label : state.at;
    const what = `${state.x === "percentile" ? "Latency" : metric().label} of ${w.name}${where ? `, ${where}` : ""}`;
    $("explore-title").textContent = what;
    $("explore-note").textContent = `${Math.max(...w.points.map((p) => p.rounds))} rounds; whiskers are 95 % intervals; hollow marks carry a caveat. ${on.length} of ${all.length} series shown.`;
    $("explore-command").textContent = point.command;
    canvas.setAttribute("aria-label", `${what}; ${on.length} series: ${on.map((s) => s.who.name).join(", ")}. The same numbers are in the table below.`);
    const head = document.createElement("tr"), body = document.createElement("tbody");
    for (const name of ["model", state.x === "models" ? "point" : state.x.replace("metric:", "").replaceAll("_", " "), label, "95 % interval", "caveat"]) { const th = document.createElement("th"); th.scope = "col"; th.textContent = name; head.append(th); }
    for (const s of on) for (const p of s.points.filter((q, i) => !q.curve || i % 8 === 0 || i === s.points.length - 1)) {
      const row = body.insertRow(), th = document.createElement("th");
      th.scope = "row"; th.textContent = s.who.name; row.append(th);
      for (const cell of [state.x === "models" ? p.label : xText(p.x), text(p.y, yUnit()), p.curve ? "–" : interval(p.y, p.low, p.high, yUnit()), p.mark || "–"]) row.insertCell().textContent = cell;
    }
    const thead = document.createElement("thead"); thead.append(head);
    $("explore-table").replaceChildren(thead, body);
  }

  function legend() {
    const all = series(), wanted = $("explore-filter").value.trim().toLowerCase();
    $("explore-series").replaceChildren(...all.filter((s) => s.who.name.toLowerCase().includes(wanted)).map((s) => {
      const box = document.createElement("input"), line = document.createElement("i"), tag = document.createElement("label");
      box.type = "checkbox"; box.checked = !state.off.has(s.who.name); box.value = s.who.name;
      box.addEventListener("change", () => { if (box.checked) state.off.delete(s.who.name); else state.off.add(s.who.name); state.zoom = null; draw(); remember(); });
      line.className = `key s${s.who.colour}`; tag.append(box, line, s.who.name);
      return tag;
    }));
    if (!$("explore-series").children.length) $("explore-series").textContent = "no series of that name here";
  }

  /* Once for all changes of a moment: browsers refuse more than a few addresses a second. */
  let due = 0;
  function remember() {
    clearTimeout(due);
    due = setTimeout(write, 0);
  }
  function write() {
    const out = new URLSearchParams();
    fieldNames.forEach((name) => { if (state[name]) out.set(name, state[name]); });
    if (state.off.size) out.set("off", [...state.off].join(","));
    for (const name of ["logx", "logy"]) if (state[name] !== null) out.set(name, state[name] ? "1" : "0");
    if (state.zoom) out.set("zoom", [...(state.zoom.x || ["", ""]), ...state.zoom.y].map((v) => (v === "" ? "" : Number(v.toPrecision(5)))).join(","));
    try { history.replaceState(null, "", `#explore?${out}`); } catch { /* a page without an address of its own */ }
  }
  function recall() {
    if (!location.hash.startsWith("#explore?")) return false;
    const given = new URLSearchParams(location.hash.slice(9));
    fieldNames.forEach((name) => { state[name] = given.get(name) || ""; });
    state.off = new Set((given.get("off") || "").split(",").filter(Boolean));
    for (const name of ["logx", "logy"]) state[name] = given.has(name) ? given.get(name) === "1" : null;
    const z = (given.get("zoom") || "").split(",").map((v) => (v === "" ? NaN : Number(v)));
    state.zoom = z.length === 4 && z.slice(2).every(Number.isFinite) ? { x: Number.isFinite(z[0]) ? [z[0], z[1]] : undefined, y: [z[2], z[3]] } : null;
    return true;
  }
  function refresh(keep) { fillControls(); legend(); draw(); if (!keep) remember(); }

  function zoom(factor) {
    const part = (scale) => { const [a, b] = scale.type === "logarithmic" ? [Math.log(scale.min), Math.log(scale.max)] : [scale.min, scale.max]; const middle = (a + b) / 2, half = ((b - a) / 2) * factor; const ends = [middle - half, middle + half]; return scale.type === "logarithmic" ? ends.map(Math.exp) : ends; };
    state.zoom = state.x === "models" ? { y: part(chart.scales.x) } : { x: part(chart.scales.x), y: part(chart.scales.y) };
    draw(); remember();
  }
  function unzoom() { state.zoom = null; draw(); remember(); }

  let from = null;
  const band = $("explore-band");
  canvas.addEventListener("pointerdown", (e) => { if (e.pointerType === "mouse" && e.button === 0) from = [e.offsetX, e.offsetY]; });
  canvas.addEventListener("pointermove", (e) => {
    if (!from) return;
    const x = [from[0], e.offsetX].sort((a, b) => a - b), y = [from[1], e.offsetY].sort((a, b) => a - b);
    Object.assign(band.style, { display: "block", left: `${x[0]}px`, width: `${x[1] - x[0]}px`, top: `${y[0]}px`, height: `${y[1] - y[0]}px` });
  });
  window.addEventListener("pointerup", (e) => {
    if (!from) return;
    const box = canvas.getBoundingClientRect(), to = [e.clientX - box.left, e.clientY - box.top], start = from;
    from = null; band.style.display = "none";
    if (Math.abs(to[0] - start[0]) < 12 || Math.abs(to[1] - start[1]) < 12) return;
    const part = (scale, a, b) => [a, b].map((v) => scale.getValueForPixel(v)).sort((m, n) => m - n);
    state.zoom = state.x === "models" ? { y: part(chart.scales.x, start[0], to[0]) } : { x: part(chart.scales.x, start[0], to[0]), y: part(chart.scales.y, start[1], to[1]) };
    draw(); remember();
  });
  canvas.addEventListener("keydown", (e) => {
    const sets = chart.sentences;
    if (e.key === "+" || e.key === "=") zoom(0.7);
    else if (e.key === "-") zoom(1 / 0.7);
    else if (e.key === "0" || e.key === "Escape") unzoom();
    else if (e.key.startsWith("Arrow") && sets.length) {
      const bars = state.x === "models", at = cursor || [0, -1];
      let [set, i] = at;
      if (bars) i += e.key === "ArrowDown" || e.key === "ArrowRight" ? 1 : -1;
      else if (e.key === "ArrowRight" || e.key === "ArrowLeft") i += e.key === "ArrowRight" ? 1 : -1;
      else { set += e.key === "ArrowDown" ? 1 : -1; i = Math.max(i, 0); }
      set = (set + sets.length) % sets.length; i = Math.min(Math.max(i, 0), sets[set].length - 1);
      cursor = [set, i];
      const element = chart.getDatasetMeta(set).data[i], active = [{ datasetIndex: set, index: i }];
      chart.setActiveElements(active); chart.tooltip.setActiveElements(active, { x: element.x, y: element.y }); chart.update("none");
      $("explore-live").textContent = sets[set][i];
    } else return;
    e.preventDefault();
  });

  fieldNames.forEach((name) => $(`explore-${name}`).addEventListener("change", (e) => { state[name] = e.target.value; state.zoom = state.logx = state.logy = null; refresh(); }));
  for (const name of ["logx", "logy"]) $(`explore-${name}`).addEventListener("change", (e) => { state[name] = e.target.checked; state.zoom = null; draw(); remember(); });
  $("explore-filter").addEventListener("input", legend);
  $("explore-all").addEventListener("click", () => { state.off.clear(); legend(); draw(); remember(); });
  $("explore-none").addEventListener("click", () => { const wanted = [...$("explore-series").querySelectorAll("input")].map((b) => b.value); series().forEach((s) => { if (wanted.includes(s.who.name)) state.off.add(s.who.name); }); legend(); draw(); remember(); });
  $("explore-in").addEventListener("click", () => zoom(0.7));
  $("explore-out").addEventListener("click", () => zoom(1 / 0.7));
  $("explore-reset").addEventListener("click", unzoom);
  $("explore-link").addEventListener("click", async () => {
    clearTimeout(due); write();
    try { await navigator.clipboard.writeText(location.href); $("explore-live").textContent = "The address of this view was copied."; }
    catch { $("explore-live").textContent = `The address of this view: ${location.href}`; }
  });
  window.addEventListener("hashchange", () => { if (recall()) { refresh(true); $("explore").scrollIntoView(); } });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());
  window.addEventListener("beforeprint", () => { printing = true; draw(); });
  window.addEventListener("afterprint", () => { printing = false; draw(); });
  let width = 0;
  new ResizeObserver(() => { const now = canvas.parentElement.clientWidth < 640; if (width !== now) { width = now; draw(); } }).observe(canvas.parentElement);

  if (recall()) requestAnimationFrame(() => $("explore").scrollIntoView());
  refresh(true);
})();
