/** What the machine draws. */

import { big, card, facts } from "./card.js";
import { energy, known, measure, quantity } from "./format.js";
import { timePlot } from "./plot.js";

const SOURCES = { measured: "measured", modelled: "modelled, no sensor" };

/** Make the card. */
export function powerCard() {
  const now = big("Now", "W");
  const today = facts(["wh", "Today"], ["idle", "Of it idle"], ["heat", "Chip"]);
  const plot = timePlot({
    label: "Power in watts",
    unit: "W",
    write: (value) => quantity(value, "W"),
    least: 20,
  });
  const { node, note } = card("Power", {}, now.node, today.node, plot.node);
  return {
    node,
    history(points, seconds) {
      plot.draw(
        points.map((point) => ({ at: point.at, value: point.watts })),
        seconds,
      );
    },
    update({ power }) {
      const heat = power?.temperature_celsius;
      now.set(measure(power?.watts));
      today.set({
        wh: energy(power?.wh_today),
        idle: energy(power?.idle_wh_today),
        heat: known(heat) ? `${Math.round(heat)} °C` : "–",
      });
      note(SOURCES[power?.source] ?? "no meter is on");
    },
  };
}
