/* Elements from plain values. Whatever comes from data is text, never HTML. */

/** An element with attributes, handlers (`on…`) and children; strings become text. */
function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (name === "style") for (const [what, how] of Object.entries(value)) made.style.setProperty(what, how);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) made.append(child);
  }
  return made;
}

/** Whether what lies beside this page can be reached from it: not where MLflow shows it, at the address of a blob. */
const beside = ["file:", "http:", "https:"].includes(location.protocol);

/** A button that says what it does to those who cannot see its sign. */
const button = (shown, title, press, more = {}) =>
  el("button", { type: "button", title, "aria-label": title, onclick: press, ...more }, shown);

const RESTS_MS = 300;

/** Once a place has come into sight and stays there: not while one scrolls past it, never where a browser cannot tell. */
function whenSeen(place, act) {
  if (!globalThis.IntersectionObserver) return;
  let rests = null;
  const eye = new IntersectionObserver((seen) => {
    clearTimeout(rests);
    if (seen.at(-1).isIntersecting) rests = setTimeout(() => { eye.disconnect(); if (place.isConnected) act(); }, RESTS_MS);
  });
  eye.observe(place);
}

/* Signs that no font need have. */
const SIGNS = {
  play: "M4 2v12l10-6z", pause: "M3 2h4v12H3zM9 2h4v12H9z", back: "M12 2v12L4 8z", on: "M4 2v12l8-6zM12 2h2v12h-2z",
  seamBack: "M2 2h2v12H2zM14 2v12L5 8z", seamOn: "M12 2h2v12h-2zM2 2v12l9-6z", close: "M3 4l1-1 9 9-1 1zM12 3l1 1-9 9-1-1z",
  sound: "M2 6h3l4-4v12l-4-4H2zM11 5q3 3 0 6l1 1q4-4 0-8z", swap: "M5 1v3h9v2H5v3L1 5zM11 7v3H2v2h9v3l4-4z",
  save: "M7 1h2v6h3l-4 4-4-4h3zM2 12h1v2h10v-2h1v3H2z", sides: "M1 2h6v12H1zM9 2h6v12H9z",
  open: "M7 1h2v7h3l-4 4-4-4h3zM2 13h12v2H2z", theme: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM8 2.5a5.5 5.5 0 0 1 0 11z",
};

/** One of the signs, as wide as a letter. */
function sign(name) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  made.setAttribute("viewBox", "0 0 16 16");
  made.setAttribute("aria-hidden", "true");
  path.setAttribute("fill-rule", "evenodd");
  path.setAttribute("d", SIGNS[name]);
  made.append(path);
  return made;
}

/** A list to choose from. `options` are [value, text]. */
const choice = (label, options, chosen, change) =>
  el("label", {}, `${label} `, el("select", { "aria-label": label, onchange: (event) => change(event.target.value) },
    options.map(([value, text]) => el("option", { value, selected: String(value) === String(chosen) }, text))));

/** A name that may be broken after each / and _, and nowhere else. */
const soft = (name) => String(name).split(/(?<=[/_])/).flatMap((part, at) => (at ? [el("wbr"), part] : [part]));

/** A table out of rows of text; the first row is its head. */
const table = (rows, kind = "") => el("div", { class: "wide" }, el("table", { class: kind },
  el("thead", {}, el("tr", {}, rows[0].map((text) => el("th", { scope: "col" }, soft(text))))),
  el("tbody", {}, rows.slice(1).map((row) => el("tr", {}, row.map((cell, at) => el(at ? "td" : "th",
    at ? {} : { scope: "row" }, Array.isArray(cell) ? cell.map((line) => el("div", {}, line)) : at ? cell : soft(cell))))))));

/** A part of the page that can be folded away. */
const section = (id, title, ...children) =>
  el("section", { id, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), ...children);

/** Half an interval: one digit, two of 1…. */
const rough = (value) => String(+value.toPrecision(/^0*\.?0*1/.test(String(value)) ? 2 : 1));

/** A figure as short as it is meant. */
const figure = (value) => (value === null || value === undefined ? "–" : String(+value.toPrecision(3)));
