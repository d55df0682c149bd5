/** Whose key the page sends. It is kept for this tab only; there are no cookies. */

const STORE = "localai.session";

/** `{key}`, `{access, refresh}`, or `null` while nobody has signed in. */
let held = read();
let refreshing = null;

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(STORE));
  } catch {
    return null;
  }
}

function hold(session) {
  held = session;
  try {
    if (session) sessionStorage.setItem(STORE, JSON.stringify(session));
    else sessionStorage.removeItem(STORE);
  } catch {
    // Storage is forbidden: it then lasts until the page is left.
  }
}

/** Say whether somebody has signed in. */
export function isHeld() {
  return held !== null;
}

/** Return the headers that say who asks. */
export function identity() {
  const token = held?.key ?? held?.access;
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** Use a key from now on. */
export function useKey(key) {
  hold({ key });
}

/** Log in with name and password; return the router's refusal, or `null` if it let them in. */
export async function logIn(username, password) {
  const body = new URLSearchParams({ grant_type: "password", username, password });
  const answer = await fetch("../auth/token", { method: "POST", body });
  if (!answer.ok) return answer;
  take(await answer.json());
  return null;
}

function take(tokens) {
  hold({ access: tokens.access_token, refresh: tokens.refresh_token });
}

/** Get the next access token, once for all who ask at the same time; say whether there is one. */
export function renew() {
  if (!held?.refresh) return Promise.resolve(false);
  refreshing ??= next().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function next() {
  const answer = await fetch("../auth/refresh", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ refresh_token: held.refresh }),
  });
  if (answer.ok) take(await answer.json());
  return answer.ok;
}

/** Forget a key that does not count any more. */
export function forget() {
  hold(null);
}

/** Sign out: forget the key; a login's session ends at the router too. */
export async function leave() {
  const headers = identity();
  const wasLogin = Boolean(held?.access);
  forget();
  if (wasLogin) await fetch("../auth/logout", { method: "POST", headers }).catch(() => {});
}
