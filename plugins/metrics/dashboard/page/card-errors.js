/** The last requests that went wrong. */

import { card } from "./card.js";
import { el, say, set, show, sync } from "./dom.js";
import { clock, count } from "./format.js";

/** Make the card. */
export function errorsCard() {
  const list = el("ol", { class: "errors" });
  const empty = el("p", { class: "empty good" }, "No errors.");
  const { node, note } = card("Recent errors", { width: "errors-card" }, list, empty);
  return {
    node,
    update({ errors }) {
      const last = errors ?? [];
      show(empty, last.length === 0);
      note(last.length ? `the last ${count(last.length)}` : "");
      sync(list, last, (each) => `${each.at} ${each.request_id}`, errorNode, drawError);
    },
  };
}

function errorNode() {
  return el(
    "li",
    {},
    el("time", {}),
    el("b", {}),
    el("span", { class: "name" }),
    el("span", { class: "where" }),
    el("code", { class: "id" }),
  );
}

function drawError(node, { at, outcome, model, route, request_id: id }) {
  const [time, what, which, where, mark] = node.children;
  set(time, "datetime", new Date(at * 1000).toISOString());
  say(time, clock(at));
  say(what, outcome);
  say(which, model ?? "");
  set(which, "title", model);
  say(where, route ?? "");
  say(mark, id ?? "");
}
