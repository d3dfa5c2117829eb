/** Keeps the whole page on the phone: after the first load it opens without the network. */

/** Set by build.js: the version, and every file of the page. */
const CACHE = `facecue-phone-${VERSION}`;
const FILES = FILES_OF_PAGE;

self.addEventListener("install", (event) => {
  // Past the browser's own cache, or an old file could be kept with the new ones.
  const files = FILES.map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(files)));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("facecue-phone-") && name !== CACHE;
  const clean = async () => {
    await Promise.all((await caches.keys()).filter(old).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(clean());
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  url.hash = url.search = "";
  const ours = new URL("./", self.location).href;
  const file = url.href.startsWith(ours) ? `./${url.href.slice(ours.length)}` : "";
  // Whatever else the same server has, a status page for instance, is none of this worker's business.
  if (event.request.method !== "GET" || !FILES.includes(file)) return;
  event.respondWith(caches.match(url.href).then((kept) => kept ?? fetch(event.request)));
});
