/** Keeps the screen on while the page is seen: a locked phone hears nothing from the broker. */

/** @type {WakeLockSentinel | null} */
let lock = null;
let wanted = false;

/** @param {boolean} on */
export async function keepAwake(on) {
  wanted = on;
  try {
    if (on && document.visibilityState === "visible") lock ??= (await navigator.wakeLock?.request("screen")) ?? null;
    else if (!on) await lock?.release();
  } catch {
    // An empty battery, for instance: the phone then does as it likes.
  }
  if (!on) lock = null;
}

document.addEventListener("visibilitychange", () => {
  // The browser takes the lock away from a page that is not seen.
  lock = document.visibilityState === "visible" ? lock : null;
  if (wanted) keepAwake(true);
});
