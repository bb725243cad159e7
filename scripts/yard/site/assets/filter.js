// SPDX-License-Identifier: MIT
// Filters of tables. What is chosen stands in the link, so that the link opens the same view.
site.filter = (() => {
  const form = document.querySelector("form.filters");
  if (!form) return () => {};
  const fields = [...form.elements].filter((field) => field.name);
  const chosen = (name) => (form.elements[name] ? (form.elements[name].type === "checkbox" ? form.elements[name].checked : form.elements[name].value) : "");
  function apply() {
    const workload = chosen("w"), word = String(chosen("q")).trim().toLowerCase(), only = chosen("d");
    let shown = 0, all = 0;
    for (const body of document.querySelectorAll("table.rows tbody")) {
      const fits = !workload || body.dataset.w === workload;
      let left = 0;
      for (const row of body.querySelectorAll("tr[data-m]")) {
        all += 1;
        row.hidden = !(fits && (!word || row.dataset.m.toLowerCase().includes(word)) && (!only || "d" in row.dataset));
        left += !row.hidden;
      }
      body.hidden = !left && !!body.querySelector("tr[data-m]");
      shown += left;
    }
    form.querySelector(".count").textContent = all ? `${shown} of ${all} rows` : "";
  }
  function keep() {
    const state = new URLSearchParams();
    for (const field of fields) state.set(field.name, field.type === "checkbox" ? (field.checked ? "1" : "") : field.value);
    site.keep(state);
  }
  function restore() {
    const state = site.state();
    for (const field of fields) {
      if (field.type === "checkbox") field.checked = state.get(field.name) === "1";
      else if (field.tagName !== "SELECT" || [...field.options].some((option) => option.value === (state.get(field.name) || ""))) field.value = state.get(field.name) || (field.tagName === "SELECT" && field.options.length ? field.options[0].value : "");
    }
    apply();
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { keep(); apply(); });
  addEventListener("hashchange", () => { restore(); form.dispatchEvent(new Event("restored")); });
  restore();
  return { apply, keep, restore, form };
})();
