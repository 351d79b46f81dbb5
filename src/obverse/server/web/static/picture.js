// <img> of the server's pictures. Where reads need a key, an address alone shows nothing: the bytes
// are fetched with the key and shown from memory.

import * as api from "./api.js";
import { h } from "./dom.js";
import { session } from "./session.js";

export function picture(url, alt = "", properties = {}) {
  const image = h("img", { alt, decoding: "async", draggable: "false", ...properties });
  image.addEventListener("error", () => image.classList.add("missing"));
  if (session().reads === "key") {
    api.picture(url).then((blob) => show(image, blob), () => image.classList.add("missing"));
  } else {
    image.src = url;
  }
  return image;
}

// A photo of the user's own, from memory.
export function local(blob, alt = "", properties = {}) {
  const image = h("img", { alt, draggable: "false", ...properties });
  image.addEventListener("error", () => image.classList.add("missing"));
  show(image, blob);
  return image;
}

function show(image, blob) {
  const url = URL.createObjectURL(blob);
  image.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
  image.src = url;
}
