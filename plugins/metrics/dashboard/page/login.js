/** Signing in: by a key, or by name and password. */

import { Refused, ask, refusal } from "./api.js";
import { el, say } from "./dom.js";
import { forget, logIn, useKey } from "./session.js";

/** Make the form. `done()` is called when the router knows who this is; `cancel` may be null. */
export function loginForm({ reason, done, cancel }) {
  const problem = el("p", { class: "problem", role: "alert" }, reason);
  const submit = el("button", { type: "submit" }, "Sign in");
  const key = field("Key", {
    name: "key",
    type: "password",
    autocomplete: "off",
    spellcheck: "false",
  });
  const user = field("Name", {
    name: "username",
    autocomplete: "username",
    autocapitalize: "none",
  });
  const password = field("Password", {
    name: "password",
    type: "password",
    autocomplete: "current-password",
  });
  const fieldsOf = { key: [key.node, hint()], name: [user.node, password.node] };
  // Only those of one way are in the page: a key is no password to be remembered with a name.
  const fields = el("div", { class: "fields" }, ...fieldsOf.key);
  const way = ways((chosen) => {
    fields.replaceChildren(...fieldsOf[chosen]);
    say(problem, "");
  });

  const form = el(
    "form",
    { class: "card login", novalidate: true, "aria-labelledby": "login-title" },
    el("h2", { id: "login-title" }, "Sign in"),
    way.node,
    fields,
    problem,
    el(
      "div",
      { class: "buttons" },
      submit,
      cancel && el("button", { type: "button", class: "quiet", onclick: cancel }, "Back"),
    ),
  );

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const missing = (way.chosen() === "key" ? [key] : [user, password]).find(
      (each) => !each.input.value.trim(),
    );
    if (missing) {
      say(problem, `${missing.label}: this is empty.`);
      missing.input.focus();
      return;
    }
    submit.disabled = true;
    say(problem, "");
    try {
      if (way.chosen() === "key") await tryKey(key.input.value.trim());
      else await tryName(user.input.value.trim(), password.input.value);
      done();
    } catch (error) {
      say(problem, error instanceof Refused ? error.message : "The router does not answer.");
    } finally {
      submit.disabled = false;
      password.input.value = "";
    }
  });

  return { node: form, begin: () => key.input.focus() };
}

async function tryKey(key) {
  // A header holds no more than ASCII: `fetch` would fail as if the router were away.
  if (!/^[\x21-\x7e]+$/.test(key))
    throw new Refused(401, "This is not a key: it has characters that no key has.");
  useKey(key);
  try {
    await ask("session");
  } catch (error) {
    forget();
    throw error;
  }
}

async function tryName(username, password) {
  const refused = await logIn(username, password);
  if (!refused) return;
  if (refused.status === 404)
    throw new Refused(404, "This router has no users: sign in with a key.");
  throw await refusal(refused);
}

function field(label, attributes) {
  const id = `login-${attributes.name}`;
  const input = el("input", { id, required: true, ...attributes });
  return {
    label,
    input,
    node: el("div", { class: "field" }, el("label", { for: id }, label), input),
  };
}

function hint() {
  return el(
    "p",
    { class: "hint" },
    "A key that sees the figures: ",
    el("code", {}, "localai keys create me --scope metrics:read"),
  );
}

/** Make the choice between the two ways. */
function ways(changed) {
  const choices = [
    ["key", "Key"],
    ["name", "Name and password"],
  ].map(([value, label]) => {
    const input = el("input", { type: "radio", name: "way", value, checked: value === "key" });
    input.addEventListener("change", () => changed(value));
    return { input, node: el("label", {}, input, el("span", {}, label)) };
  });
  const node = el(
    "fieldset",
    { class: "choice" },
    el("legend", { class: "unseen" }, "Sign in with"),
    ...choices.map((each) => each.node),
  );
  return { node, chosen: () => choices.find((each) => each.input.checked).input.value };
}
