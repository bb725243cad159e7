/* SPDX-License-Identifier: MIT */
/* Rules of WCAG 2.1 AA that a script can check, by hand because Debian has no package of axe-core. Returns what
   breaks them, one line each. */
const broken = [];
const where = (e) => `${e.tagName.toLowerCase()}${e.id ? `#${e.id}` : ""}${e.className && e.className.baseVal === undefined ? `.${String(e.className).split(" ").join(".")}` : ""} "${(e.textContent || "").trim().slice(0, 40)}"`;
const visible = (e) => { const box = e.getBoundingClientRect(); return box.width > 0 && box.height > 0 && getComputedStyle(e).visibility !== "hidden"; };
const all = (selector) => [...document.querySelectorAll(selector)];

if (!document.documentElement.lang) broken.push("html has no lang");
if (!document.title) broken.push("no title");
if (all("main").length !== 1) broken.push("there must be one main");
const ids = all("[id]").map((e) => e.id);
ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => broken.push(`id twice: ${id}`));
for (const e of all("select, input, textarea")) if (!e.labels.length && !e.getAttribute("aria-label")) broken.push(`no label: ${where(e)}`);
for (const e of all("button, a[href], summary")) if (!(e.textContent.trim() || e.getAttribute("aria-label"))) broken.push(`no name: ${where(e)}`);
for (const e of all("svg, canvas, img")) if (e.getAttribute("aria-hidden") !== "true" && !(e.getAttribute("role") === "img" && e.getAttribute("aria-label")) && !e.alt) broken.push(`picture without words: ${where(e)}`);
for (const e of all("[aria-describedby], [aria-labelledby]")) for (const name of ["aria-describedby", "aria-labelledby"]) for (const id of (e.getAttribute(name) || "").split(" ").filter(Boolean)) if (!document.getElementById(id)) broken.push(`${name} names nothing: ${id}`);
for (const e of all("a[href^='#']")) { const id = e.getAttribute("href").slice(1).split("?")[0]; if (!document.getElementById(id)) broken.push(`link to nowhere: #${id}`); }
for (const e of all("thead th, tbody th")) if (e.textContent.trim() && !e.scope) broken.push(`header without scope: ${where(e)}`);
for (const e of all("[role]")) if (!["img", "status", "region", "group"].includes(e.getAttribute("role"))) broken.push(`unknown role: ${where(e)}`);
let level = 0;
for (const e of all("h1, h2, h3, h4, h5, h6").filter(visible)) { const now = Number(e.tagName[1]); if (now > level + 1) broken.push(`heading jumps from ${level} to ${now}: ${where(e)}`); level = now; }
for (const e of all("select, button, input:not([type=checkbox]):not([type=radio])").filter(visible)) if (e.getBoundingClientRect().height < 24) broken.push(`target smaller than 24 px: ${where(e)}`);

const parse = (text) => { const n = (text.match(/[\d.]+/g) || []).map(Number), size = text.startsWith("color(") ? 255 : 1; return { rgb: n.slice(0, 3).map((v) => v * size), a: n.length > 3 ? n[3] : 1 }; };
const over = (top, below) => top.rgb.map((v, i) => v * top.a + below[i] * (1 - top.a));
function background(e) {
  const layers = [];
  for (let at = e; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
  return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
}
const light = (rgb) => { const [r, g, b] = rgb.map((v) => { const c = v / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const seen = new Set();
for (const e of all("body *")) {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  if (!own || !visible(e) || e.disabled || ["SCRIPT", "STYLE", "OPTION", "TITLE"].includes(e.tagName)) continue;
  const style = getComputedStyle(e), inSvg = e.namespaceURI.includes("svg");
  const behind = background(inSvg ? e.closest("svg").parentElement : e);
  let colour = parse(inSvg ? style.fill : style.color);
  for (let at = e; at; at = at.parentElement) colour.a *= Number(getComputedStyle(at).opacity);
  const [a, b] = [light(over(colour, behind)), light(behind)].sort((m, n) => n - m);
  const ratio = (a + 0.05) / (b + 0.05), size = parseFloat(style.fontSize), least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
  const key = `${style.color} ${inSvg ? style.fill : ""} ${behind.map(Math.round)}`;
  if (ratio < least && !seen.has(key)) { seen.add(key); broken.push(`contrast ${ratio.toFixed(2)} < ${least}: ${where(e)} (${key})`); }
}
return broken;
