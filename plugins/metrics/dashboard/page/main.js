/** Starts the page: who is this, and what may they see? */

import { Away, ask } from "./api.js";
import { dashboard } from "./dashboard.js";
import { el, say, show } from "./dom.js";
import { loginForm } from "./login.js";
import { announce, link } from "./notices.js";
import { forget, isHeld, leave } from "./session.js";

const main = document.getElementById("main");
const sign = document.getElementById("sign");
const RETRY = 3000;

let shown = null;
let retrying = null;

/** Ask who this is, and show what they may see. */
async function start() {
  clearTimeout(retrying);
  let session;
  try {
    session = await (await ask("session")).json();
  } catch (error) {
    if (error instanceof Away || error.status >= 500) {
      wait(error.message);
      return;
    }
    signIn(isHeld() ? error.message : "", error.status);
    return;
  }
  link({ kind: "connecting" });
  tell(session);
  replace(dashboard(session, { signedOut: (reason) => signIn(reason, 401) }));
}

function wait(reason) {
  link({ kind: "away", reason, until: Date.now() + RETRY }, start);
  retrying = setTimeout(start, RETRY);
}

/** Show the form; `reason` says why the key that was used does not do. */
function signIn(reason, status) {
  if (status === 401) forget();
  link({ kind: "none" });
  tell(null);
  const cancel = status === 401 ? null : start;
  replace(loginForm({ reason, done: start, cancel }));
}

/** Show one view in place of the other. */
function replace(view) {
  shown?.end?.();
  shown = view;
  main.replaceChildren(view.node);
  view.begin?.();
}

/** Say who is signed in, and offer the other way. */
function tell(session) {
  const who = document.getElementById("who");
  say(who, session && !session.anonymous ? session.name || session.caller : "");
  show(sign, session !== null);
  say(sign, isHeld() ? "Sign out" : "Sign in");
}

sign.addEventListener("click", async () => {
  if (isHeld()) {
    await leave();
    announce("Signed out.");
    await start();
  } else {
    signIn("", 0);
  }
});

main.replaceChildren(el("p", { class: "quiet-note" }, "Asking the router…"));
start();
