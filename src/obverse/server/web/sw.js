// Keeps the app, and what was last seen of the collection, for when the server cannot be reached.
//
// The network comes first, so nothing shown is ever older than it has to be. Only answers to plain
// GETs are kept: no upload, no answer about a photo, and nothing that was asked for with a key.

const SHELL = "shell-1";
const SEEN = "seen-1";
const PICTURES = "pictures-1";
const MOST = { [SEEN]: 60, [PICTURES]: 600 };
// A server that does not answer for this long counts as gone, if there is something to show.
const PATIENCE_MS = 4000;

const FILES = [
  "/",
  "/manifest.webmanifest",
  "/static/api.js",
  "/static/app.js",
  "/static/css/answer.css",
  "/static/css/base.css",
  "/static/css/collection.css",
  "/static/css/identify.css",
  "/static/css/parts.css",
  "/static/dom.js",
  "/static/early.js",
  "/static/i18n.js",
  "/static/icon-192.png",
  "/static/icon-512.png",
  "/static/icon.svg",
  "/static/icons.js",
  "/static/items.js",
  "/static/keys.js",
  "/static/pages/about.js",
  "/static/pages/add.js",
  "/static/pages/answer.js",
  "/static/pages/collection.js",
  "/static/pages/duplicates.js",
  "/static/pages/identify.js",
  "/static/pages/import.js",
  "/static/pages/item.js",
  "/static/pages/nowhere.js",
  "/static/pages/tray.js",
  "/static/parts/aim.js",
  "/static/parts/asked.js",
  "/static/parts/camera.js",
  "/static/parts/compare.js",
  "/static/parts/editor.js",
  "/static/parts/filters.js",
  "/static/parts/found.js",
  "/static/parts/grid.js",
  "/static/parts/notes.js",
  "/static/parts/remove.js",
  "/static/parts/search-items.js",
  "/static/parts/share.js",
  "/static/parts/slot.js",
  "/static/parts/wrong.js",
  "/static/photos.js",
  "/static/picture.js",
  "/static/router.js",
  "/static/session.js",
  "/static/ui.js",
  "/static/words/en.js",
  "/static/words/zh.js",
];

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(SHELL)
      .then((cache) => cache.addAll(FILES))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  const mine = new Set([SHELL, SEEN, PICTURES]);
  const clean = async () => {
    for (const name of await caches.keys()) if (!mine.has(name)) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(clean());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const place = new URL(request.url);
  if (
    request.method !== "GET" ||
    place.origin !== self.location.origin ||
    request.headers.has("Authorization")
  )
    return;
  const store = storeOf(place.pathname);
  if (store) event.respondWith(networkFirst(request, store));
});

function storeOf(path) {
  if (FILES.includes(path)) return SHELL;
  if (/^\/v1\/(items\/[^/]+\/thumbnail|views\/[^/]+\/picture)$/.test(path)) return PICTURES;
  if (/^\/v1\/(session|attributes|items|items\/[^/]+)$/.test(path)) return SEEN;
  return null;
}

async function networkFirst(request, name) {
  const cache = await caches.open(name);
  const kept = () => cache.match(request, { ignoreVary: true });
  const fresh = fetch(request).then(async (response) => {
    if (response.ok && response.type === "basic" && mayKeep(response, name)) {
      await cache.put(request, response.clone());
      await trim(cache, MOST[name]);
    }
    return response;
  });
  try {
    return await Promise.race([fresh, slow(kept)]);
  } catch (error) {
    const old = await kept();
    if (!old) throw error;
    return marked(old);
  }
}

// Pictures that need a key are nobody's to keep. No answer of the API is for a browser's own cache.
function mayKeep(response, name) {
  return name !== PICTURES || !/no-store/.test(response.headers.get("Cache-Control") ?? "");
}

// Gives up on the network in time, but only where something is kept.
async function slow(kept) {
  await new Promise((wake) => setTimeout(wake, PATIENCE_MS));
  if (await kept()) throw new Error("too slow");
  return new Promise(() => {});
}

// The page says that it shows what was seen before.
function marked(response) {
  const headers = new Headers(response.headers);
  headers.set("X-Seen-Before", "1");
  return new Response(response.body, {
    status: response.status,
    statusText: response.statusText,
    headers,
  });
}

// The oldest go first: a cache lists its entries in the order they were put.
async function trim(cache, most = Infinity) {
  const keys = await cache.keys();
  for (const key of keys.slice(0, Math.max(0, keys.length - most))) await cache.delete(key);
}
