/** Who is served, who waits, and for how long. */

import { big, card, facts } from "./card.js";
import { el, say, set, show, sync } from "./dom.js";
import { count, duration, known } from "./format.js";

const MOST = 6;
const HIDDEN = "somebody";

/** Make the card. */
export function queueCard() {
  const running = big("Running");
  const waiting = big("Waiting");
  const more = facts(["total", "Since the start"], ["errors", "Of them failed"]);
  const empty = el("p", { class: "empty" }, "No model is busy.");
  const lines = el("div", { class: "lines" });
  const figures = el("div", { class: "pair" }, running.node, waiting.node);
  const { node } = card("Requests", {}, figures, more.node, lines, empty);
  return {
    node,
    update({ requests, queue }) {
      running.set(count(requests?.running));
      waiting.set(count(requests?.waiting));
      more.set({ total: count(requests?.total), errors: count(requests?.errors_total) });
      const busy = queue ?? [];
      show(empty, busy.length === 0 && !requests?.running);
      sync(lines, busy, (line) => line.model, lineNode, drawLine);
    },
  };
}

function lineNode() {
  return el(
    "section",
    { class: "line" },
    el("h4", {}),
    el("ul", { class: "turns", "aria-label": "Served" }),
    el("ol", { class: "turns places", "aria-label": "Waiting" }),
    el("p", { class: "hint" }),
  );
}

function drawLine(node, line) {
  const [title, served, places, rest] = node.children;
  const running = line.running ?? [];
  const next = line.next ?? [];
  say(title, line.model || "Other models");
  show(served, running.length);
  sync(
    served,
    running.slice(0, MOST),
    (_, at) => at,
    turnNode,
    (turn, each) => {
      drawTurn(turn, "▸", caller(each), `for ${duration(each.seconds)}`);
    },
  );
  show(places, next.length);
  sync(
    places,
    next.slice(0, MOST),
    (each) => each.position,
    turnNode,
    (turn, each) => {
      const left = known(each.eta) ? `, about ${duration(each.eta)} to go` : "";
      drawTurn(
        turn,
        each.position,
        caller(each),
        `waits for ${duration(each.waited ?? each.seconds)}${left}`,
      );
    },
  );
  const hidden = (line.waiting ?? next.length) - Math.min(next.length, MOST);
  show(rest, hidden > 0);
  say(rest, `and ${count(hidden)} more`);
}

function turnNode() {
  return el(
    "li",
    {},
    el("span", { class: "place" }),
    el("span", { class: "name" }),
    el("span", { class: "how" }),
  );
}

function drawTurn(node, place, name, how) {
  const [first, second, third] = node.children;
  say(first, place);
  say(second, name);
  set(second, "title", name === HIDDEN ? null : name);
  say(third, how);
}

function caller(turn) {
  return turn.caller ?? turn.key ?? HIDDEN;
}
