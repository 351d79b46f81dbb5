// The collection: every item, to be searched, filtered, sorted, and put in order.

import * as api from "../api.js";
import { h, later, replace } from "../dom.js";
import { t } from "../i18n.js";
import { attributeName, lineOf, nameOf } from "../items.js";
import { chooseFilters } from "../parts/filters.js";
import { Grid } from "../parts/grid.js";
import { mergeItems, removeItems } from "../parts/remove.js";
import { picture } from "../picture.js";
import { href, note } from "../router.js";
import { busy, button, empty, fail, link, speak } from "../ui.js";

const SORTS = ["title", "-title", "-added", "added", "id"];
const OWN = new Set(["q", "sort"]);
// Where each list was left, so that coming back from an item finds it there.
const left = new Map();

export function collectionPage(main, { query }) {
  const page = new Collection(query);
  main.append(page.view);
  page.start();
  const slash = (event) => {
    if (event.key !== "/" || /INPUT|SELECT|TEXTAREA/.test(event.target.tagName)) return;
    event.preventDefault();
    page.search.focus();
  };
  window.addEventListener("keydown", slash);
  return () => {
    window.removeEventListener("keydown", slash);
    page.stop();
  };
}

class Collection {
  chosen = new Map();
  selecting = false;
  #fresh = true;

  constructor(query) {
    this.query = query;
    this.grid = new Grid({
      label: t("nav.collection"),
      load: (offset, limit, signal) => api.items(this.#params({ offset, limit }), signal),
      tile: (item) => this.#tile(item),
      blank: () => h("div", { class: "tile blank" }),
      changed: (grid) => this.#changed(grid),
      least: Math.min(180, window.innerWidth / 2 - 40),
      gap: window.innerWidth > 760 ? 28 : 16,
      failed: fail,
    });
    this.search = h("input", {
      type: "search",
      value: query.get("q") ?? "",
      placeholder: t("collection.search"),
      "aria-label": t("collection.search"),
      "aria-keyshortcuts": "/",
      autocomplete: "off",
      enterkeyhint: "search",
      on: { input: later(160, () => this.#set("q", this.search.value.trim())) },
    });
    this.count = h("p", { class: "count", role: "status" });
    this.chips = h("div", { class: "chips" });
    this.bar = h("div", {
      class: "select-bar",
      role: "toolbar",
      "aria-label": t("select.bar"),
      hidden: true,
    });
    this.hollow = h("div");
    this.view = h(
      "section",
      { class: "collection" },
      this.#head(),
      this.chips,
      this.grid.view,
      this.hollow,
      this.bar,
    );
  }

  #head() {
    const sort = (this.sort = h(
      "select",
      { "aria-label": t("sort.label"), on: { change: () => this.#set("sort", sort.value) } },
      SORTS.map((value) =>
        h("option", { value, selected: value === this.query.get("sort") }, t(`sort.${value}`)),
      ),
    ));
    this.selector = button(t("select.start"), () => this.#select(!this.selecting), {
      name: "check",
      "aria-pressed": "false",
    });
    return h(
      "header",
      { class: "collection-head" },
      h("div", { class: "collection-title" }, h("h1", {}, t("nav.collection")), this.count),
      h(
        "div",
        { class: "actions" },
        link(t("add.title"), href("add"), { name: "plus", kind: "strong" }),
        link(t("import.short"), href("import"), { name: "save" }),
      ),
      h(
        "div",
        { class: "tools" },
        this.search,
        sort,
        button(t("filter.title"), () => this.#filter(), { name: "filter" }),
        this.selector,
      ),
    );
  }

  start() {
    this.#chips();
    this.grid.reset();
  }

  stop() {
    left.set(this.#params().toString(), window.scrollY);
    this.grid.stop();
  }

  get filters() {
    return Object.fromEntries([...this.query].filter(([key]) => !OWN.has(key)));
  }

  #params(more = {}) {
    return new URLSearchParams({
      ...Object.fromEntries([...this.query].filter(([, value]) => value)),
      ...more,
    });
  }

  #set(key, value) {
    if (value) this.query.set(key, value);
    else this.query.delete(key);
    this.#changedQuery();
  }

  #changedQuery() {
    note(href("collection", "", this.#params()));
    left.delete(this.#params().toString());
    this.#fresh = true;
    this.#chips();
    window.scrollTo(0, 0);
    this.grid.reset();
  }

  #chips() {
    replace(
      this.chips,
      Object.entries(this.filters).map(([key, value]) =>
        button(`${attributeName(key)}: ${value}`, () => this.#set(key, ""), {
          name: "close",
          kind: "chip",
          label: t("filter.drop", { what: `${attributeName(key)}: ${value}` }),
        }),
      ),
    );
  }

  async #filter() {
    const chosen = await chooseFilters(this.filters);
    if (!chosen) return;
    for (const key of Object.keys(this.filters)) this.query.delete(key);
    for (const [key, value] of Object.entries(chosen)) this.query.set(key, value);
    this.#changedQuery();
  }

  // Attributes to sort by are those of the items seen first.
  #sorts(items) {
    const keys = new Set(items.flatMap((item) => Object.keys(item.attributes)));
    const chosen = this.query.get("sort");
    for (const option of [...this.sort.options].slice(SORTS.length)) option.remove();
    for (const key of keys)
      this.sort.append(h("option", { value: key, selected: key === chosen }, attributeName(key)));
  }

  #changed({ total, first }) {
    this.count.textContent = t("collection.count", { n: total });
    const narrowed = this.query.get("q") || Object.keys(this.filters).length;
    replace(
      this.hollow,
      total === 0 &&
        (narrowed
          ? empty(t("collection.nothing"), t("collection.nothingWhy"))
          : empty(
              t("collection.empty"),
              t("collection.emptyWhy"),
              link(t("add.title"), href("add"), { name: "plus", kind: "strong" }),
            )),
    );
    if (!this.#fresh) return;
    this.#fresh = false;
    this.#sorts(first);
    const y = left.get(this.#params().toString());
    if (y) requestAnimationFrame(() => window.scrollTo(0, y));
  }

  #tile(item) {
    const words = [
      h("span", { class: "coin" }, picture(item.thumbnail, "", { loading: "lazy" })),
      h("strong", {}, nameOf(item)),
      h("small", {}, lineOf(item)),
    ];
    if (!this.selecting) return h("a", { class: "tile", href: href("item", item.id) }, words);
    const box = h("input", {
      type: "checkbox",
      checked: this.chosen.has(item.id),
      on: {
        change: () => {
          if (box.checked) this.chosen.set(item.id, item);
          else this.chosen.delete(item.id);
          this.#drawBar();
        },
      },
    });
    return h("label", { class: "tile pickable" }, box, words);
  }

  #select(on) {
    this.selecting = on;
    this.chosen.clear();
    this.selector.setAttribute("aria-pressed", on);
    this.grid.again();
    this.#drawBar();
    if (on) speak(t("select.how"));
  }

  #drawBar() {
    const items = [...this.chosen.values()];
    this.bar.hidden = !this.selecting;
    const done = () => {
      this.#select(false);
      this.grid.reset();
    };
    replace(
      this.bar,
      h(
        "span",
        { role: "status" },
        items.length ? t("select.count", { n: items.length }) : t("select.how"),
      ),
      button(
        t("merge.short"),
        (event) => busy(event.currentTarget, () => mergeItems(items, done)),
        { name: "merge", disabled: items.length < 2 },
      ),
      button(t("delete"), (event) => busy(event.currentTarget, () => removeItems(items, done)), {
        name: "bin",
        kind: "bad",
        disabled: !items.length,
      }),
      button(t("select.end"), () => this.#select(false), { kind: "quiet" }),
    );
  }
}
