/** Reads the pairing code with the phone's camera, where the browser can. */

const LOOK_MS = 200;

export const canScan = () => "BarcodeDetector" in window && Boolean(navigator.mediaDevices?.getUserMedia);

/**
 * Look until a code is found.
 *
 * @param {HTMLVideoElement} video shows what the camera sees
 * @param {AbortSignal} signal
 * @param {(text: string) => boolean} take whether this code is the one
 * @returns {Promise<void>} fulfilled when the code was found, or the signal came; rejected without a camera
 */
export async function scan(video, signal, take) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  try {
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    video.srcObject = stream;
    video.hidden = false;
    await video.play();
    while (!signal.aborted) {
      for (const { rawValue } of await detector.detect(video)) if (take(rawValue)) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
    video.hidden = true;
  }
}
