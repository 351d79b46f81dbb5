// Pictures: the server's, and the user's own from memory. Either says so if it cannot be shown.

import * as api from "./api.js";
import { h } from "./dom.js";

// The cookie that lets <img> see pictures ends with the server: the key is shown again, once.
let shownAgain = null;

export function picture(url, alt = "", properties = {}) {
  const image = h("img", { alt, decoding: "async", draggable: "false", ...properties });
  const missing = () => image.classList.add("missing");
  const again = async () => {
    image.addEventListener("error", missing);
    try {
      shownAgain ??= api.open(api.key());
      await shownAgain;
      image.src = url;
    } catch {
      missing();
    }
  };
  image.addEventListener("error", () => (api.key() ? again() : missing()), { once: true });
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
