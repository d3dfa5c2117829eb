/** Keeps this phone connected to the broker: connect, listen, wait and try again. */
import mqtt from "mqtt";

import { base, mixed } from "./pairing.js";

/** What is listened to, under the device's base: docs/mqtt.md. */
export const TAILS = ["available", "state", "cue", "health", "ack"];

const KEEPALIVE_SECONDS = 10;
const CONNECT_MS = 6000;
/** How long the broker keeps what comes while the phone is away; cues expire sooner. */
const SESSION_SECONDS = 60;
/** Of one message; under MQTT 5 the broker keeps longer ones, which no device sends, to itself. */
const MOST_BYTES = 65_536;
const RETRY_MS = 500;
const RETRY_MOST_MS = 8000;
/** Nothing gets better by itself: the password is wrong, or a right is missing. */
const REFUSED_MS = 30_000;
const VERSIONS = /** @type {const} */ ([5, 4]);
/** Reason codes of a CONNACK that speak of the version, in MQTT 3.1.1 and 5. */
const OTHER_VERSION = [1, 132];
const DENIED = 128;

/**
 * @typedef {"connecting" | "connected" | "lost" | "unreachable" | "refused" | "denied" | "mixed"} LinkState
 * unreachable: never connected so far. refused: by name and password. denied: connected, but it may not
 * read the device. mixed: a browser does not let this page open this broker.
 *
 * @typedef {object} Listener
 * @property {(state: LinkState) => void} onState told every change
 * @property {(tail: string, payload: Uint8Array, retained: boolean) => void} onMessage
 */

export class BrokerLink {
  /**
   * @param {import("./pairing.js").Pairing} pairing
   * @param {Listener} listener
   */
  constructor(pairing, listener) {
    this.pairing = pairing;
    this.listener = listener;
    // The same for as long as the page is open, so that the broker can hand over what came meanwhile.
    this.name = `facecue-phone-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
    /** @type {mqtt.MqttClient | null} */
    this.client = null;
    /** @type {LinkState | null} */
    this.state = null;
    this.version = 0;
    this.attempts = 0;
    this.met = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    if (mixed(pairing, new URL(location.href))) this.become("mixed");
    else this.open();
  }

  /** Do not wait for the next try: the network is back, or somebody looks at the page. */
  hurry() {
    if (this.timer !== undefined) {
      this.attempts = 0;
      this.open();
    }
  }

  /**
   * Publish under the device's base; true once the broker has it, false where it cannot have it now.
   *
   * @param {string} tail
   * @param {string} payload
   * @returns {Promise<boolean>}
   */
  publish(tail, payload) {
    const { client } = this;
    if (client === null || !client.connected) return Promise.resolve(false);
    return new Promise((resolve) => {
      client.publish(`${base(this.pairing)}/${tail}`, payload, { qos: 1 }, (error) => resolve(!error));
    });
  }

  close() {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { client } = this;
    this.client = null;
    client?.end(true);
  }

  open() {
    this.close();
    if (this.state === null) this.become("connecting");
    const { broker, user, password } = this.pairing;
    const protocolVersion = VERSIONS[this.version] ?? 5;
    let opened = false;
    const client = mqtt.connect(broker, {
      createWebsocket: (url, protocols) => {
        const socket = new WebSocket(url, protocols);
        socket.addEventListener("open", () => (opened = true));
        return socket;
      },
      clientId: this.name,
      protocolVersion,
      username: user || undefined,
      password: user ? password : undefined,
      // MQTT 3.1.1 knows no end of a session: there the broker keeps nothing.
      clean: protocolVersion === 4,
      properties:
        protocolVersion === 5
          ? { sessionExpiryInterval: SESSION_SECONDS, maximumPacketSize: MOST_BYTES }
          : undefined,
      keepalive: KEEPALIVE_SECONDS,
      connectTimeout: CONNECT_MS,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
    });
    this.client = client;
    /** @type {LinkState | null} */
    let refusal = null;
    let answered = false;
    const end = () => {
      if (this.client !== client) return;
      this.close();
      this.wait(refusal);
    };
    client.on("connect", () => {
      answered = true;
      this.listen(client);
    });
    client.on("message", (topic, payload, packet) => {
      const tail = topic.slice(base(this.pairing).length + 1);
      if (this.client === client) this.listener.onMessage(tail, payload, packet.retain);
    });
    client.on("error", (error) => {
      const code = "code" in error && typeof error.code === "number" ? error.code : 0;
      answered ||= code > 0;
      if (OTHER_VERSION.includes(code)) this.otherVersion();
      else if (code > 0) refusal = "refused";
      end();
    });
    client.on("close", () => {
      // A broker that knows no MQTT 5 may just hang up.
      if (opened && !answered && !this.met) this.otherVersion();
      end();
    });
  }

  /** @param {mqtt.MqttClient} client */
  listen(client) {
    this.met = true;
    this.attempts = 0;
    const topics = TAILS.map((tail) => `${base(this.pairing)}/${tail}`);
    client.subscribe(topics, { qos: 1 }, (error, granted) => {
      if (this.client !== client) return;
      const denied = granted?.some(({ qos }) => Number(qos) >= DENIED);
      this.become(error || denied ? "denied" : "connected");
    });
  }

  /** @param {LinkState | null} refusal */
  wait(refusal) {
    this.become(refusal ?? (this.met ? "lost" : "unreachable"));
    this.attempts += 1;
    const longest = refusal ? REFUSED_MS : Math.min(RETRY_MOST_MS, RETRY_MS * 2 ** (this.attempts - 1));
    // Jitter, so that all the phones of a house do not come back in step.
    this.timer = setTimeout(() => this.open(), longest * (0.5 + Math.random() / 2));
  }

  otherVersion() {
    this.version = (this.version + 1) % VERSIONS.length;
  }

  /** @param {LinkState} state */
  become(state) {
    if (state === this.state) return;
    this.state = state;
    this.listener.onState(state);
  }
}
