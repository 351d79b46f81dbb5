// Find one item of the catalogue by typing: a text box and the items that match.

import * as api from "../api.js";
import { h, later, replace } from "../dom.js";
import { t } from "../i18n.js";
import { lineOf, nameOf } from "../items.js";
import { picture } from "../picture.js";
import { fail, field, speak } from "../ui.js";

const SHOWN = 8;

// `choose(item)` is called with the one taken; `first`: items offered before anything is typed.
export function searchItems(label, choose, first = []) {
  const list = h("ul", { class: "pick-list" });
  const show = (items) =>
    replace(
      list,
      items.map((item) =>
        h(
          "li",
          {},
          h(
            "button",
            { type: "button", class: "pick", on: { click: () => choose(item) } },
            picture(item.thumbnail, ""),
            h("span", {}, h("strong", {}, nameOf(item)), h("small", {}, lineOf(item))),
          ),
        ),
      ),
    );
  let aborter = new AbortController();
  const search = async (text) => {
    aborter.abort();
    aborter = new AbortController();
    if (!text) return show(first);
    try {
      const { items, total } = await api.items(
        new URLSearchParams({ q: text, limit: SHOWN }),
        aborter.signal,
      );
      show(items);
      speak(t("collection.count", { n: total }));
    } catch (error) {
      fail(error);
    }
    return undefined;
  };
  const input = h("input", {
    type: "search",
    autocomplete: "off",
    on: { input: later(150, () => search(input.value.trim())) },
  });
  show(first);
  return h("div", { class: "stack" }, field(label, input), list);
}
