/** What this phone knows of the device, from what it has heard; no page, no clock, no broker. */
import { EXPIRY_MS, Freshness } from "./freshness.js";
import { Health } from "./health.js";
import { ackOf, cueOf, moment, objectOf, settingsOf } from "./payloads.js";
import { Presence } from "./presence.js";

const MOST_PAST = 30;

/**
 * @typedef {import("./payloads.js").Cue} Cue
 *
 * @typedef {object} Received
 * @property {Cue} cue
 * @property {number} at when the device said it, by the phone's clock
 * @property {boolean} aloud whether it is still worth announcing
 */

export class Known {
  constructor() {
    this.freshness = new Freshness();
    this.presence = new Presence();
    this.health = new Health();
    this.set = settingsOf({});
    /** The newest cue, also one that was said before this phone listened. @type {Received | null} */
    this.last = null;
    /** Newest first. @type {Received[]} */
    this.past = [];
    /** Stream -> its last number. @type {Map<string, number>} */
    this.numbers = new Map();
  }

  /**
   * Take a message in.
   *
   * @param {string} tail of the topic
   * @param {Uint8Array} payload
   * @param {boolean} retained
   * @param {number} now
   * @returns {{cue?: Received, ack?: import("./payloads.js").Ack}} what is news
   */
  hear(tail, payload, retained, now) {
    this.presence.heard(tail, retained, now);
    if (tail === "available") {
      this.presence.available = new TextDecoder().decode(payload) === "online";
      return {};
    }
    const body = objectOf(payload);
    if (body === null) return {};
    if (tail === "ack") {
      const ack = ackOf(body);
      if (!retained) this.freshness.heard(ack.ts, now);
      return { ack };
    }
    if (tail === "health") {
      if (!retained) this.freshness.heard(moment(body.ts), now);
      this.health.told(body, now);
    } else if (tail === "state") {
      this.set = settingsOf(body);
      // It comes with every cue, too: it is news only to a page that was not there.
      const cue = cueOf(body);
      if (cue && retained && this.isNew(cue)) this.keep({ cue, at: now - this.freshness.age(cue.ts, now), aloud: false });
    } else if (tail === "cue" && !retained) {
      return this.hearCue(cueOf(body), now);
    }
    return {};
  }

  /** The connection is lost: the device may come and go unseen. */
  lost() {
    this.presence.available = null;
  }

  /**
   * @param {Cue | null} cue
   * @param {number} now
   */
  hearCue(cue, now) {
    if (cue === null || !this.isNew(cue)) return {};
    if (cue.seq !== null) this.numbers.set(cue.stream, cue.seq);
    const age = this.freshness.heard(cue.ts, now);
    const received = { cue, at: now - age, aloud: age <= EXPIRY_MS };
    this.past = [received, ...this.past].slice(0, MOST_PAST);
    this.keep(received);
    if (cue.kind === "health") this.health.cue(cue.label, now);
    return { cue: received };
  }

  /** @param {Received} received */
  keep(received) {
    // What waited somewhere does not take the place of what came since.
    if (this.last === null || received.at >= this.last.at) this.last = received;
  }

  /**
   * Whether this cue has not been heard: QoS 1 may bring it twice.
   *
   * @param {Cue} cue
   */
  isNew({ stream, seq }) {
    return seq === null || seq > (this.numbers.get(stream) ?? -Infinity);
  }
}
