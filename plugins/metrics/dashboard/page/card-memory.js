/** Which models are in memory, and how much of what the GPU may use they fill. */

import { card, facts, row, table, write } from "./card.js";
import { el, set, show, sync } from "./dom.js";
import { UNKNOWN, bytes, count, duration, known, moment, percent } from "./format.js";
import { marksTo, meter } from "./meter.js";

const GIB = 1024 ** 3;
const SHADES = 5;

/** Make the card. */
export function memoryCard() {
  const bar = meter("Memory of the GPU");
  const models = table(
    "Models in memory",
    ["Model", "name"],
    ["Memory", "number"],
    ["Context", "number context"],
    ["Host", "number host"],
    ["Leaves", "number"],
  );
  const more = facts(["gtt", "GTT, for the GPU"], ["vram", "VRAM"], ["all", "Whole machine"]);
  more.node.classList.add("roomy");
  const empty = el("p", { class: "empty" }, "No model is in memory. The first request loads one.");
  const unknown = el(
    "p",
    { class: "hint" },
    "How much memory the GPU may use is not known on this machine.",
  );
  const scroll = el("div", { class: "scroll" }, models.node);
  const { node, note } = card(
    "Models in memory",
    { width: "wide" },
    bar.node,
    unknown,
    scroll,
    empty,
    more.node,
  );
  return {
    node,
    update({ models: loaded, memory, hosts, at }) {
      const all = loaded ?? [];
      const budget = budgetOf(memory);
      show(bar.node, budget !== null);
      show(unknown, budget === null);
      show(more.node, memory);
      more.set({
        gtt: part(memory?.gtt_used_bytes, memory?.gtt_total_bytes),
        vram: part(memory?.vram_used_bytes, memory?.vram_total_bytes),
        all: part(memory?.used_bytes, memory?.total_bytes),
      });
      if (budget)
        drawBar(
          bar,
          all.filter((model) => isHere(model, hosts)),
          budget,
        );
      note(budget ? `${bytes(budget.used)} of ${bytes(budget.total)} ${budget.name}` : "");
      show(empty, all.length === 0);
      show(scroll, all.length > 0);
      set(models.node, "class", (hosts ?? []).length > 1 ? null : "one-host");
      sync(
        models.body,
        all,
        (model) => `${model.host} ${model.name}`,
        modelRow,
        (tr, model, index) => {
          const leaves = moment(model.expires_at);
          set(tr.firstChild, "data-shade", budget && isHere(model, hosts) ? index % SHADES : null);
          write(
            tr,
            model.name,
            memoryText(model),
            count(model.context),
            model.host ?? "",
            leaves === null ? "stays" : `in ${duration(Math.max(0, leaves - at))}`,
          );
        },
      );
    },
  };
}

function modelRow() {
  return row("name", "number", "number context", "number host", "number");
}

/** Return what models may fill: GTT on a chip that shares its memory, else that of the card. */
function budgetOf(memory) {
  if (!memory) return null;
  const kinds = [
    ["GTT", memory.gtt_used_bytes, memory.gtt_total_bytes],
    ["of GPU memory", memory.vram_used_bytes, memory.vram_total_bytes],
  ].filter(([, , total]) => known(total) && total > 0);
  if (kinds.length === 0) return null;
  const [name, used, total] = kinds.reduce((best, each) => (each[2] > best[2] ? each : best));
  return { name, used: used ?? 0, total };
}

function drawBar(bar, here, { used, total }) {
  const parts = here.map((model, index) => ({
    key: model.name,
    name: model.name,
    value: model.gpu_bytes ?? model.bytes ?? 0,
    look: `shade-${index % SHADES}`,
  }));
  const taken = parts.reduce((sum, part) => sum + part.value, 0);
  const other = Math.max(0, used - taken);
  parts.push({ key: "\0other", name: "other", value: other, look: "other" });
  parts.push({
    key: "\0free",
    name: "free",
    value: Math.max(0, total - taken - other),
    look: "free",
  });
  bar.draw(parts, total, bytes, marksTo(total, GIB));
}

function part(used, total) {
  return known(total) ? `${bytes(used)} of ${bytes(total)}` : UNKNOWN;
}

function isHere(model, hosts) {
  return (hosts ?? []).find((host) => host.label === model.host)?.local !== false;
}

function memoryText(model) {
  const { bytes: whole, gpu_bytes: onGpu } = model;
  if (!known(whole) || !known(onGpu) || whole === 0 || onGpu >= whole) return bytes(whole ?? onGpu);
  return `${bytes(whole)}, ${percent(onGpu / whole)} on the GPU`;
}
