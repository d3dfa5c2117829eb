/** How this phone is paired: by a code, by a pasted link, or by a link that was opened; always after a question. */
import { byId, write } from "./element.js";
import { place, read } from "./pairing.js";
import { canScan, scan } from "./scan.js";
import { word } from "./words.js";

/** @typedef {import("./pairing.js").Pairing} Pairing */

const button = byId("scan");
const link = /** @type {HTMLInputElement} */ (byId("link"));
const question = /** @type {HTMLDialogElement} */ (byId("ask-pairing"));
const video = /** @type {HTMLVideoElement} */ (byId("camera"));

/** @type {AbortController | null} */
let scanning = null;

/**
 * @param {(pairing: Pairing) => void} onPaired
 * @returns {{fromAddress: () => boolean, stop: () => void, relabel: () => void}} fromAddress: look at the
 * page's own address; whether a pairing stood there
 */
export function start(onPaired) {
  /** @type {Pairing | null} */
  let asked = null;

  /** @param {Pairing} pairing */
  const ask = (pairing) => {
    asked = pairing;
    write(byId("ask-pairing-text"), word("pair_ask", { device: pairing.device, broker: place(pairing) }));
    if (!question.open) question.showModal();
    // Before the question is read, a double tap must do nothing that matters.
    byId("pairing-no").focus();
  };

  const relabel = () => {
    write(button, word(scanning ? "pair_stop" : "pair_scan"));
    if (asked && question.open) ask(asked);
  };

  const stop = () => {
    scanning?.abort();
    scanning = null;
    relabel();
  };

  const look = async () => {
    const attempt = new AbortController();
    scanning = attempt;
    write(byId("scan-told"), word("pair_aim"));
    relabel();
    try {
      await scan(video, attempt.signal, (text) => {
        const pairing = read(text, new URL(location.href));
        if (pairing) ask(pairing);
        return pairing !== null;
      });
      write(byId("scan-told"), "");
    } catch {
      write(byId("scan-told"), word("pair_no_camera"));
    }
    if (scanning === attempt) stop();
  };

  button.hidden = !canScan();
  button.addEventListener("click", () => (scanning ? stop() : void look()));

  byId("link-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const pairing = read(link.value.trim(), new URL(location.href));
    link.toggleAttribute("aria-invalid", pairing === null);
    if (pairing === null) link.setAttribute("aria-invalid", "true");
    write(byId("link-told"), pairing ? "" : word("pair_bad"));
    if (pairing) ask(pairing);
    else link.focus();
  });

  byId("pairing-yes").addEventListener("click", () => {
    question.close();
    stop();
    link.value = "";
    if (asked) onPaired(asked);
    asked = null;
  });
  byId("pairing-no").addEventListener("click", () => question.close());

  const fromAddress = () => {
    if (!location.hash) return false;
    const pairing = read(location.hash, new URL(location.href));
    // It may hold a password: neither the history nor the address bar keeps it.
    history.replaceState(null, "", location.pathname + location.search);
    if (pairing) ask(pairing);
    return pairing !== null;
  };
  return { fromAddress, stop, relabel };
}
