/** The figures: makes the cards, and feeds them. */

import { cacheCard } from "./card-cache.js";
import { costCard } from "./card-cost.js";
import { errorsCard } from "./card-errors.js";
import { guardsCard } from "./card-guards.js";
import { latencyCard } from "./card-latency.js";
import { memoryCard } from "./card-memory.js";
import { powerCard } from "./card-power.js";
import { queueCard } from "./card-queue.js";
import { tokensCard } from "./card-tokens.js";
import { el, show } from "./dom.js";
import { Live } from "./live.js";
import { link, notice } from "./notices.js";
import { playground } from "./playground.js";
import { pluginsView } from "./plugins.js";

/** What plots show if the router does not say. */
const SECONDS = 300;
const OPEN =
  "Nobody has to sign in on this machine, and whoever is on it may do everything here. " +
  "With the plugins of auth on, the first key closes that door: localai keys create me --scope '*'";

/** Make the view of a session; `signedOut(reason)` is called when its key counts no longer. */
export function dashboard(session, { signedOut }) {
  const { see, switch: maySwitch, chat } = session.can;
  const cards = see
    ? [
        ["now", "Now", [tokensCard(), queueCard(), memoryCard(), powerCard()]],
        [
          "quality",
          "Cost and quality",
          [latencyCard(), costCard(), errorsCard(), cacheCard(), guardsCard()],
        ],
      ]
    : [];
  const plugins = see ? pluginsView(maySwitch) : null;
  const talk = chat ? playground() : null;
  const all = cards.flatMap(([, , made]) => made);
  const sections = [
    ...cards.map(([id, title, made]) =>
      section(id, title, el("div", { class: "grid" }, ...made.map((each) => each.node))),
    ),
    plugins && section("plugins", "Plugins", plugins.node),
    talk && section("try", "Playground", talk.node),
  ].filter(Boolean);
  const node = el("div", { class: "dashboard" }, ...sections);
  if (!sections.length) node.append(nothing("This key may neither see the figures nor chat."));
  else if (!see)
    node.prepend(nothing("This key may not see the figures: that needs the scope metrics:read."));

  let points = [];
  let seconds = SECONDS;
  let snapshot = null;
  let isDue = false;
  let hasEnded = false;

  /** Draw at most once per frame, and nothing while nobody looks. */
  function later() {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      if (hasEnded) return;
      for (const each of all) {
        each.history?.(points, seconds);
        if (snapshot) each.update(snapshot);
      }
      if (snapshot) tellState(snapshot);
    });
  }

  const live = new Live({
    history(made) {
      points = made.points;
      seconds = made.seconds ?? SECONDS;
      later();
    },
    plugins: (made) => plugins.draw(made),
    snapshot(made) {
      snapshot = made;
      const now = light(made);
      points = [...points.filter((point) => point.at > now.at - seconds && point.at < now.at), now];
      later();
    },
    state(state) {
      if (state.kind === "unauthorised") {
        signedOut(state.reason);
        return;
      }
      if (state.kind === "forbidden") notice("forbidden", "error", state.reason);
      link(state.kind === "forbidden" ? { kind: "none" } : state, () => live.retry());
    },
  });

  return {
    node,
    begin() {
      contents(sections);
      notice("open", session.anonymous && see ? "info" : null, OPEN);
      if (see) live.start();
      else link({ kind: "none" });
      talk?.begin();
    },
    end() {
      hasEnded = true;
      live.stop();
      talk?.end();
      for (const name of ["open", "forbidden", "reload", "engine", "hosts", "away"])
        notice(name, null);
      contents([]);
    },
  };
}

/** Return what plots need of a snapshot. */
function light({ at, rates, requests, power }) {
  return {
    at,
    tokens_per_second: rates?.tokens_per_second,
    prompt_tokens_per_second: rates?.prompt_tokens_per_second,
    requests_per_second: rates?.requests_per_second,
    running: requests?.running,
    waiting: requests?.waiting,
    watts: power?.watts,
  };
}

/** Say what is wrong with the router as a whole. */
function tellState({ reload_error: error, engine, hosts }) {
  notice(
    "reload",
    error ? "error" : null,
    `localai.toml on disk is not in use, the settings before it are: ${error}`,
  );
  notice(
    "engine",
    engine === "embedded" ? "info" : null,
    "No Ollama answers, so the built-in engine does. It only explains the router: " +
      "start Ollama for real answers.",
  );
  const down = (hosts ?? []).filter((host) => host.up === false).map((host) => host.label);
  notice(
    "hosts",
    down.length && engine !== "embedded" ? "warn" : null,
    `Ollama does not answer at host ${down.join(", ")} of [ollama] hosts.`,
  );
}

function section(id, title, ...body) {
  const heading = el("h2", { id: `${id}-title` }, title);
  return el("section", { id, class: "part", "aria-labelledby": `${id}-title` }, heading, ...body);
}

function nothing(text) {
  return el("p", { class: "quiet-note" }, text);
}

/** Show links to the sections. */
function contents(sections) {
  const nav = document.getElementById("sections");
  nav.replaceChildren(
    ...sections.map((each) =>
      el("a", { href: `#${each.id}` }, each.querySelector("h2").textContent),
    ),
  );
  show(nav, sections.length > 1);
}
