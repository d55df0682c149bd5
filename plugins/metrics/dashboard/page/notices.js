/** What the page says beside its figures: the state of its link, notices, and what was done. */

import { el, say, set } from "./dom.js";

const pill = document.getElementById("link");
const said = document.getElementById("said");
const notices = document.getElementById("notices");
const TEXTS = {
  connecting: "Connecting…",
  live: "Live",
  paused: "Paused",
  none: "",
  away: "No answer",
};

let counting = null;

/** Show the state of the link to the router; `retry` is offered while it is away. */
export function link(state, retry) {
  clearInterval(counting);
  // A first try that has not failed yet is no news.
  if (state.kind === "connecting" && pill.dataset.kind === "away") return;
  pill.dataset.kind = state.kind;
  say(pill, TEXTS[state.kind] ?? "");
  if (state.kind !== "away") {
    if (state.kind !== "connecting") notice("away", null);
    return;
  }
  const told = notice("away", "warn", state.reason, { label: "Try now", act: retry });
  const left = told.querySelector("span") ?? el("span", { "aria-hidden": "true" });
  told.querySelector("p").append(left);
  const count = () => {
    const seconds = Math.max(0, Math.ceil((state.until - Date.now()) / 1000));
    say(left, ` Trying again ${seconds ? `in ${seconds} s` : "now"}.`);
  };
  count();
  counting = setInterval(count, 1000);
}

/** Say something once to those who listen instead of look. */
export function announce(text) {
  said.textContent = "";
  requestAnimationFrame(() => say(said, text));
}

/**
 * Show a notice below the header, one of each name; without a kind it is taken away.
 *
 * Kinds: `info`, `warn`, `error`; the last two are read out.
 */
export function notice(name, kind, text = "", { label, act } = {}) {
  const before = notices.querySelector(`[data-notice="${name}"]`);
  if (!kind) {
    before?.remove();
    return null;
  }
  if (before && before.dataset.text === text) return before;
  const button =
    label && el("button", { type: "button", class: "quiet", onclick: () => act?.() }, label);
  const node = el("div", { class: `notice ${kind}` }, el("p", {}, text), button);
  node.dataset.notice = name;
  node.dataset.text = text;
  set(node, "role", kind === "info" ? null : "alert");
  if (before) before.replaceWith(node);
  else notices.append(node);
  return node;
}
