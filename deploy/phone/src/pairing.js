/**
 * Which device this phone belongs to, and how it is brought here: by a link whose fragment holds it.
 *
 * A fragment never goes over the network, so a password may stand in it; it is taken out of the address
 * as soon as it is read.
 *
 * @typedef {object} Pairing
 * @property {string} broker ws:// or wss:// address of the broker
 * @property {string} device name of the device in topics
 * @property {string} prefix first level of every topic
 * @property {string} user empty where the broker asks for none
 * @property {string} password
 */

const LONGEST = 512;

/**
 * The pairing of a link or of its fragment alone: #device=NAME[&broker=wss://...][&prefix=][&user=][&password=]
 *
 * @param {string} text
 * @param {URL} page address of this page; without a broker it is <wss://the same host/mqtt>
 * @returns {Pairing | null} null where it is no pairing link
 */
export function read(text, page) {
  const at = text.indexOf("#");
  if (at < 0 || text.length > 4 * LONGEST) return null;
  const fields = new URLSearchParams(text.slice(at + 1).trim());
  const [device, prefix] = [fields.get("device") ?? "", fields.get("prefix") || "facecue"];
  const broker = brokerOf(fields.get("broker") || `${page.protocol === "https:" ? "wss" : "ws"}://${page.host}/mqtt`);
  const sound = /^[\p{L}\p{N}_.-]{1,128}$/u.test(device) && /^[^#+\0]{1,128}$/u.test(prefix);
  if (!sound || broker === null) return null;
  return { broker, device, prefix, user: fields.get("user") ?? "", password: fields.get("password") ?? "" };
}

/**
 * A pairing that was stored, if it is still one.
 *
 * @param {unknown} stored
 * @returns {Pairing | null}
 */
export function restored(stored) {
  if (typeof stored !== "object" || stored === null) return null;
  const fields = new URLSearchParams();
  for (const [key, value] of Object.entries(stored)) if (typeof value === "string") fields.set(key, value);
  return fields.get("broker") ? read(`#${fields}`, new URL("http://localhost")) : null;
}

/**
 * Topics of a device start with this.
 *
 * @param {Pairing} pairing
 */
export const base = (pairing) => `${pairing.prefix}/${pairing.device}`;

/**
 * Host and port of the broker, for a person to read.
 *
 * @param {Pairing} pairing
 */
export const place = (pairing) => new URL(pairing.broker).host;

/**
 * Whether a browser refuses to open this broker from this page, because only the page is encrypted.
 *
 * @param {Pairing} pairing
 * @param {URL} page
 */
export function mixed(pairing, page) {
  const broker = new URL(pairing.broker);
  const here = ["localhost", "127.0.0.1", "[::1]"].includes(broker.hostname);
  return page.protocol === "https:" && broker.protocol === "ws:" && !here;
}

/** @param {string} address */
function brokerOf(address) {
  try {
    const url = new URL(address);
    const plain = ["ws:", "wss:"].includes(url.protocol) && !url.username && !url.password && !url.hash;
    return plain && address.length <= LONGEST ? url.href : null;
  } catch {
    return null;
  }
}
