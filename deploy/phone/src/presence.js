/** Whether the device is on: it says so itself, but a broker can hold an old word, so silence counts too. */

/** A device that tells its health every 30 s has missed three of them: docs/mqtt.md. */
export const SILENCE_MS = 90_000;

/** @typedef {"unknown" | "on" | "off" | "silent"} DeviceState */

export class Presence {
  constructor() {
    /** @type {boolean | null} */
    this.available = null;
    /** When something was heard that was not retained. @type {number | null} */
    this.heardAt = null;
    this.tellsHealth = false;
  }

  /**
   * Something came.
   *
   * @param {string} tail
   * @param {boolean} retained
   * @param {number} now
   */
  heard(tail, retained, now) {
    if (retained) return;
    this.heardAt = now;
    if (tail === "health") this.tellsHealth = true;
  }

  /**
   * @param {number} now
   * @returns {DeviceState}
   */
  state(now) {
    if (this.available === null) return "unknown";
    if (!this.available) return "off";
    // A device that tells no health is silent as long as there is no cue.
    const silent = this.tellsHealth && this.heardAt !== null && now - this.heardAt > SILENCE_MS;
    return silent ? "silent" : "on";
  }
}
