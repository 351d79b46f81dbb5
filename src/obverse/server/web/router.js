// Addresses after the hash: "#/item/ID?…". They need nothing of the server, and work offline.

const routes = new Map();
let leave = null;
let shown = "";

export function route(name, page) {
  routes.set(name, page);
}

// { name, id, query } of the present address; a name that is none is the page "nowhere".
export function here() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, id = ""] = path.split("/");
  return {
    name: routes.has(name) ? name : location.hash.startsWith("#/") ? "nowhere" : "",
    id: decoded(id),
    query: new URLSearchParams(query),
  };
}

// What somebody mistyped is taken as it stands: no item has such an id, and the page says so.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function href(name, id = "", query = null) {
  const text = query?.toString();
  return `#/${name}${id && `/${encodeURIComponent(id)}`}${text ? `?${text}` : ""}`;
}

export function go(address) {
  if (location.hash === address) show();
  else location.hash = address;
}

// Writes the address down without going anywhere, such as while somebody types a search.
export function note(address) {
  history.replaceState(null, "", address);
  shown = address;
}

// Draws the present page. A page is a function (main, place) that may give back what to do when it
// is left. The focus goes to its heading, as a newly loaded page would have it read out.
export function show({ focus = true } = {}) {
  const main = document.getElementById("main");
  leave?.();
  leave = null;
  shown = location.hash;
  const place = here();
  main.replaceChildren();
  main.className = `page page-${place.name || "identify"}`;
  leave = routes.get(place.name)(main, place) ?? null;
  const heading = main.querySelector("h1");
  document.title = heading?.textContent ? `${heading.textContent} – Obverse` : "Obverse";
  if (focus && heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  window.dispatchEvent(new CustomEvent("shown", { detail: place }));
}

export function listen() {
  window.addEventListener("hashchange", () => {
    // A skip link changes the hash too, and is no page.
    if (location.hash && !location.hash.startsWith("#/"))
      return history.replaceState(null, "", shown || "#/");
    if (location.hash !== shown) {
      scrollTo(0, 0);
      show();
    }
    return undefined;
  });
}
