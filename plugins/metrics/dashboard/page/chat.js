/** One streamed chat completion. */

import { Refused, ask } from "./api.js";
import { events } from "./sse.js";

/**
 * Ask for an answer; `on({content, reasoning, waiting})` is called for each piece of it.
 *
 * Returns `{tokens, first, seconds, reason, cost}`: tokens of the answer, seconds to the first of
 * them and for the others, why it ended, and `x_localai`. Throws what `ask` throws, and
 * `Refused` for an error inside the stream.
 */
export async function complete(body, signal, on) {
  const begun = performance.now();
  const answer = await ask("../v1/chat/completions", {
    method: "POST",
    body: { ...body, stream: true, stream_options: { include_usage: true } },
    signal,
  });
  let first = null;
  let reason = null;
  let usage = null;
  let isWhole = false;
  for await (const { data, comment } of events(answer.body)) {
    if (comment !== undefined) {
      on({ waiting: waiting(comment) });
      continue;
    }
    if (data === "[DONE]") {
      isWhole = true;
      break;
    }
    const told = JSON.parse(data);
    if (told.error)
      throw new Refused(told.error.code ?? 502, told.error.message ?? "The answer broke off.");
    const [choice] = told.choices ?? [];
    const { content, reasoning } = choice?.delta ?? {};
    if (content || reasoning) {
      first ??= performance.now();
      on({ content, reasoning });
    }
    reason = choice?.finish_reason ?? reason;
    usage = told.usage ?? usage;
  }
  if (!isWhole) throw new Refused(502, "The answer broke off before its end: send it again.");
  return {
    tokens: usage?.completion_tokens,
    first: first === null ? null : (first - begun) / 1000,
    seconds: first === null ? null : (performance.now() - first) / 1000,
    reason,
    cost: usage?.x_localai,
  };
}

/** Say what a comment of the router tells: `position=2, eta=5` while it waits in a queue. */
function waiting(comment) {
  const place = /position=(\d+)/.exec(comment);
  const left = /eta=(\d+)/.exec(comment);
  if (!place) return "Waiting…";
  return `Waiting in line, place ${place[1]}${left ? `, about ${left[1]} s to go` : ""}…`;
}
