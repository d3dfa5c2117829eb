/**
 * Says things once, by whoever the user has chosen: the phone's voice, or a screen reader by way of live
 * regions, which are switched off while the voice speaks, or everything would be heard twice.
 */
import { write } from "./element.js";

/** A live region is looked at a moment after it has changed. */
const SETTLE_MS = 500;

export class Announcer {
  /**
   * @param {HTMLElement} cue
   * @param {HTMLElement[]} others shown already where they are; polite
   * @param {(text: string, gently: boolean) => void} speak with the phone's voice; gently: cut nothing short
   */
  constructor(cue, others, speak) {
    this.cue = cue;
    this.others = others;
    this.speak = speak;
    this.voice = false;
    this.reader = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.settling = undefined;
  }

  /**
   * @param {boolean} voice whether the phone's voice speaks
   * @param {boolean} reader whether live regions are on
   */
  set(voice, reader) {
    this.voice = voice;
    this.reader = reader;
    this.apply();
  }

  /**
   * Show a cue.
   *
   * @param {string} text
   * @param {boolean} aloud false where it is too old to be announced
   */
  show(text, aloud) {
    clearTimeout(this.settling);
    this.settling = undefined;
    if (!aloud) {
      this.cue.setAttribute("aria-live", "off");
      this.settling = setTimeout(() => {
        this.settling = undefined;
        this.apply();
      }, SETTLE_MS);
    } else {
      this.apply();
    }
    // A new node, so that the same words are announced again.
    const words = document.createElement("span");
    words.textContent = text;
    this.cue.replaceChildren(words);
    if (aloud && this.voice) this.speak(text, false);
  }

  /**
   * Something about the link, the device or this page; never louder than a cue.
   *
   * @param {HTMLElement} where
   * @param {string} text
   */
  tell(where, text) {
    const changed = where.textContent !== text;
    write(where, text);
    if (changed && text && this.voice) this.speak(text, true);
  }

  apply() {
    const { reader } = this;
    if (this.settling === undefined) this.cue.setAttribute("aria-live", reader ? "assertive" : "off");
    for (const element of this.others) element.setAttribute("aria-live", reader ? "polite" : "off");
  }
}
