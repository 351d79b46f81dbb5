// What looks like a slip in what was just added, in the server's own sentences, under a heading.

import { h } from "../dom.js";

export function noted(title, notes) {
  return notes.length
    ? h(
        "ul",
        { class: "note" },
        h("li", {}, title),
        notes.map((line) => h("li", { lang: "en" }, line)),
      )
    : null;
}
