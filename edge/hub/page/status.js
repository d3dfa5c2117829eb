/** Shows what /status/live.json tells, every two seconds. The token is behind the "#" and stays in this tab. */
const EVERY_MS = 2000;
const KEPT = "facecue-status-token";

const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  sessionStorage.setItem(KEPT, given);
  history.replaceState(null, "", location.pathname);
}

const told = document.getElementById("told");
const holder = document.getElementById("devices");
/** Sections by the name of their device. */
const sections = new Map();

/** @param {string} path */
async function load(path) {
  const token = sessionStorage.getItem(KEPT);
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const answer = await fetch(path, { headers, cache: "no-store", signal: AbortSignal.timeout(6000) });
  if (answer.status === 401) throw new Error("This page needs its whole address, with the token: facecue hub --pair shows it.");
  if (!answer.ok) throw new Error(`The hub answers with ${answer.status}.`);
  return answer.json();
}

/** Only a change is written, or a screen reader would begin again and again. */
function put(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function say(words) {
  put(told, words);
}

const time = (seconds) => new Date(seconds * 1000).toLocaleTimeString();
const orNone = (value) => (value === null || value === undefined || value === "" ? "none" : String(value));
const yesNo = (value) => (value === true ? "yes" : value === false ? "no" : "not known");

function ago(seconds) {
  if (seconds === null) return "never";
  if (seconds < 90) return `${Math.round(seconds)} seconds ago`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} minutes ago` : `${Math.round(seconds / 3600)} hours ago`;
}

function sectionOf(name) {
  let section = sections.get(name);
  if (!section) {
    section = document.getElementById("device").content.cloneNode(true).firstElementChild;
    const heading = section.querySelector("h2");
    heading.textContent = `Device ${name}`;
    heading.id = `device-${sections.size}`;
    section.setAttribute("aria-labelledby", heading.id);
    holder.append(section);
    sections.set(name, section);
  }
  return section;
}

function showDevice(device) {
  const section = sectionOf(device.name);
  const fill = (key, words) => put(section.querySelector(`[data-fill="${key}"]`), words);
  const state = device.state ?? {};
  fill("available", device.available ?? "not known");
  fill("text", orNone(state.text));
  fill("person", yesNo(state.person));
  fill("heard", ago(device.heard_seconds));
  const { p50, p95, count } = device.latency_ms;
  fill("latency", p50 === null ? "no figure yet" : `half under ${Math.round(p50)} ms, 95 of 100 under ${Math.round(p95)} ms (${count} cues)`);
  const list = section.querySelector('[data-fill="health"]');
  const lines = device.health ? flat(device.health) : ["nothing told yet"];
  if (list.textContent !== lines.join("")) list.replaceChildren(...lines.map((line) => made("li", line)));
  const newest = device.cues.at(-1);
  const key = newest ? `${newest.seq} ${newest.ts} ${newest.at}` : "";
  if (section.dataset.newest !== key) {
    section.dataset.newest = key;
    draw(section.querySelector("svg"), device.cues);
    section.querySelector("tbody").replaceChildren(...device.cues.toReversed().map(row));
  }
}

/** Every value of an object, nested ones with their path, as "words: value". */
function flat(body, before = "") {
  return Object.entries(body).flatMap(([key, value]) => {
    const name = `${before}${key.replaceAll("_", " ")}`;
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return flat(value, `${name}, `);
    return [`${name}: ${Array.isArray(value) ? value.join(", ") || "none" : orNone(value)}`];
  });
}

function row(cue) {
  const confidence = cue.confidence === null ? "" : `${Math.round(cue.confidence * 100)} %`;
  const latency = cue.latency_ms === null ? "" : String(Math.round(cue.latency_ms));
  const line = document.createElement("tr");
  const cells = [time(cue.at), cue.kind, cue.text, cue.attitude, cue.emotion, confidence, latency];
  line.append(...cells.map((words) => made("td", words ?? "")));
  return line;
}

/** A dot for every cue: across is time, up is latency. */
function draw(svg, cues) {
  const dots = cues.filter((cue) => cue.latency_ms !== null);
  const [left, right, top, bottom] = [60, 590, 15, 150];
  const most = Math.max(100, ...dots.map((cue) => cue.latency_ms));
  const [first, last] = [dots.at(0)?.at ?? 0, dots.at(-1)?.at ?? 1];
  const across = (at) => left + ((right - left) * (at - first)) / Math.max(1, last - first);
  const up = (ms) => bottom - ((bottom - top) * ms) / most;
  const parts = [shape("title", {}, dots.length ? `Latency of ${dots.length} cues between ${time(first)} and ${time(last)}; highest ${Math.round(most)} ms. The table below has the figures.` : "No cue with a latency yet.")];
  for (const share of [0, 0.5, 1]) {
    parts.push(shape("line", { class: "axis", x1: left, x2: right, y1: up(most * share), y2: up(most * share) }));
    parts.push(shape("text", { x: 4, y: up(most * share) + 5 }, `${Math.round(most * share)} ms`));
  }
  for (const cue of dots) parts.push(shape("circle", { class: "dot", cx: across(cue.at), cy: up(cue.latency_ms), r: 4 }));
  if (dots.length) {
    parts.push(shape("text", { x: left, y: 172 }, time(first)));
    parts.push(shape("text", { x: right, y: 172, "text-anchor": "end" }, time(last)));
  }
  svg.replaceChildren(...parts);
}

function shape(name, attributes, words = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.textContent = words;
  return element;
}

function made(name, words) {
  const element = document.createElement(name);
  element.textContent = words;
  return element;
}

function showBroker(broker) {
  const parts = [broker.name || "elsewhere"];
  if (broker.running !== null) parts.push(broker.running ? "runs" : "is away", `started again ${broker.restarts} times`);
  parts.push(broker.connected ? "this page listens to it" : "this page cannot listen to it now");
  put(document.getElementById("broker"), parts.join(", "));
}

async function look() {
  try {
    const live = await load("live.json");
    showBroker(live.broker);
    for (const device of live.devices) showDevice(device);
    say(live.devices.length ? "Live." : "No device has published anything yet.");
  } catch (error) {
    say(error instanceof TypeError ? "The hub does not answer; trying again." : error.message);
  }
  setTimeout(look, document.hidden ? EVERY_MS * 5 : EVERY_MS);
}

document.getElementById("settings").addEventListener("toggle", async ({ target }) => {
  const rows = document.getElementById("settings-rows");
  if (!target.open || rows.childElementCount) return;
  try {
    for (const { key, value, changed, doc } of await load("settings.json")) {
      const line = document.createElement("tr");
      const words = Array.isArray(value) ? value.join(", ") : String(value);
      const name = made("th", key);
      name.scope = "row";
      line.append(name, ...[words, changed ? "changed" : "", doc].map((cell) => made("td", cell)));
      rows.append(line);
    }
  } catch (error) {
    say(error.message);
  }
});

look();
