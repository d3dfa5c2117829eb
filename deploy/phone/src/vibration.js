/** A pattern for every sort of cue, to be told apart without looking; milliseconds on, off, on, ... */

export const PATTERNS = {
  person: [400],
  nobody: [400, 150, 400],
  pleasant: [70, 90, 70],
  unpleasant: [300, 90, 70],
  other: [70],
  trouble: [60, 60, 60, 60, 60, 60, 60, 60, 60],
};

/** @typedef {keyof typeof PATTERNS} Sort */

export const SORTS = /** @type {Sort[]} */ (Object.keys(PATTERNS));

const PLEASANT = new Set(["smile", "positive", "happiness"]);
const UNPLEASANT = new Set(["frown", "nose_wrinkled", "mouth_corners_down", "negative"]);
for (const emotion of ["sadness", "anger", "disgust", "fear", "contempt"]) UNPLEASANT.add(emotion);

/**
 * Which pattern a cue has; null for an answer, which was just asked for.
 *
 * @param {{kind: string, label: string}} cue
 * @returns {Sort | null}
 */
export function sortOf({ kind, label }) {
  if (kind === "answer") return null;
  if (kind === "person") return "person";
  if (kind === "no_face") return "nobody";
  if (kind === "health") return "trouble";
  const what = label.replace(/^maybe_/, "");
  return PLEASANT.has(what) ? "pleasant" : UNPLEASANT.has(what) ? "unpleasant" : "other";
}

/** Whether this browser can vibrate; those of an iPhone cannot. */
export const canVibrate = () => typeof navigator.vibrate === "function";

/** @param {Sort} sort */
export function vibrate(sort) {
  if (canVibrate()) navigator.vibrate(PATTERNS[sort]);
}
