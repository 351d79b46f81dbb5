// A grid of any length: only the rows in sight are in the page, only the pages in sight are asked for.
//
// One tab stop; the arrow keys, Home, End and Page keys walk through it.

import { h, later } from "../dom.js";

const PAGE = 100;
// Pages kept in memory, and rows drawn beyond each end of the window.
const KEPT = 30;
const SPARE = 2;
// While somebody flings the scrollbar past thousands of items, nothing is asked for.
const CALM_MS = 90;

export class Grid {
  total = 0;
  #pages = new Map();
  #shown = new Map();
  #current = 0;
  #columns = 1;
  #row = 1;
  #aborters = new Map();

  // `load(offset, limit, signal)` -> { total, items }; `tile(item, index)` -> element for an <li>;
  // `blank()` -> the same while it is on its way; `changed(grid)` after each page that came.
  // `least`: width in pixels of the narrowest tile; `words`: height of what is under its picture.
  constructor({ load, tile, blank, changed, failed, label, least = 150, words = 84, gap = 16 }) {
    Object.assign(this, { load, tile, blank, changed, failed, least, words, gap });
    this.list = h("ul", { class: "grid-window", "aria-label": label });
    this.view = h("div", { class: "grid" }, this.list);
    this.view.addEventListener("keydown", (event) => this.#key(event));
    this.view.addEventListener("focusin", (event) => {
      const index = Number(event.target.closest("li")?.dataset.index ?? -1);
      if (index >= 0) this.#point(index);
    });
    this.#calmly = later(CALM_MS, () => this.#fetch());
    this.#scrolled = () => requestAnimationFrame(() => this.draw());
    window.addEventListener("scroll", this.#scrolled, { passive: true });
    this.watch = new ResizeObserver(() => this.#measure());
    this.watch.observe(this.view);
  }

  #calmly;
  #scrolled;

  stop() {
    window.removeEventListener("scroll", this.#scrolled);
    this.watch.disconnect();
    for (const aborter of this.#aborters.values()) aborter.abort();
  }

  // Everything anew: other items, or the same ones changed.
  async reset() {
    for (const aborter of this.#aborters.values()) aborter.abort();
    this.#aborters.clear();
    this.#pages.clear();
    this.#current = 0;
    await this.#get(0, true);
  }

  // The tiles anew, from what is in memory: they look otherwise now.
  again() {
    this.#clear();
    this.draw();
  }

  // The items of the first page.
  get first() {
    return this.#pages.get(0) ?? [];
  }

  item(index) {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  #clear() {
    this.#shown.clear();
    this.list.replaceChildren();
  }

  #measure() {
    const width = this.view.clientWidth;
    if (!width) return;
    this.#columns = Math.max(2, Math.floor((width + this.gap) / (this.least + this.gap)));
    const column = (width - this.gap * (this.#columns - 1)) / this.#columns;
    this.#row = column + this.words + this.gap;
    this.list.style.setProperty("--gap", `${this.gap}px`);
    this.list.style.setProperty("--columns", this.#columns);
    this.list.style.setProperty("--tile", `${column + this.words}px`);
    this.draw();
  }

  #range() {
    const top = -this.view.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / this.#row) - SPARE);
    const last = Math.ceil((top + window.innerHeight) / this.#row) + SPARE;
    return [first * this.#columns, Math.min(this.total, Math.max(0, last) * this.#columns)];
  }

  draw() {
    const rows = Math.ceil(this.total / this.#columns);
    this.view.style.setProperty("height", `${Math.max(0, rows * this.#row - this.gap)}px`);
    const [from, to] = this.#range();
    for (const [index, element] of this.#shown) {
      if (index >= from && index < to) continue;
      element.remove();
      this.#shown.delete(index);
    }
    let before = this.list.firstChild;
    for (let index = from; index < to; index += 1) {
      let element = this.#shown.get(index);
      const item = this.item(index);
      if (!element || (item && element.hasAttribute("data-blank"))) {
        const fresh = this.#make(item, index);
        if (element) element.replaceWith(fresh);
        else this.list.insertBefore(fresh, before);
        element = fresh;
        this.#shown.set(index, fresh);
      }
      before = element.nextSibling;
    }
    this.list.style.setProperty("--top", `${(from / this.#columns) * this.#row}px`);
    this.#calmly();
  }

  #make(item, index) {
    const inside = item ? this.tile(item, index) : this.blank();
    const stop = inside.matches("a, button, input")
      ? inside
      : inside.querySelector("a, button, input");
    if (stop) stop.tabIndex = index === this.#current ? 0 : -1;
    return h(
      "li",
      {
        "data-index": index,
        "data-blank": !item,
        "aria-setsize": this.total,
        "aria-posinset": index + 1,
      },
      inside,
    );
  }

  #fetch() {
    // How many there are comes with the first page, which reset() asks for.
    if (!this.total) return;
    const [from, to] = this.#range();
    const wanted = new Set();
    for (let page = Math.floor(from / PAGE); page * PAGE < to; page += 1) wanted.add(page);
    for (const [page, aborter] of this.#aborters) if (!wanted.has(page)) aborter.abort();
    for (const page of wanted)
      if (!this.#pages.has(page) && !this.#aborters.has(page)) this.#get(page);
  }

  async #get(page, first = false) {
    const aborter = new AbortController();
    this.#aborters.set(page, aborter);
    try {
      const { total, items } = await this.load(page * PAGE, PAGE, aborter.signal);
      if (aborter.signal.aborted) return;
      this.total = total;
      this.#pages.set(page, items);
      if (this.#pages.size > KEPT) this.#pages.delete(this.#pages.keys().next().value);
      if (first) this.#clear();
      this.changed(this);
      this.#measure();
    } catch (error) {
      if (error.name !== "AbortError") this.failed(error);
    } finally {
      if (this.#aborters.get(page) === aborter) this.#aborters.delete(page);
    }
  }

  #stopOf(index) {
    return this.#shown.get(index)?.querySelector("a, button, input");
  }

  #point(index) {
    const before = this.#stopOf(this.#current);
    if (before) before.tabIndex = -1;
    this.#current = index;
    const now = this.#stopOf(index);
    if (now) now.tabIndex = 0;
  }

  #key(event) {
    const page = this.#columns * Math.max(1, Math.floor(window.innerHeight / this.#row) - 1);
    const step = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: this.#columns,
      ArrowUp: -this.#columns,
      PageDown: page,
      PageUp: -page,
      Home: -Infinity,
      End: Infinity,
    }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.focus(Math.min(this.total - 1, Math.max(0, this.#current + step)));
  }

  focus(index) {
    const head = document.getElementById("head").offsetHeight;
    const top =
      this.view.getBoundingClientRect().top +
      window.scrollY +
      Math.floor(index / this.#columns) * this.#row;
    const [low, high] = [window.scrollY + head, window.scrollY + window.innerHeight - this.#row];
    if (top < low) window.scrollTo(0, top - head - this.gap);
    else if (top > high) window.scrollTo(0, top - window.innerHeight + this.#row + this.gap);
    this.draw();
    this.#point(index);
    this.#stopOf(index)?.focus({ preventScroll: true });
  }
}
