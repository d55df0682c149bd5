/** What today cost, what the cache saved, and what it would have cost elsewhere. */

import { big, card, facts } from "./card.js";
import { el, say, show } from "./dom.js";
import { energy, known, mass, money } from "./format.js";

/** Make the card. */
export function costCard() {
  const today = big("Electricity");
  const more = facts(["saved", "Cache saved"], ["wh", "Energy"], ["grams", "CO₂"]);
  const here = comparison("Here");
  const cloud = comparison("At cloud prices");
  const versus = el("div", { class: "versus" }, here.node, cloud.node);
  const { node } = card("Cost", { note: "today" }, today.node, more.node, versus);
  return {
    node,
    update({ cost, power }) {
      const currency = cost?.currency ?? "";
      const own = cost?.money_today ?? power?.money_today;
      const there = cost?.cloud_today;
      today.set(money(own, currency));
      more.set({
        saved: money(cost?.saved_today, currency),
        wh: energy(power?.wh_today),
        grams: mass(power?.grams_today),
      });
      show(versus, known(own) && known(there));
      const most = Math.max(own ?? 0, there ?? 0) || 1;
      here.draw((own ?? 0) / most, money(own, currency));
      cloud.draw((there ?? 0) / most, money(there, currency));
    },
  };
}

function comparison(label) {
  const fill = el("span", { class: "fill" });
  const value = el("span", { class: "value" });
  const node = el(
    "div",
    { class: "compared" },
    el("span", { class: "label" }, label),
    value,
    el("span", { class: "track", "aria-hidden": "true" }, fill),
  );
  return {
    node,
    draw(share, text) {
      fill.style.width = `${Math.max(0.5, share * 100)}%`;
      say(value, text);
    },
  };
}
