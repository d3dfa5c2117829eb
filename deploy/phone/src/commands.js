/** Sends commands to the device and waits for its word; nothing is kept for later. */

const ANSWER_MS = 5000;

/** @typedef {"sent" | "not_sent" | "no_answer"} Outcome */

export class Commands {
  /**
   * @param {(tail: string, payload: string) => Promise<boolean>} publish
   * @param {(outcome: "not_sent" | "no_answer") => void} onFailure
   */
  constructor(publish, onFailure) {
    this.publish = publish;
    this.onFailure = onFailure;
    this.count = 0;
    this.mark = crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36) ?? "";
    /** @type {Map<string, ReturnType<typeof setTimeout>>} */
    this.waiting = new Map();
  }

  /**
   * @param {string} name one of edge/control/commands.py
   * @param {string | undefined} value
   */
  async send(name, value) {
    this.count += 1;
    const id = `${this.mark}-${this.count}`;
    const late = () => {
      if (this.waiting.delete(id)) this.onFailure("no_answer");
    };
    this.waiting.set(id, setTimeout(late, ANSWER_MS));
    const sent = await this.publish(`set/${name}`, JSON.stringify(value === undefined ? { id } : { value, id }));
    if (!sent && this.answered(id)) this.onFailure("not_sent");
  }

  /**
   * Whether this answers a command of this phone that still waits.
   *
   * @param {string | null} id
   */
  answered(id) {
    if (id === null || !this.waiting.has(id)) return false;
    clearTimeout(this.waiting.get(id));
    return this.waiting.delete(id);
  }
}
