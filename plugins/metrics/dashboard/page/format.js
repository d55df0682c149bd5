/** Figures as people read them, in the browser's language; what is not known is a dash. */

export const UNKNOWN = "–";

/** Keeps a figure and its unit in one line. */
const NEXT = "\u00a0";
const KIB = 1024;
const BYTES = ["B", "KiB", "MiB", "GiB", "TiB"];
const formats = new Map();

/** Say whether something is a figure. */
export function known(value) {
  return typeof value === "number" && Number.isFinite(value);
}

function format(value, options) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(undefined, options));
  return formats.get(key).format(value);
}

/** A whole number: `12,345`. */
export function count(value) {
  return known(value) ? format(Math.round(value), {}) : UNKNOWN;
}

/** A measured number, with three digits that count: `0.0123`, `41.3`, `1,204`. */
export function measure(value) {
  if (!known(value)) return UNKNOWN;
  return Math.abs(value) >= 100
    ? format(value, { maximumFractionDigits: 0 })
    : format(value, { maximumSignificantDigits: 3 });
}

/** A number at an axis: `2.5`, `40`, `1.2K`. */
export function compact(value) {
  return format(value, { notation: "compact", maximumFractionDigits: 2 });
}

/** A measured number with its unit: `41.3 W`. */
export function quantity(value, unit) {
  return known(value) ? `${measure(value)}${NEXT}${unit}` : UNKNOWN;
}

/** A share of one: `12.5 %` as the browser's language writes it. */
export function percent(value) {
  return known(value) ? format(value, { style: "percent", maximumFractionDigits: 1 }) : UNKNOWN;
}

/** Memory, in powers of 1024 as Ollama and the kernel count it: `18.6 GiB`. */
export function bytes(value) {
  if (!known(value)) return UNKNOWN;
  let power = 0;
  let left = value;
  while (Math.abs(left) >= KIB && power < BYTES.length - 1) {
    left /= KIB;
    power += 1;
  }
  return quantity(left, BYTES[power]);
}

/** Watt-hours: `0.012 Wh`, `1.2 kWh`. */
export function energy(wh) {
  return known(wh) && Math.abs(wh) >= 1000 ? quantity(wh / 1000, "kWh") : quantity(wh, "Wh");
}

/** Grams: `12 g`, `1.2 kg`. */
export function mass(grams) {
  return known(grams) && Math.abs(grams) >= 1000
    ? quantity(grams / 1000, "kg")
    : quantity(grams, "g");
}

/** Money; amounts below a cent keep two digits that count. */
export function money(value, currency) {
  if (!known(value)) return UNKNOWN;
  const small = value !== 0 && Math.abs(value) < 0.01;
  const digits = small
    ? { maximumSignificantDigits: 2 }
    : { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  try {
    return format(value, { style: "currency", currency, ...digits });
  } catch {
    // Not a currency that the browser knows: a name of one's own.
    return currency ? `${format(value, digits)} ${currency}` : format(value, digits);
  }
}

/** Seconds as a time span: `0.4 ms`, `850 ms`, `1.2 s`, `2 min 5 s`, `3 h 5 min`, `4 d 3 h`. */
export function duration(seconds) {
  if (!known(seconds)) return UNKNOWN;
  if (seconds < 0.9995) return quantity(seconds * 1000, "ms");
  if (seconds < 59.95) return quantity(seconds, "s");
  const whole = Math.round(seconds);
  for (const [size, unit, part, partUnit] of [
    [86400, "d", 3600, "h"],
    [3600, "h", 60, "min"],
  ]) {
    if (whole >= size)
      return both(Math.floor(whole / size), unit, Math.floor((whole % size) / part), partUnit);
  }
  return both(Math.floor(whole / 60), "min", whole % 60, "s");
}

function both(large, unit, small, smallUnit) {
  const most = `${large}${NEXT}${unit}`;
  return small ? `${most} ${small}${NEXT}${smallUnit}` : most;
}

/** A moment (Unix seconds) as a clock shows it: `14:03:20`. */
export function clock(at, withSeconds = true) {
  if (!known(at)) return UNKNOWN;
  const second = withSeconds ? "2-digit" : undefined;
  return new Date(at * 1000).toLocaleTimeString(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    second,
    hourCycle: "h23",
  });
}

/** A moment given as Unix seconds or RFC 3339, as Unix seconds; `null` if it is neither. */
export function moment(value) {
  if (known(value)) return value;
  const parsed = typeof value === "string" ? Date.parse(value) / 1000 : NaN;
  return Number.isFinite(parsed) ? parsed : null;
}
