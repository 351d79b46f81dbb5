// Pictures: the server's, and the user's own from memory. Either says so if it cannot be shown.

import { h } from "./dom.js";

export function picture(url, alt = "", properties = {}) {
  const image = h("img", { alt, decoding: "async", draggable: "false", ...properties });
  image.addEventListener("error", () => image.classList.add("missing"));
  image.src = url;
  return image;
}

// A photo of the user's own, from memory.
export function local(blob, alt = "", properties = {}) {
  const image = h("img", { alt, draggable: "false", ...properties });
  image.addEventListener("error", () => image.classList.add("missing"));
  const url = URL.createObjectURL(blob);
  image.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
  image.src = url;
  return image;
}
