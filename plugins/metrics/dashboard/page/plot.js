/** A plot of one figure over the last minutes, with axes, units, and values under the pointer. */

import { el, say, set, show, svg, sync } from "./dom.js";
import { clock, compact, known } from "./format.js";
import { minutes, ticks } from "./scale.js";

const HEIGHT = 190;
const EDGE = { top: 12, right: 10, bottom: 24, left: 46 };
const GAP = 3;
const STEPS = {
  ArrowLeft: 1,
  ArrowRight: -1,
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: 30,
  PageUp: -30,
};

/**
 * Make a plot. `unit` stands above the axis, `write` formats a value with its unit, `least` is
 * the smallest top of the axis. Call `draw(points, seconds)` with `[{at, value}]`, oldest
 * first, and the time that the plot spans.
 */
export function timePlot({ label, unit, write, least = 1 }) {
  const grid = svg("g", { class: "ruler" });
  const area = svg("path", { class: "area" });
  const line = svg("path", { class: "curve" });
  const rule = svg("line", { class: "rule", y1: EDGE.top, y2: HEIGHT - EDGE.bottom });
  const dot = svg("circle", { class: "dot", r: 4 });
  const cursor = svg("g", { class: "cursor" }, rule, dot);
  const drawing = svg("svg", { height: HEIGHT, "aria-hidden": "true" }, grid, area, line, cursor);
  const tip = el("div", { class: "tip", "aria-hidden": "true", hidden: true });
  const empty = el("p", { class: "empty", hidden: true }, "Nothing measured yet.");
  const reader = el("div", {
    class: "reader",
    role: "slider",
    tabindex: "0",
    "aria-label": label,
    "aria-valuemax": 0,
    "aria-valuenow": 0,
  });
  const node = el(
    "figure",
    { class: "plot" },
    el("figcaption", { class: "unit" }, unit),
    el("div", { class: "canvas" }, drawing, reader, tip, empty),
  );

  let points = [];
  let seconds = 0;
  let width = 0;
  let scale = null;
  /** How many seconds ago the value is that is shown; `null` while none is. */
  let ago = null;

  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (now === width) return;
    width = now;
    paint();
  }).observe(node);

  reader.addEventListener("pointermove", (event) => point(event));
  reader.addEventListener("pointerdown", (event) => point(event));
  reader.addEventListener("pointerleave", (event) => {
    // A finger covers what it points at: its value stays until one touches elsewhere.
    if (event.pointerType !== "touch") read(null);
  });
  reader.addEventListener("focus", () => {
    if (ago === null && reader.matches(":focus-visible")) read(0);
  });
  reader.addEventListener("blur", () => read(null));
  reader.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (step !== undefined) read((ago ?? 0) + step);
    else if (event.key === "Home") read(seconds);
    else if (event.key === "End") read(0);
    else if (event.key === "Escape") read(null);
    else return;
    event.preventDefault();
    set(reader, "aria-valuenow", -(ago ?? 0));
    set(reader, "aria-valuetext", told());
  });

  function point(event) {
    if (!scale) return;
    const x = event.clientX - reader.getBoundingClientRect().left;
    read(scale.to - scale.time(x));
  }

  function read(wanted) {
    ago = wanted === null ? null : Math.min(seconds, Math.max(0, Math.round(wanted)));
    mark();
  }

  /** Return the point that is nearest to the time that is read. */
  function found() {
    if (ago === null || !scale) return null;
    const at = scale.to - ago;
    const near = points.reduce(
      (best, each) => (Math.abs(each.at - at) < Math.abs(best.at - at) ? each : best),
      { at: -Infinity },
    );
    return Math.abs(near.at - at) <= GAP ? near : null;
  }

  function told() {
    const near = found();
    const value = near && known(near.value) ? write(near.value) : "not measured";
    return `${value} at ${near ? clock(near.at) : `${ago} seconds ago`}`;
  }

  function mark() {
    const near = found();
    const isKnown = near !== null && known(near.value);
    set(cursor, "visibility", isKnown ? null : "hidden");
    show(tip, isKnown);
    if (!isKnown) return;
    const x = scale.x(near.at);
    const y = scale.y(near.value);
    set(rule, "x1", x);
    set(rule, "x2", x);
    set(dot, "cx", x);
    set(dot, "cy", y);
    tip.replaceChildren(el("b", {}, write(near.value)), ` ${clock(near.at)}`);
    const half = tip.offsetWidth / 2;
    tip.style.left = `${Math.min(width - half, Math.max(half, x))}px`;
  }

  function paint() {
    if (!width || !seconds) return;
    const values = points.map((each) => each.value).filter(known);
    show(empty, values.length === 0);
    const marks = ticks(Math.max(...values, 0), least);
    const to = points.at(-1)?.at ?? Date.now() / 1000;
    scale = scaled(to, seconds, marks.at(-1), width);
    set(drawing, "width", width);
    set(drawing, "viewBox", `0 0 ${width} ${HEIGHT}`);
    axes(marks);
    const runs = unbroken(points, to - seconds).map((run) =>
      run.map((each) => [scale.x(each.at), scale.y(each.value)]),
    );
    const floor = scale.y(0);
    set(line, "d", runs.map((run) => path(run)).join(""));
    set(
      area,
      "d",
      runs.map((run) => `${path(run)}L${run.at(-1)[0]},${floor}L${run[0][0]},${floor}Z`).join(""),
    );
    mark();
  }

  function axes(marks) {
    const rows = marks.map((value) => {
      const y = scale.y(value);
      return {
        key: `y${value}`,
        x1: EDGE.left,
        x2: width - EDGE.right,
        y1: y,
        y2: y,
        tx: EDGE.left - 8,
        ty: y,
        side: "end",
        text: compact(value),
      };
    });
    const columns = minutes(scale.to - seconds, scale.to, width < 360 ? 3 : 6).map((at) => {
      const x = scale.x(at);
      const base = HEIGHT - EDGE.bottom;
      return {
        key: `x${at}`,
        x1: x,
        x2: x,
        y1: base,
        y2: base + 4,
        tx: Math.min(x, width - 18),
        ty: base + 15,
        side: "middle",
        text: clock(at, false),
      };
    });
    const make = () => svg("g", {}, svg("line"), svg("text", { dy: "0.32em" }));
    sync(grid, [...rows, ...columns], (mark) => mark.key, make, placed);
  }

  return {
    node,
    draw(now, span) {
      points = now;
      if (span !== seconds) {
        seconds = span;
        const minutes = Math.round(span / 60);
        set(
          reader,
          "aria-label",
          `${label}, last ${minutes} minutes; arrow keys read single values`,
        );
        set(reader, "aria-valuemin", -span);
      }
      paint();
    },
  };
}

/** Put a mark of an axis to its place. */
function placed(node, { x1, x2, y1, y2, tx, ty, side, text }) {
  const [line, label] = node.children;
  for (const [name, value] of Object.entries({ x1, x2, y1, y2 })) set(line, name, value);
  set(label, "x", tx);
  set(label, "y", ty);
  set(label, "text-anchor", side);
  say(label, text);
}

/** Return the functions between values and places. */
function scaled(to, seconds, top, width) {
  const inner = width - EDGE.left - EDGE.right;
  const height = HEIGHT - EDGE.top - EDGE.bottom;
  const place = (value) => Math.round(value * 10) / 10;
  return {
    to,
    x: (at) => place(EDGE.left + inner * (1 - (to - at) / seconds)),
    y: (value) => place(EDGE.top + height * (1 - value / top)),
    time: (x) => to - (1 - (x - EDGE.left) / inner) * seconds,
  };
}

/** Return the runs of points since `oldest` in which no value is missing. */
function unbroken(points, oldest) {
  const runs = [];
  let last = null;
  for (const each of points) {
    if (each.at < oldest || !known(each.value)) {
      if (!known(each.value)) last = null;
      continue;
    }
    if (last === null || each.at - last.at > GAP) runs.push([]);
    runs.at(-1).push(each);
    last = each;
  }
  return runs;
}

function path(run) {
  const [[x, y]] = run;
  // A line to itself is a point.
  return `M${x},${y}${run.map(([toX, toY]) => `L${toX},${toY}`).join("")}`;
}
