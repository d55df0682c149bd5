/** What guards have decided, and what limits have refused. */

import { card, facts, row, table, write } from "./card.js";
import { el, show, sync } from "./dom.js";
import { count } from "./format.js";

/** Make the card. */
export function guardsCard() {
  const decisions = table("Decisions", ["Guard", "name"], ["Action", "name"], ["Count", "number"]);
  const empty = el("p", { class: "empty" }, "No guard had to act.");
  const limits = facts(["refused", "Refused by limits"]);
  const scroll = el("div", { class: "scroll" }, decisions.node);
  const { node } = card(
    "Guardrails",
    { width: "guards-card", note: "since the start" },
    scroll,
    empty,
    limits.node,
  );
  return {
    node,
    update({ guardrails, limits: counted }) {
      const made = [...(guardrails ?? [])].sort((one, other) => other.count - one.count);
      show(empty, made.length === 0);
      show(scroll, made.length > 0);
      sync(
        decisions.body,
        made,
        (each) => `${each.guard} ${each.action}`,
        () => row("name", "name", "number"),
        (tr, each) => write(tr, each.guard, each.action, count(each.count)),
      );
      limits.set({ refused: count(counted?.refused) });
    },
  };
}
