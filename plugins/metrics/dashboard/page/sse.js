/** Server-sent events out of a `fetch` (`EventSource` can't send a key). */

const MOST = 8 * 1024 * 1024;

/**
 * Yield `{event, data}` for each event and `{comment}` for each comment of a body.
 *
 * Lines end with LF or CRLF. Leaving the loop closes the connection.
 */
export async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = "";
  let data = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r?\n/);
      rest = lines.pop();
      if (rest.length > MOST) throw new Error("an event is too long");
      for (const line of lines) {
        if (line === "") {
          if (data.length) yield { event: event || "message", data: data.join("\n") };
          event = "";
          data = [];
        } else if (line.startsWith(":")) {
          yield { comment: line.slice(1).trim() };
        } else {
          const [, name, text] = /^([^:]*):? ?(.*)$/.exec(line);
          if (name === "data") data.push(text);
          else if (name === "event") event = text;
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
