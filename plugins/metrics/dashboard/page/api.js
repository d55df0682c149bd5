/** Asking the router. All addresses are relative, so that the page works behind any prefix. */

import { identity, renew } from "./session.js";

/** The router has refused: `status`, and a message for people. */
export class Refused extends Error {
  constructor(status, message, retryAfter = null) {
    super(message);
    this.status = status;
    /** Seconds, if the router named them. */
    this.retryAfter = retryAfter;
  }
}

/** The router can't be reached. */
export class Away extends Error {}

/**
 * Ask, and return the answer if it is good; `body` is sent as JSON.
 *
 * Throws `Refused`, `Away`, or the `AbortError` of `signal`. An access token that has run out is
 * renewed once.
 */
export async function ask(path, { method = "GET", body, signal } = {}) {
  let answer = await sent(path, method, body, signal);
  if (answer.status === 401 && (await renewed())) answer = await sent(path, method, body, signal);
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

async function sent(path, method, body, signal) {
  const headers = identity();
  if (body !== undefined) headers["content-type"] = "application/json";
  try {
    return await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      cache: "no-store",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Away("The router does not answer.");
  }
}

async function renewed() {
  try {
    return await renew();
  } catch {
    throw new Away("The router does not answer.");
  }
}

/** Make an error of a bad answer, in either of the router's shapes. */
export async function refusal(answer) {
  let told = null;
  try {
    const body = JSON.parse(await answer.text());
    told = body.error_description ?? body.error?.message ?? body.error ?? body.detail;
  } catch {
    // Not from the router but from a proxy before it.
  }
  const after = Number(answer.headers.get("retry-after"));
  const message = typeof told === "string" && told ? told : `The answer was ${answer.status}.`;
  return new Refused(answer.status, message, after > 0 ? after : null);
}
