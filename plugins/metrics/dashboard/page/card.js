/** The frame that all cards have in common. */

import { el, say, set } from "./dom.js";

let made = 0;

/** Make a card; `width` is a class of layout.css. */
export function card(title, { width = "", note = "" } = {}, ...body) {
  made += 1;
  const id = `card-${made}`;
  const aside = el("p", { class: "aside" }, note);
  const head = el("header", {}, el("h3", { id }, title), aside);
  const node = el("section", { class: `card ${width}`, "aria-labelledby": id }, head, ...body);
  return { node, note: (text) => say(aside, text) };
}

/** Make the large figure of a card, with its unit; `set(value, unit)`. */
export function big(label, unit = "") {
  const value = el("b", {}, "–");
  const small = el("span", { class: "of" }, unit);
  const node = el("p", { class: "big" }, el("span", { class: "label" }, label), value, " ", small);
  return {
    node,
    set(text, of = unit) {
      say(value, text);
      say(small, of);
    },
  };
}

/** Make a list of named figures: `facts(["running", "Running"], …)`; `set({running: "3"})`. */
export function facts(...names) {
  const values = new Map();
  const rows = names.map(([key, label]) => {
    const value = el("dd", {}, "–");
    values.set(key, value);
    return el("div", {}, el("dt", {}, label), value);
  });
  return {
    node: el("dl", { class: "facts" }, ...rows),
    set(texts) {
      for (const [key, text] of Object.entries(texts)) say(values.get(key), text);
    },
  };
}

/** Make a table; `rows` are to be put into `body`. Numbers stand at the right. */
export function table(caption, ...columns) {
  const body = el("tbody");
  const heads = columns.map(([text, look]) => el("th", { scope: "col", class: look }, text));
  const node = el(
    "table",
    {},
    el("caption", { class: "unseen" }, caption),
    el("thead", {}, el("tr", {}, ...heads)),
    body,
  );
  return { node, body };
}

/** Make a row of a table: its first cell names it. */
export function row(...looks) {
  const cells = looks.map((look, at) =>
    el(at ? "td" : "th", { scope: at ? null : "row", class: look }),
  );
  return el("tr", {}, ...cells);
}

/** Write texts into the cells of a row. */
export function write(tr, ...texts) {
  texts.forEach((text, at) => {
    const cell = tr.children[at];
    say(cell, text);
    set(cell, "title", cell.classList.contains("name") ? text : null);
  });
}
