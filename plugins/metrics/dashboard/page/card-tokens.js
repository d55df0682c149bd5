/** How fast models write just now. */

import { big, card, facts } from "./card.js";
import { known, measure, quantity } from "./format.js";
import { timePlot } from "./plot.js";

/** Make the card. */
export function tokensCard() {
  const now = big("Output now", "tokens/s");
  const more = facts(
    ["mean", "Mean in plot"],
    ["peak", "Peak in plot"],
    ["prompt", "Prompts read"],
    ["requests", "Requests"],
  );
  const plot = timePlot({
    label: "Output tokens per second",
    unit: "tokens/s",
    write: (value) => quantity(value, "tokens/s"),
    least: 10,
  });
  const { node } = card("Tokens", { width: "wide" }, now.node, more.node, plot.node);
  return {
    node,
    history(points, seconds) {
      const rates = points.map((point) => point.tokens_per_second).filter(known);
      const sum = rates.reduce((total, rate) => total + rate, 0);
      more.set({
        mean: quantity(rates.length ? sum / rates.length : null, "tokens/s"),
        peak: quantity(rates.length ? Math.max(...rates) : null, "tokens/s"),
      });
      plot.draw(
        points.map((point) => ({ at: point.at, value: point.tokens_per_second })),
        seconds,
      );
    },
    update({ rates }) {
      now.set(measure(rates?.tokens_per_second));
      more.set({
        prompt: quantity(rates?.prompt_tokens_per_second, "tokens/s"),
        requests: quantity(rates?.requests_per_second, "/s"),
      });
    },
  };
}
