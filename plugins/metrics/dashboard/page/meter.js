/** One bar of parts that make up a whole, with an axis and a legend. */

import { el, say, set, sync } from "./dom.js";
import { ticks } from "./scale.js";

/**
 * Make a bar. `draw(parts, total, write, marks)`: parts are `{key, name, value, look}`, where
 * `look` is a class of card.css; `write` formats a value; `marks` are the axis' values.
 */
export function meter(label) {
  const bar = el("div", { class: "bar" });
  const axis = el("div", { class: "axis", "aria-hidden": "true" });
  const node = el("div", { class: "meter", role: "img" }, bar, axis);
  return {
    node,
    draw(parts, total, write, marks = []) {
      const share = (value) => `${Math.min(100, Math.max(0, (100 * value) / (total || 1)))}%`;
      const texts = parts.map((part) => `${part.name} ${write(part.value)}`);
      set(node, "aria-label", `${label}: ${texts.join(", ")} of ${write(total)}`);
      sync(
        bar,
        parts.filter((part) => part.value > 0),
        (part) => part.key,
        () => el("span"),
        (span, part) => {
          set(span, "class", part.look);
          set(span, "title", `${part.name}: ${write(part.value)}`);
          span.style.width = share(part.value);
        },
      );
      sync(
        axis,
        marks,
        (mark) => mark,
        () => el("span"),
        (span, mark) => {
          say(span, write(mark));
          span.style.left = share(mark);
        },
      );
    },
  };
}

/** Return round marks from 0 to `total`, in steps of `unit`s. */
export function marksTo(total, unit, most = 4) {
  const steps = ticks(total / unit, 1, most).map((mark) => mark * unit);
  return steps.filter((mark) => mark <= total * 1.001);
}
