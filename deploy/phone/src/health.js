/**
 * How the device is, in words: what it tells every half minute, and what its cues have told meanwhile.
 */
import { number } from "./payloads.js";
import { figure, word } from "./words.js";

const LOST = "_lost";
const FOUND = "_found";
/** After these nothing of what was told before holds any more. */
const FRESH_START = ["ready", "stopped"];
/** Said once at the start, and no trouble. */
const NO_TROUBLE = ["ready", "stick_there", "camera_there"];

export class Health {
  constructor() {
    /** Keys of the device's catalogue, oldest first. @type {Set<string>} */
    this.troubles = new Set();
    /** @type {Record<string, unknown>} */
    this.figures = {};
    /** When it was heard last, milliseconds since 1970. @type {number | null} */
    this.at = null;
  }

  /**
   * A cue of the kind "health".
   *
   * @param {string} label
   * @param {number} now
   */
  cue(label, now) {
    this.at = now;
    if (FRESH_START.includes(label)) this.troubles.clear();
    if (label.endsWith(FOUND)) {
      const what = label.slice(0, -FOUND.length);
      this.troubles.delete(what + LOST);
      this.troubles.delete(`${what}_absent`);
    } else if (label && !NO_TROUBLE.includes(label)) {
      this.troubles.add(label);
    }
  }

  /**
   * What stands on the topic /health.
   *
   * @param {Record<string, unknown>} body
   * @param {number} now
   */
  told(body, now) {
    this.at = now;
    this.figures = body;
    // A device that does not know how it is tells an empty list.
    if (typeof body.well === "boolean" && Array.isArray(body.troubles)) {
      this.troubles = new Set(body.troubles.filter((key) => typeof key === "string"));
    }
  }

  /**
   * The lines to show.
   *
   * @param {(key: string) => string} phrase words for a key of the device's catalogue
   * @returns {{text: string, trouble: boolean}[]}
   */
  lines(phrase) {
    if (this.at === null) return [{ text: word("health_none"), trouble: false }];
    const lines = [...this.troubles].map((key) => ({ text: phrase(key), trouble: true }));
    if (lines.length === 0) lines.push({ text: word("health_well"), trouble: false });
    const battery = number(this.figures.battery_percent);
    const temperature = number(this.figures.temperature_c);
    const delay = number(this.figures.latency_ms);
    if (battery !== null) lines.push({ text: word("health_battery", { value: figure(battery) }), trouble: false });
    if (temperature !== null)
      lines.push({ text: word("health_temperature", { value: figure(temperature) }), trouble: false });
    if (delay !== null) lines.push({ text: word("health_delay", { value: figure(delay / 1000) }), trouble: false });
    return lines;
  }
}
