/** The plugins by family, each with a switch that edits `localai.toml`. */

import { Away, ask } from "./api.js";
import { confirmed } from "./confirm.js";
import { el, say, set, show, sync } from "./dom.js";
import { announce } from "./notices.js";

const EFFECTS = {
  auth: "Callers will be checked less, or not at all.",
  guardrails: "What it stops or takes out will pass.",
};

/** Make the section; `maySwitch` says whether the caller may change anything. */
export function pluginsView(maySwitch) {
  const families = el("div", { class: "families" });
  const empty = el("p", { class: "empty" }, "Asking for the plugins…");
  const reason = maySwitch ? "" : "Switching needs the scope admin:config.";
  const node = el("div", {}, el("p", { class: "hint" }, reason), empty, families);
  /** Names of plugins whose switch has been used and not yet answered. */
  const pending = new Set();
  let before = "";

  function draw(plugins) {
    const text = JSON.stringify(plugins);
    if (text === before) return;
    before = text;
    show(empty, plugins.length === 0);
    say(empty, "The router tells of no plugins.");
    sync(
      families,
      grouped(plugins),
      ([family]) => family,
      familyNode,
      (section, [family, members]) => {
        say(section.querySelector("h3"), family);
        say(
          section.querySelector(".aside"),
          `${members.filter((each) => each.enabled).length} of ${members.length} on`,
        );
        const [there, rest] = [members.filter(isThere), members.filter((each) => !isThere(each))];
        const [list, more] = section.querySelectorAll("ul");
        sync(list, there, (each) => each.name, rowNode, drawRow);
        show(more.parentNode, rest.length);
        say(section.querySelector("summary"), `${rest.length} can't be switched on here`);
        sync(more, rest, (each) => each.name, rowNode, drawRow);
      },
    );
  }

  function rowNode(plugin) {
    const id = `plugin-${plugin.name}`;
    const button = el("button", {
      type: "button",
      role: "switch",
      class: "switch",
      "aria-labelledby": `${id}-name`,
      "aria-describedby": `${id}-what ${id}-why`,
    });
    const row = el(
      "li",
      { class: "plugin", id },
      el(
        "div",
        { class: "about" },
        el("p", { class: "name", id: `${id}-name` }),
        el("p", { class: "what", id: `${id}-what` }),
        el("p", { class: "why", id: `${id}-why` }),
        el("p", { class: "problem", role: "alert" }),
      ),
      button,
    );
    button.addEventListener("click", () => turn(row));
    return row;
  }

  function drawRow(row, plugin) {
    row.plugin = plugin;
    if (pending.has(plugin.name)) return;
    const [name, what, why] = row.firstChild.children;
    say(name, plugin.name);
    // Its docstring, which marks names as code.
    say(what, (plugin.what ?? "").replaceAll("`", ""));
    say(
      why,
      [plugin.fail_mode && `Fails ${plugin.fail_mode}`, !plugin.switchable && plugin.why_not]
        .filter(Boolean)
        .join(" · "),
    );
    const button = row.lastChild;
    set(button, "aria-checked", String(Boolean(plugin.enabled)));
    // Kept in the order of keys, so that its reason can be heard.
    set(button, "aria-disabled", maySwitch && plugin.switchable ? null : "true");
  }

  async function turn(row) {
    const { plugin, lastChild: button } = row;
    const { name, family, enabled } = plugin;
    if (button.getAttribute("aria-disabled") || pending.has(name)) return;
    if (
      enabled &&
      !(await confirmed({
        title: `Switch off ${name}?`,
        text:
          `${EFFECTS[family] ?? "What it does will not be done any more."} ` +
          "Requests in flight end as they began. The change is written to localai.toml; " +
          "you can switch it on again here.",
        yes: "Switch off",
      }))
    ) {
      button.focus();
      return;
    }
    button.focus();
    const problem = row.querySelector(".problem");
    pending.add(name);
    say(problem, "");
    set(button, "aria-busy", "true");
    set(button, "aria-checked", String(!enabled));
    let told = null;
    try {
      told = await (
        await ask(`../admin/plugins/${encodeURIComponent(name)}`, {
          method: "POST",
          body: { enabled: !enabled },
        })
      ).json();
      announce(`${name} is ${enabled ? "off" : "on"}.`);
    } catch (error) {
      say(
        problem,
        error instanceof Away
          ? `${error.message} Nothing is known to have changed.`
          : error.message,
      );
    }
    pending.delete(name);
    set(button, "aria-busy", null);
    drawRow(row, row.plugin);
    if (told) draw(told.plugins);
  }

  return { node, draw };
}

function familyNode() {
  return el(
    "section",
    { class: "card family" },
    el("header", {}, el("h3"), el("p", { class: "aside" })),
    el("ul"),
    el("details", {}, el("summary"), el("ul")),
  );
}

/** Say whether a plugin is on, or could be. */
function isThere(plugin) {
  return plugin.enabled || plugin.switchable;
}

/** Return `[family, members]`, in the order in which families first come. */
function grouped(plugins) {
  const families = new Map();
  for (const plugin of plugins) {
    const family = plugin.family || "custom";
    if (!families.has(family)) families.set(family, []);
    families.get(family).push(plugin);
  }
  return [...families];
}
