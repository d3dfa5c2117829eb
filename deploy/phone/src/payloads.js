/**
 * What the device publishes, read with care: docs/mqtt.md says what stands in it. Anything else is null.
 *
 * @typedef {object} Cue
 * @property {string} kind person, cue, no_face, health or answer; one that is not known is shown and said
 * @property {string} label
 * @property {string} text
 * @property {string[]} phrases keys of the device's catalogue, empty where they are not told
 * @property {number | null} ts milliseconds since 1970, of the device's clock
 * @property {string} stream which count `seq` belongs to
 * @property {number | null} seq
 *
 * @typedef {object} Settings what commands have set on the device; null where it is not told
 * @property {boolean | null} muted
 * @property {boolean | null} paused
 * @property {string | null} verbosity
 * @property {string | null} level
 *
 * @typedef {object} Ack
 * @property {string | null} id
 * @property {boolean} ok
 * @property {string} text
 * @property {number | null} ts
 */

const LONGEST_TEXT = 300;

/**
 * A cue, from the cue's own topic or from the state.
 *
 * @param {Record<string, unknown>} body
 * @returns {Cue | null}
 */
export function cueOf(body) {
  const text = string(body.text);
  if (!text) return null;
  const phrases = Array.isArray(body.phrases) ? body.phrases.filter((key) => typeof key === "string") : [];
  return {
    kind: string(body.kind) || "cue",
    label: string(body.label),
    text,
    phrases,
    ts: moment(body.ts),
    stream: string(body.stream),
    seq: number(body.seq),
  };
}

/**
 * What the state says is set; it stands under "set", which is null where no commands are obeyed.
 *
 * @param {Record<string, unknown>} body
 * @returns {Settings}
 */
export function settingsOf(body) {
  const set = /** @type {Record<string, unknown>} */ (isObject(body.set) ? body.set : {});
  return {
    muted: typeof set.muted === "boolean" ? set.muted : null,
    paused: typeof set.paused === "boolean" ? set.paused : null,
    verbosity: string(set.verbosity) || null,
    level: string(set.level) || null,
  };
}

/**
 * The answer to a command.
 *
 * @param {Record<string, unknown>} body
 * @returns {Ack}
 */
export function ackOf(body) {
  return { id: string(body.id) || null, ok: body.ok === true, text: string(body.text), ts: moment(body.ts) };
}

/**
 * The JSON object in a payload.
 *
 * @param {Uint8Array} payload UTF-8
 * @returns {Record<string, unknown> | null} null where it is anything else
 */
export function objectOf(payload) {
  try {
    const body = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
    return isObject(body) ? /** @type {Record<string, unknown>} */ (body) : null;
  } catch {
    return null;
  }
}

/**
 * Milliseconds since 1970 of an ISO 8601 time.
 *
 * @param {unknown} value
 */
export function moment(value) {
  const at = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isNaN(at) ? null : at;
}

/**
 * A finite number, or null.
 *
 * @param {unknown} value
 */
export const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);

/** @param {unknown} value */
const string = (value) => (typeof value === "string" ? value.trim().slice(0, LONGEST_TEXT) : "");

/** @param {unknown} value */
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
