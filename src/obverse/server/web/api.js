// The HTTP API: one function per verb, and one error that carries what the server said.

import { language, t, told } from "./i18n.js";

// A refusal. `title` is ready to be shown; `code` is the name of the server's error.
export class Problem extends Error {
  constructor(status, body = {}) {
    super(body.detail || body.title || t("problem.none"));
    this.status = status;
    this.code = body.code ?? "";
    // About a zip its own words, whatever is wrong with it.
    const about = body.where === "zip" ? `${this.code}.zip` : this.code;
    this.title = told("error", about, this.message);
    // Of two photos sent together, which one: 0 or 1.
    this.photo = Number(/^photo (\d+) of/.exec(body.where ?? "")?.[1] ?? 0) - 1;
    this.hint = body.hint ? told("hint", about, body.hint) : "";
  }
}

// A server that is full says when to come again: so often, and so long, it is waited for.
const TRIES = 3;
const LONGEST_WAIT_S = 5;

const KEY = "key";
let askKey = async () => null;

// Who asks for a key when the server wants one: (wrong: boolean) => Promise<string | null>.
export function whenKeyNeeded(ask) {
  askKey = ask;
}

// The key lives as long as the tab, and nowhere else.
export const key = () => sessionStorage.getItem(KEY);
export const keepKey = (text) =>
  text ? sessionStorage.setItem(KEY, text) : sessionStorage.removeItem(KEY);

function headers(more = {}) {
  return key() ? { ...more, Authorization: `Bearer ${key()}` } : more;
}

async function problem(response) {
  let body = {};
  try {
    body = await response.json();
  } catch {
    // A proxy in between answers in its own way: the status has to do.
  }
  return new Problem(response.status, body);
}

const pause = (seconds) => new Promise((wake) => setTimeout(wake, 1000 * seconds));

// `quiet`: neither ask for a key nor wait, as for a look of the camera that the next one replaces.
async function send(method, path, { json, form, signal, quiet } = {}, tries = TRIES) {
  const options = {
    method,
    signal,
    headers: headers(json ? { "Content-Type": "application/json" } : {}),
  };
  if (json) options.body = JSON.stringify(json);
  if (form) options.body = form;
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { code: "Offline", detail: t("error.Offline") });
  }
  window.dispatchEvent(
    new CustomEvent("network", { detail: !response.headers.has("X-Seen-Before") }),
  );
  if (response.status === 401 && !quiet) {
    const given = await askKey(Boolean(key()));
    if (given) {
      keepKey(given);
      return send(method, path, { json, form, signal, quiet });
    }
  }
  const wait = Number(response.headers.get("Retry-After") ?? Infinity);
  if ([429, 503].includes(response.status) && !quiet && tries > 1 && wait <= LONGEST_WAIT_S) {
    await pause(wait);
    return send(method, path, { json, form, signal, quiet }, tries - 1);
  }
  if (!response.ok) throw await problem(response);
  return response;
}

const body = async (...call) => {
  const response = await send(...call);
  return response.status === 204 ? null : response.json();
};

function form(fields) {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one instanceof Blob) data.append(name, one, one.name ?? "photo.jpg");
      else if (one !== undefined && one !== null) data.append(name, one);
    }
  }
  return data;
}

const path = (...parts) => ["/v1", ...parts.map(encodeURIComponent)].join("/");

export const session = () => body("GET", "/v1/session");
// Shows the key once: it is checked, and a cookie lets <img> see pictures where reads need a key.
export const open = (given) => send("POST", "/v1/session", { json: { key: given }, quiet: true });
export const identify = (photos, options = {}, signal) =>
  body("POST", "/v1/identify", {
    form: form({ photo: photos, lang: language(), ...options }),
    signal,
  });
export const find = (photo, signal) =>
  body("POST", "/v1/find", { form: form({ photo }), signal, quiet: true });
export const items = (query, signal) => body("GET", `/v1/items?${query}`, { signal });
export const attributes = () => body("GET", "/v1/attributes");
export const item = (id) => body("GET", path("items", id));
export const addItem = (fields) => body("POST", "/v1/items", { form: form(fields) });
export const patchItem = (id, change) => body("PATCH", path("items", id), { json: change });
export const removeItem = (id) => body("DELETE", path("items", id));
export const patchView = (id, change) => body("PATCH", path("views", id), { json: change });
export const removeView = (id) => body("DELETE", path("views", id));
export const addViews = (id, photo, side) =>
  body("POST", `${path("items", id)}/views`, { form: form({ photo, side }) });
export const merge = (id, from) => body("POST", `${path("items", id)}:merge`, { json: { from } });
export const undo = (token) => body("POST", "/v1/undo", { json: { undo: token } });
export const correct = (fields) => body("POST", "/v1/corrections", { form: form(fields) });
export const report = () => body("GET", "/v1/report");
export const findDuplicates = () => body("POST", "/v1/duplicates");
export const job = (id, signal) => body("GET", path("jobs", id), { signal });
export const pictureOf = (view) => path("views", view, "picture");

// A picture of the server as a blob, to be shared or saved.
export const picture = async (url) => (await send("GET", url)).blob();

// A zip of many items. `tell` hears { sent, total } while it is sent, then the server's events.
// XMLHttpRequest, because fetch does not tell how much of a body is sent.
export function bulk(zip, tell) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let read = 0;
    const take = () => {
      // Events are parted by an empty line; the last one may not be whole yet.
      const end = request.responseText.lastIndexOf("\n\n");
      if (request.status !== 200 || end < read) return;
      for (const block of request.responseText.slice(read, end).split("\n\n")) {
        const event = /^event: *(.*)$/m.exec(block)?.[1] ?? "message";
        const data = /^data: *(.*)$/m.exec(block)?.[1];
        if (data) tell(event.trim(), JSON.parse(data));
      }
      read = end + 2;
    };
    request.upload.onprogress = (event) => tell("sent", { done: event.loaded, total: event.total });
    request.onprogress = take;
    request.onerror = () => reject(new Problem(0, { code: "Offline" }));
    request.onload = async () => {
      take();
      if (request.status === 200) return resolve();
      if (request.status === 401) {
        const given = await askKey(Boolean(key()));
        if (given) {
          keepKey(given);
          return bulk(zip, tell).then(resolve, reject);
        }
      }
      return reject(await problem(new Response(request.responseText, { status: request.status })));
    };
    request.open("POST", "/v1/items:bulk");
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.send(form({ zip }));
  });
}
