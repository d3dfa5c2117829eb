/**
 * How old a message is, though the device's clock may be wrong: a Raspberry Pi has none of its own.
 *
 * The clocks are believed until two messages in a row, that did not come in one burst, arrive with the
 * same difference: what had waited somewhere comes in a burst, or with differences that shrink.
 */

const BURST_MS = 400;
const AGREE_MS = 1000;
/** A difference that is less than this is the way of the message, not a wrong clock. */
const SOUND_MS = 2000;

/** After this a cue is not worth saying: it stands in the list only. */
export const EXPIRY_MS = 10_000;

export class Freshness {
  constructor() {
    /** Phone's clock minus device's clock, milliseconds. */
    this.offset = 0;
    /** @type {{at: number, difference: number} | null} */
    this.last = null;
  }

  /**
   * Learn from a message that was not retained, and tell its age in milliseconds, never below 0.
   *
   * @param {number | null} ts device's clock, null where it is not told: then it is taken as new
   * @param {number} now phone's clock
   */
  heard(ts, now) {
    if (ts === null) return 0;
    const difference = now - ts;
    const { last } = this;
    if (last !== null && now - last.at < BURST_MS) {
      this.last = { at: now, difference };
    } else {
      const agree = last !== null && Math.abs(difference - last.difference) < AGREE_MS;
      if (Math.abs(difference) < SOUND_MS) this.offset = 0;
      else if (last !== null && agree) this.offset = Math.min(difference, last.difference);
      this.last = { at: now, difference };
    }
    return this.age(ts, now);
  }

  /**
   * Age in milliseconds of something of which nothing is to be learned.
   *
   * @param {number | null} ts
   * @param {number} now
   */
  age(ts, now) {
    return ts === null ? 0 : Math.max(0, now - ts - this.offset);
  }
}
