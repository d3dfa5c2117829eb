/** The phone's own voice: the newest words only, and a word of its own when it stays silent. */

/** A voice that has not begun by then is asked once more. */
const START_MS = 1500;

/**
 * @typedef {"blocked" | "silent" | null} Trouble blocked: the browser waits for a tap; silent: nothing came
 *
 * @typedef {object} How
 * @property {string} language as in VOICE_LANGUAGES
 * @property {string} voice its URI, empty for the phone's choice
 * @property {number} rate 1 is the voice's own
 */

export class PhoneVoice {
  /**
   * @param {SpeechSynthesis | undefined} synth undefined where the browser has none
   * @param {(trouble: Trouble) => void} onTrouble told when it changes
   */
  constructor(synth, onTrouble) {
    this.synth = synth;
    this.onTrouble = onTrouble;
    /** @type {Trouble} */
    this.trouble = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.watch = undefined;
  }

  /**
   * The voices of a language, for the user to choose from.
   *
   * @param {string} language as in VOICE_LANGUAGES
   */
  voices(language) {
    const short = language.split("-")[0];
    const all = this.synth?.getVoices() ?? [];
    return all.filter((voice) => voice.lang.toLowerCase().replace("_", "-").split("-")[0] === short);
  }

  /**
   * Say this instead of whatever is being said.
   *
   * @param {string} text
   * @param {How} how
   */
  say(text, how) {
    clearTimeout(this.watch);
    if (this.busy) this.synth?.cancel();
    this.begin(text, how, true);
  }

  /**
   * Say this once what is being said has ended.
   *
   * @param {string} text
   * @param {How} how
   */
  add(text, how) {
    if (this.busy) this.utter(text, how);
    else this.begin(text, how, true);
  }

  get busy() {
    return Boolean(this.synth?.speaking || this.synth?.pending);
  }

  /**
   * @param {string} text
   * @param {How} how
   * @param {boolean} again whether a voice that does not begin is asked once more
   */
  begin(text, how, again) {
    this.utter(text, how);
    clearTimeout(this.watch);
    this.watch = setTimeout(() => {
      this.synth?.cancel();
      if (again) this.begin(text, how, false);
      else this.report("silent");
    }, START_MS);
  }

  /**
   * @param {string} text
   * @param {How} how
   */
  utter(text, how) {
    const { synth } = this;
    if (!synth) return this.report("silent");
    const utterance = new SpeechSynthesisUtterance(text);
    utterance.lang = how.language;
    utterance.rate = how.rate;
    const voice = this.voices(how.language).find(({ voiceURI }) => voiceURI === how.voice);
    if (voice) utterance.voice = voice;
    utterance.onstart = () => {
      clearTimeout(this.watch);
      this.report(null);
    };
    utterance.onerror = ({ error }) => {
      // A newer cue has taken its place.
      if (error === "canceled" || error === "interrupted") return;
      clearTimeout(this.watch);
      this.report(error === "not-allowed" ? "blocked" : "silent");
    };
    synth.speak(utterance);
    return undefined;
  }

  stop() {
    clearTimeout(this.watch);
    this.synth?.cancel();
  }

  /** @param {Trouble} trouble */
  report(trouble) {
    if (trouble === this.trouble) return;
    this.trouble = trouble;
    this.onTrouble(trouble);
  }
}
