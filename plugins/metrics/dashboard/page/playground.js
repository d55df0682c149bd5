/** Trying a model: a conversation that streams. Nothing of it is kept. */

import { ask } from "./api.js";
import { complete } from "./chat.js";
import { el, say, set, show } from "./dom.js";
import { duration, energy, known, quantity } from "./format.js";

/** Messages that go along as history; a guard allows 100. */
const HISTORY = 40;

/** Make the section. */
export function playground() {
  const model = el("select", { id: "model" });
  const text = el("textarea", { id: "prompt", rows: 3, placeholder: "Ask something" });
  const send = el("button", { type: "submit" }, "Send");
  const stop = el("button", { type: "button", class: "quiet", hidden: true }, "Stop");
  const clear = el("button", { type: "button", class: "quiet", hidden: true }, "New conversation");
  const problem = el("p", { class: "problem", role: "alert" });
  const log = el("div", {
    class: "talk",
    role: "log",
    tabindex: "0",
    "aria-label": "Conversation",
    hidden: true,
  });
  const form = el(
    "form",
    { class: "ask" },
    el("div", { class: "field" }, el("label", { for: "model" }, "Model"), model),
    el("div", { class: "field" }, el("label", { for: "prompt" }, "Message"), text),
    el(
      "div",
      { class: "buttons" },
      send,
      stop,
      clear,
      el("span", { class: "hint" }, "Ctrl + Enter sends"),
    ),
    problem,
  );
  const node = el("div", { class: "card playground" }, log, form);

  let messages = [];
  let running = null;

  async function load() {
    try {
      const { data } = await (await ask("../v1/models")).json();
      const names = data.map((each) => each.id);
      model.replaceChildren(...names.map((name) => el("option", { value: name }, name)));
      say(problem, names.length ? "" : "There is no model yet: ollama pull llama3.2");
    } catch (error) {
      say(problem, error.message);
    }
  }

  async function talk() {
    const content = text.value.trim();
    if (!content || running) return;
    if (!model.value) await load();
    if (!model.value) return;
    running = new AbortController();
    busy(true);
    text.value = "";
    messages.push({ role: "user", content });
    own("You", content);
    const answer = answerNode(model.value);
    log.append(answer.node);
    follow(true);
    try {
      const body = { model: model.value, messages: messages.slice(-HISTORY) };
      const done = await complete(body, running.signal, (piece) => {
        const isAtEnd = atEnd();
        answer.add(piece);
        follow(isAtEnd);
      });
      answer.end(done);
      messages.push({ role: "assistant", content: answer.text() });
    } catch (error) {
      // The question is not part of the next one: it has no answer.
      messages.pop();
      if (error.name === "AbortError") answer.end({ stopped: true });
      else {
        answer.end({});
        say(problem, error.message);
        text.value ||= content;
      }
    } finally {
      running = null;
      busy(false);
      follow(atEnd());
    }
  }

  function busy(is) {
    if (is) say(problem, "");
    show(log, true);
    set(log, "aria-busy", String(is));
    const hadFocus = document.activeElement === send || document.activeElement === stop;
    show(send, !is);
    show(stop, is);
    show(clear, !is && messages.length > 0);
    if (hadFocus) (is ? stop : text).focus();
  }

  function own(who, content) {
    log.append(
      el("article", { class: "turn own" }, el("h3", {}, who), el("p", { class: "words" }, content)),
    );
  }

  function atEnd() {
    return log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  }

  function follow(wanted) {
    if (wanted) log.scrollTop = log.scrollHeight;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    talk();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    talk();
  });
  stop.addEventListener("click", () => running?.abort());
  clear.addEventListener("click", () => {
    messages = [];
    log.replaceChildren();
    show(log, false);
    show(clear, false);
    text.focus();
  });

  return { node, begin: load, end: () => running?.abort() };
}

/** Make the answer of a model, which grows. */
function answerNode(name) {
  const thought = el("p", { class: "words" });
  const thinking = el(
    "details",
    { class: "thinking", hidden: true },
    el("summary", {}, "Thinking"),
    thought,
  );
  const words = el("p", { class: "words" });
  const told = el("p", { class: "hint" }, "Waiting for the first word…");
  const node = el("article", { class: "turn" }, el("h3", {}, name), thinking, words, told);
  return {
    node,
    text: () => words.textContent,
    add({ content, reasoning, waiting }) {
      if (waiting) say(told, waiting);
      if (reasoning) {
        show(thinking, true);
        thought.append(reasoning);
      }
      if (!content && !reasoning) return;
      if (content) words.append(content);
      say(told, "");
    },
    end(done) {
      say(told, figures(done));
    },
  };
}

/** Return what is said below an answer: `38 tokens · 41.3 tokens/s · first after 320 ms`. */
function figures({ stopped, tokens, seconds, first, cost, reason }) {
  const parts = [
    stopped && "stopped",
    reason === "length" && "cut off at the most tokens",
    reason === "content_filter" && "stopped by a guard",
    known(tokens) && `${tokens} tokens`,
    known(tokens) && seconds > 0.05 && quantity(tokens / seconds, "tokens/s"),
    known(first) && `first after ${duration(first)}`,
    cost && (cost.source === "cache" ? "from the cache" : energy(cost.wh)),
  ];
  return parts.filter(Boolean).join(" · ");
}
