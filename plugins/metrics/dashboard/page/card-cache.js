/** How many answers needed no model. */

import { big, card, facts } from "./card.js";
import { el, show } from "./dom.js";
import { count, percent } from "./format.js";
import { meter } from "./meter.js";

/** Make the card. */
export function cacheCard() {
  const rate = big("Hit rate");
  const bar = meter("Cached answers");
  const more = facts(["hits", "Hits"], ["joins", "Joined a run"], ["misses", "Misses"]);
  const empty = el("p", { class: "empty" }, "Nothing has been looked up yet.");
  const { node } = card(
    "Cache",
    { width: "cache-card", note: "since the start" },
    rate.node,
    bar.node,
    more.node,
    empty,
  );
  return {
    node,
    update({ cache }) {
      const { hits = 0, joins = 0, misses = 0 } = cache ?? {};
      const total = hits + joins + misses;
      rate.set(percent(total ? (cache.hit_rate ?? (hits + joins) / total) : null));
      show(empty, total === 0);
      show(bar.node, total > 0);
      bar.draw(
        [
          { key: "hits", name: "hits", value: hits, look: "shade-0" },
          { key: "joins", name: "joins", value: joins, look: "shade-2" },
          { key: "misses", name: "misses", value: misses, look: "free" },
        ],
        total,
        count,
      );
      more.set({
        hits: count(cache?.hits),
        joins: count(cache?.joins),
        misses: count(cache?.misses),
      });
    },
  };
}
