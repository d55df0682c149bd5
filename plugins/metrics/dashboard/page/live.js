/** The live figures: one stream, begun anew whenever it ends, with growing pauses. */

import { Away, Refused, ask } from "./api.js";
import { events } from "./sse.js";

const SILENCE = 10_000;
const UNSEEN = 60_000;
const AFTER_RELOAD = 300;
const LONGEST = 30_000;

/**
 * Calls `on.history({points, seconds})`, which replaces all points, `on.plugins(list)`,
 * `on.snapshot(snapshot)` and `on.state(state)`.
 *
 * States: `{kind: "connecting" | "live" | "paused"}`, `{kind: "away", reason, until}` while it
 * waits to try again (`until` as `Date.now()` counts), and two after which it has stopped:
 * `{kind: "forbidden", reason}` and `{kind: "unauthorised", reason}`.
 */
export class Live {
  constructor(on) {
    this.on = on;
    this.ending = null;
    this.stream = null;
    this.wake = null;
    this.failures = 0;
    this.hiding = null;
    this.isPaused = false;
  }

  /** Begin. */
  start() {
    if (this.ending) return;
    const ending = new AbortController();
    this.ending = ending;
    const { signal } = ending;
    addEventListener("online", () => this.retry(), { signal });
    document.addEventListener("visibilitychange", () => this.#seen(), { signal });
    this.#run(signal).finally(() => {
      if (this.ending === ending) this.stop();
    });
  }

  /** End, and leave the stream. */
  stop() {
    clearTimeout(this.hiding);
    this.ending?.abort();
    this.ending = null;
    this.stream?.abort();
    this.wake?.();
  }

  /** Try again now instead of later. */
  retry() {
    this.wake?.();
  }

  async #run(signal) {
    while (!signal.aborted) {
      const pause = await this.#watch(signal);
      if (pause === null) return;
      await this.#sleep(pause, signal);
    }
  }

  /** Follow one stream to its end; return how long to wait for the next, `null` for never. */
  async #watch(signal) {
    if (this.isPaused) return this.#pause();
    const stream = new AbortController();
    this.stream = stream;
    let reason = "";
    let silence;
    const listen = () => {
      clearTimeout(silence);
      silence = setTimeout(() => stream.abort(), SILENCE);
    };
    this.on.state({ kind: "connecting" });
    try {
      listen();
      const answer = await ask("events", { signal: stream.signal });
      for await (const event of events(answer.body)) {
        listen();
        if (event.event === "end") {
          reason = JSON.parse(event.data).reason;
          break;
        }
        this.#take(event);
      }
    } catch (error) {
      if (error instanceof Refused && error.status < 500 && error.status !== 429) {
        const kind = error.status === 401 ? "unauthorised" : "forbidden";
        this.on.state({ kind, reason: error.message });
        return null;
      }
      if (signal.aborted) return null;
      return this.#fail(error);
    } finally {
      clearTimeout(silence);
      stream.abort();
    }
    if (signal.aborted) return null;
    if (this.isPaused) return this.#pause();
    // A key that counts no longer is told by the answer to the next request.
    if (reason === "reload" || reason === "unauthorised") return AFTER_RELOAD;
    return this.#fail(
      new Away(reason === "shutdown" ? "The router is stopping." : "The stream ended."),
    );
  }

  #take({ event, data }) {
    if (event === "history") this.on.history(JSON.parse(data));
    if (event === "plugins") this.on.plugins(JSON.parse(data));
    if (event !== "snapshot") return;
    this.failures = 0;
    this.on.state({ kind: "live" });
    this.on.snapshot(JSON.parse(data));
  }

  #fail(error) {
    if (this.isPaused) return this.#pause();
    const grown = Math.min(LONGEST, 1000 * 2 ** this.failures);
    // Not all viewers at the same moment.
    const pause = Math.max(grown * (0.75 + Math.random() / 2), (error.retryAfter ?? 0) * 1000);
    this.failures += 1;
    const known = error instanceof Away || error instanceof Refused;
    const reason = known ? error.message : "The router has gone silent.";
    this.on.state({ kind: "away", reason, until: Date.now() + pause });
    return pause;
  }

  #pause() {
    this.on.state({ kind: "paused" });
    return Infinity;
  }

  #sleep(pause, signal) {
    return new Promise((resolve) => {
      const timer = pause === Infinity ? null : setTimeout(resolve, pause);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (signal.aborted) this.wake();
    }).finally(() => {
      this.wake = null;
    });
  }

  /** A page that nobody has looked at for a while costs the router nothing. */
  #seen() {
    clearTimeout(this.hiding);
    if (document.hidden) {
      this.hiding = setTimeout(() => {
        this.isPaused = true;
        this.stream?.abort();
      }, UNSEEN);
      return;
    }
    const wasPaused = this.isPaused;
    this.isPaused = false;
    if (wasPaused) this.retry();
  }
}
