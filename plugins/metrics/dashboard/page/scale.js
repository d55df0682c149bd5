/** Where the marks of an axis are. */

/** Return round steps from 0 to the first one that is not below `highest`; at least to `least`. */
export function ticks(highest, least = 1, most = 4) {
  const top = Math.max(Number.isFinite(highest) ? highest : 0, least);
  const rough = top / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10]
    .map((each) => each * power)
    .find((each) => each * most >= top * 0.999999);
  const marks = [];
  for (let at = 0; ; at += 1) {
    // One product each, so that errors do not add up.
    marks.push(Number((at * step).toPrecision(12)));
    if (at * step >= top * 0.999999) return marks;
  }
}

/** Return the full minutes (Unix seconds) in a time span, thinned to at most `most`. */
export function minutes(from, to, most = 6) {
  const span = Math.max(1, Math.ceil((to - from) / 60 / most)) * 60;
  const marks = [];
  for (let at = Math.ceil(from / span) * span; at <= to; at += span) marks.push(at);
  return marks;
}

/** Return a function from seconds to 0…1 on a logarithmic axis; what is outside is at its end. */
export function logarithmic(least, most) {
  const low = Math.log(least);
  const span = Math.log(most) - low;
  return (value) => Math.min(1, Math.max(0, (Math.log(Math.max(value, 1e-12)) - low) / span));
}
