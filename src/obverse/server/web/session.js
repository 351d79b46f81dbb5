// What this server is: asked once, kept for every page. { catalogue, items, features, reads … }

import * as api from "./api.js";

const UNKNOWN = {
  catalogue: "",
  items: null,
  views: null,
  version: "",
  features: {},
  reads: "open",
  writes: "open",
};
let known = UNKNOWN;

export const session = () => known;

export async function refresh() {
  try {
    known = { ...UNKNOWN, ...(await api.session()) };
  } catch {
    // Offline, or not ready yet: pages show what they can without it.
  }
  window.dispatchEvent(new CustomEvent("session", { detail: known }));
  return known;
}
