/** How long answers take: percentiles, on one logarithmic axis and as figures. */

import { card, row, table } from "./card.js";
import { el, say, set, show } from "./dom.js";
import { count, duration, known } from "./format.js";
import { logarithmic } from "./scale.js";

const LEAST = 0.0001;
const MOST = 100;
const TICKS = [0.0001, 0.001, 0.01, 0.1, 1, 10, 100];
const NAMED = [0.0001, 0.01, 1, 100];
const PERCENTILES = ["p50", "p95", "p99"];
const ROWS = [
  ["first_token", "First token"],
  ["per_token", "Each token"],
  ["duration", "Whole answer"],
  ["overhead", "The router itself"],
];
const place = logarithmic(LEAST, MOST);

/** Make the card. */
export function latencyCard() {
  const figures = table(
    "Latency percentiles",
    ["", "name"],
    ["", "range-cell"],
    ...PERCENTILES.map((name) => [name, "number"]),
  );
  const axis = el("div", { class: "range-axis", "aria-hidden": "true" }, ...NAMED.map(axisMark));
  figures.node.querySelectorAll("th")[0].append(el("span", { class: "unseen" }, "Time"));
  figures.node.querySelectorAll("th")[1].append(el("span", { class: "unseen" }, "Plot"), axis);
  const rows = ROWS.map(([key, label]) => {
    const tr = row("name", "range-cell", "number", "number", "number");
    const range = rangeNode();
    say(tr.children[0], label);
    tr.children[1].append(range.node);
    figures.body.append(tr);
    return { key, tr, range };
  });
  const empty = el("p", { class: "empty" }, "No answer in the last minutes.");
  const scroll = el("div", { class: "scroll" }, figures.node);
  const { node, note } = card("Latency", { width: "wide" }, scroll, empty);
  return {
    node,
    update({ latency }) {
      const minutes = duration(latency?.window_seconds);
      note(latency?.count ? `of ${count(latency.count)} in ${minutes}` : "");
      show(empty, !latency?.count);
      show(scroll, latency?.count);
      for (const { key, tr, range } of rows) {
        const values = PERCENTILES.map((name) => latency?.[key]?.[name]);
        values.forEach((value, at) => say(tr.children[at + 2], duration(value)));
        range.draw(values);
      }
    },
  };
}

function axisMark(seconds) {
  const mark = el("span", {}, seconds < 1 ? duration(seconds) : `${seconds} s`);
  mark.style.left = `${place(seconds) * 100}%`;
  return mark;
}

/** Make the drawing of three percentiles: a line from the first to the last, a dot for each. */
function rangeNode() {
  const span = el("span", { class: "span" });
  const dots = PERCENTILES.map((name) => el("span", { class: `mark ${name}` }));
  const marks = TICKS.map((seconds) => {
    const line = el("span", { class: "tick" });
    line.style.left = `${place(seconds) * 100}%`;
    return line;
  });
  return {
    node: el("div", { class: "range", "aria-hidden": "true" }, ...marks, span, ...dots),
    draw(values) {
      const there = values.filter(known);
      show(span, there.length);
      const from = place(Math.min(...there)) * 100;
      span.style.left = `${from}%`;
      span.style.width = `${place(Math.max(...there)) * 100 - from}%`;
      dots.forEach((dot, at) => {
        show(dot, known(values[at]));
        if (!known(values[at])) return;
        dot.style.left = `${place(values[at]) * 100}%`;
        set(dot, "title", `${PERCENTILES[at]}: ${duration(values[at])}`);
      });
    },
  };
}
