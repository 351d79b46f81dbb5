// Identify: a photo in. One side, both sides, or a whole tray.

import * as api from "../api.js";
import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { asked, keep } from "../parts/asked.js";
import { hasCamera, takePhotos } from "../parts/camera.js";
import { Slot, cameraButton } from "../parts/slot.js";
import { ONE, TRAY, picturesIn, prepare } from "../photos.js";
import { go, href } from "../router.js";
import { session } from "../session.js";
import { button, check, choice, fail, hush, link, speak, waiting } from "../ui.js";

const LABELS = { one: ["side.one"], two: ["side.first", "side.second"], tray: ["side.tray"] };

export function identifyPage(main) {
  const page = new Identify(asked().mode);
  main.append(page.view);
  const paste = (event) => {
    const files = picturesIn(event.clipboardData);
    if (files.length) page.give(files);
  };
  const drop = (event) => {
    event.preventDefault();
    const files = picturesIn(event.dataTransfer);
    if (files.length) page.give(files);
  };
  const allow = (event) => event.preventDefault();
  const heard = [
    ["paste", paste],
    ["drop", drop],
    ["dragover", allow],
    ["session", () => page.untouched && page.draw()],
  ];
  for (const [event, run] of heard) window.addEventListener(event, run);
  return () => {
    for (const [event, run] of heard) window.removeEventListener(event, run);
    page.stop();
  };
}

class Identify {
  photos = [];
  year = false;
  #live = hasCamera();
  #aborter = null;

  constructor(mode) {
    this.mode = mode;
    this.view = h("section", { class: "identify" });
    this.draw();
  }

  get untouched() {
    return !this.photos.some(Boolean);
  }

  get labels() {
    return LABELS[this.mode].map((key) => t(key));
  }

  draw() {
    const { items, catalogue, features } = session();
    this.slots = this.labels.map(
      (label, i) =>
        new Slot({
          label,
          shape: this.mode === "tray" ? "tray" : "round",
          many: this.mode === "two",
          give: (files) => this.give(files, i),
          remove: () => this.#remove(i),
        }),
    );
    this.status = h("div", { class: "identify-status" });
    replace(
      this.view,
      h(
        "header",
        { class: "hero" },
        h("h1", {}, t("identify.title")),
        h(
          "p",
          {},
          items
            ? t("identify.from", { catalogue: catalogue.replace(/\.obv$/, ""), n: items })
            : t("identify.lead"),
        ),
      ),
      choice(
        t("identify.mode"),
        "mode",
        [
          ["one", t("mode.one")],
          features.sides !== false && ["two", t("mode.two")],
          ["tray", t("mode.tray")],
        ].filter(Boolean),
        this.mode,
        (mode) => this.#setMode(mode),
      ),
      h(
        "div",
        { class: `slots slots-${this.slots.length}` },
        this.slots.map((slot) => slot.view),
      ),
      this.status,
      features.year &&
        this.mode === "one" &&
        check(t("identify.year"), this.year, (on) => {
          this.year = on;
        }),
      items === 0 &&
        h(
          "p",
          { class: "note" },
          t("identify.empty"),
          " ",
          link(t("add.title"), href("add"), { name: "plus" }),
        ),
      !this.#live && h("p", { class: "hint" }, t("camera.insecure")),
    );
    this.#show();
  }

  #actions() {
    const whole = this.mode !== "two" || this.photos.filter(Boolean).length === 2;
    const camera = cameraButton(
      t("identify.camera"),
      this.#live,
      () => this.#camera(),
      (files) => this.give(files),
      "strong big",
    );
    if (this.untouched) return h("div", { class: "actions" }, camera);
    return h(
      "div",
      { class: "actions" },
      !whole &&
        cameraButton(
          t("identify.cameraSecond"),
          this.#live,
          () => this.#camera(),
          (files) => this.give(files),
          "strong big",
        ),
      button(whole ? t("identify.ask") : t("identify.askOne"), () => this.ask(), {
        name: "identify",
        kind: whole ? "strong big" : "big",
      }),
    );
  }

  #show() {
    this.slots.forEach((slot, i) => slot.set(this.photos[i] ?? null));
    replace(this.status, this.#actions());
  }

  #setMode(mode) {
    this.mode = mode;
    keep({ mode });
    this.photos = this.photos.filter(Boolean).slice(0, this.labels.length);
    this.draw();
    this.view.querySelector(`input[value=${mode}]`).focus();
  }

  #remove(i) {
    this.stop();
    this.photos[i] = null;
    this.#show();
    this.slots[i].input.focus();
  }

  async #camera() {
    const missing = this.labels
      .map((label, i) => (this.photos[i] ? null : { label, i }))
      .filter(Boolean);
    const shots = await takePhotos(
      missing.map(({ label }) => label),
      { tray: this.mode === "tray" },
    );
    if (!shots) return;
    missing.forEach(({ i }, k) => {
      this.photos[i] = shots[k];
    });
    this.#show();
    this.ask();
  }

  // Photos from anywhere. They go to the slot that was meant, else to the first free one; as soon
  // as nothing is missing, the question is asked.
  async give(files, slot = null) {
    this.stop();
    const room = this.labels.length;
    const taken = files.slice(0, room);
    for (const [k, file] of taken.entries()) {
      const free = this.labels.findIndex((_, i) => !this.photos[i]);
      const to = slot !== null && k === 0 ? slot : Math.max(0, free);
      this.photos[to] = await prepare(file, this.mode === "tray" ? TRAY : ONE);
    }
    this.#show();
    if (this.photos.filter(Boolean).length === room) this.ask();
  }

  stop() {
    this.#aborter?.abort();
    this.#aborter = null;
  }

  async ask() {
    this.stop();
    hush();
    const photos = this.photos.filter(Boolean);
    const aborter = new AbortController();
    this.#aborter = aborter;
    replace(this.status, waiting(t("identify.looking")));
    const options =
      this.mode === "tray"
        ? { all: true }
        : { top: 6, ...(this.year && this.mode === "one" && { year: true }) };
    try {
      const found = await api.identify(photos, options, aborter.signal);
      keep(
        this.mode === "tray"
          ? { tray: found, trayPhoto: photos[0] }
          : { photos, options, answer: found, from: "" },
      );
      go(href(this.mode === "tray" ? "tray" : "answer"));
    } catch (error) {
      if (error.name === "AbortError") return;
      if (error.photo >= 0) error.title = `${this.labels[error.photo]}: ${error.title}`;
      fail(error);
      this.#show();
      speak(error.title ?? error.message);
    }
  }
}
