// SPDX-License-Identifier: MIT
// What pages share: data that arrives as scripts (a page opened as a file may load nothing as JSON), numbers in words, links and files.
const site = (() => {
  const root = document.body.dataset.root, arrived = {}, waiting = {};
  const steps = {
    ns: [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]],
    bytes: [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"], [1, "B"]],
  };
  const digits = (value) => (value === 0 ? "0" : Math.abs(value) >= 1000 ? value.toFixed(0) : Number(value.toPrecision(3)).toString());
  const step = (value, unit) => (steps[unit] || [[1, ""]]).find(([size], i, all) => Math.abs(value) >= size * 0.9995 || i === all.length - 1);
  return {
    root,
    receive(name, value) {
      arrived[name] = value;
      (waiting[name] || []).forEach((done) => done(value));
      delete waiting[name];
    },
    // The data of that name, whether it is here already or is yet to come; null if there is none.
    load(name) {
      if (arrived[name]) return Promise.resolve(arrived[name]);
      return new Promise((done) => {
        (waiting[name] = waiting[name] || []).push(done);
        if (waiting[name].length > 1) return;
        const script = document.createElement("script");
        script.src = `${root}${name}.js`;
        script.onerror = () => done(null);
        document.head.append(script);
      });
    },
    all: () => Object.values(arrived),
    element(tag, content, attributes) {
      const made = document.createElement(tag);
      for (const part of [].concat(content === undefined ? [] : content)) made.append(part);
      for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
      return made;
    },
    text(value, unit) {
      if (value === null || value === undefined) return "–";
      const [size, name] = step(value, unit);
      return `${digits(value / size)} ${name}`.trim();
    },
    interval(low, high, unit, of) {
      if (low === null || high === null || low === undefined) return "";
      const [size] = step(of, unit);
      return `${digits(low / size)}–${digits(high / size)}`;
    },
    times: (value) => (value === null || value === undefined ? "–" : `${digits(value)}×`),
    contender: (cell) => cell.model + (cell.variant ? `/${cell.variant}` : ""),
    at(cell) {
      const sizes = Object.entries(cell.sizes).filter(([, value]) => value);
      return sizes.map(([name, value]) => `${name.replaceAll("_", " ")} ${value.toLocaleString("en")}`).join(", ");
    },
    key: (cell) => JSON.stringify([cell.model, cell.variant, cell.workload, Object.entries(cell.sizes).sort(), cell.link]),
    // The state of a view is its link: what a form holds stands behind #.
    state: () => new URLSearchParams(location.hash.slice(1)),
    keep(state) {
      for (const [name, value] of [...state]) if (!value) state.delete(name);
      history.replaceState(null, "", `${location.pathname}${location.search}${String(state) ? `#${state}` : ""}`);
    },
    save(name, kind, text) {
      const link = site.element("a", "", { download: `${name}.${kind}`, href: URL.createObjectURL(new Blob([text], { type: kind === "csv" ? "text/csv" : "application/json" })) });
      link.click();
      URL.revokeObjectURL(link.href);
    },
    csv(lines) {
      const one = (value) => {
        let text = value === null || value === undefined ? "" : String(value);
        if (typeof value === "string" && /^[=+\-@\t]/.test(text)) text = `'${text}`;
        return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
      };
      return lines.map((line) => line.map(one).join(",")).join("\n") + "\n";
    },
  };
})();
