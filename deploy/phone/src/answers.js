/**
 * When the answer to a command is said: it comes as an acknowledgement to the phone that asked, and as a cue
 * to all who listen, and nobody wants to hear it twice. The cue goes first.
 */

const CUE_WITHIN_MS = 400;

export class Answers {
  /** @param {(text: string) => void} say */
  constructor(say) {
    this.say = say;
    this.cueAt = -Infinity;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** An answer came as a cue. @param {number} now */
  cue(now) {
    clearTimeout(this.timer);
    this.cueAt = now;
  }

  /**
   * @param {string} text empty where there is nothing to say
   * @param {number} now
   */
  ack(text, now) {
    clearTimeout(this.timer);
    if (text && now - this.cueAt > CUE_WITHIN_MS) this.timer = setTimeout(() => this.say(text), CUE_WITHIN_MS);
  }

  forget() {
    clearTimeout(this.timer);
  }
}
