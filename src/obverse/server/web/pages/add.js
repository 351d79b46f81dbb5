// Add an item: its sides one after the other by camera or from files, a name, what is known of it.

import * as api from "../api.js";
import { h, replace } from "../dom.js";
import { percent, t } from "../i18n.js";
import { nameOf, sideName } from "../items.js";
import { handedOver } from "../parts/asked.js";
import { hasCamera, takePhotos } from "../parts/camera.js";
import { attributeRows } from "../parts/editor.js";
import { noted } from "../parts/notes.js";
import { Slot, cameraButton } from "../parts/slot.js";
import { picturesIn, prepare } from "../photos.js";
import { href } from "../router.js";
import { refresh } from "../session.js";
import { busy, button, check, fail, field, link, toast } from "../ui.js";

const SIDES = ["obverse", "reverse"];

export function addPage(main) {
  const page = new Add();
  main.append(page.view);
  page.give(handedOver());
  const paste = (event) => page.give(picturesIn(event.clipboardData));
  window.addEventListener("paste", paste);
  return () => window.removeEventListener("paste", paste);
}

class Add {
  photos = [];
  keepAttributes = false;

  constructor() {
    this.slots = SIDES.map(
      (side, i) =>
        new Slot({
          label: sideName(side),
          many: true,
          give: (files) => this.give(files, i),
          remove: () => {
            this.photos[i] = null;
            this.#show();
          },
        }),
    );
    this.title = h("input", { type: "text", autocomplete: "off", required: true });
    this.id = h("input", {
      type: "text",
      autocomplete: "off",
      autocapitalize: "none",
      spellcheck: "false",
    });
    this.rows = attributeRows({}, { usual: true });
    this.rowsPlace = h("div", {}, this.rows.view);
    this.known = h("div", { role: "status" });
    this.saver = button(t("add.save"), () => {}, {
      name: "check",
      kind: "strong big",
      type: "submit",
    });
    this.camera = cameraButton(
      t("add.camera"),
      hasCamera(),
      () => this.#camera(),
      (files) => this.give(files),
      "big",
    );
    const submit = (event) => {
      event.preventDefault();
      busy(this.saver, () => this.#save());
    };
    this.view = h(
      "section",
      { class: "add" },
      h("header", { class: "hero slim" }, h("h1", {}, t("add.title")), h("p", {}, t("add.lead"))),
      h(
        "div",
        { class: "add-body" },
        h(
          "div",
          { class: "stack" },
          h(
            "div",
            { class: "slots slots-2" },
            this.slots.map((slot) => slot.view),
          ),
          h("div", { class: "actions" }, this.camera),
          this.known,
        ),
        h(
          "form",
          { class: "stack", on: { submit } },
          field(t("item.title"), this.title),
          h(
            "details",
            {},
            h("summary", {}, t("add.ownId")),
            field(t("item.id"), this.id, t("add.idHint")),
          ),
          h("fieldset", { class: "plain" }, h("legend", {}, t("item.attributes")), this.rowsPlace),
          check(t("add.keep"), false, (on) => {
            this.keepAttributes = on;
          }),
          h("div", { class: "actions" }, this.saver),
        ),
      ),
    );
  }

  async give(files, slot = null) {
    for (const [k, file] of files.slice(0, SIDES.length).entries()) {
      const free = SIDES.findIndex((_, i) => !this.photos[i]);
      this.photos[slot !== null && k === 0 ? slot : Math.max(0, free)] = await prepare(file);
    }
    this.#show();
    if (files.length) this.#compare();
  }

  async #camera() {
    const missing = SIDES.map((side, i) => (this.photos[i] ? null : i)).filter((i) => i !== null);
    const wanted = missing.length ? missing : [0, 1];
    const shots = await takePhotos(wanted.map((i) => sideName(SIDES[i])));
    if (!shots) return;
    wanted.forEach((i, k) => {
      this.photos[i] = shots[k];
    });
    this.#show();
    this.title.focus();
    this.#compare();
  }

  #show() {
    this.slots.forEach((slot, i) => slot.set(this.photos[i] ?? null));
  }

  // Is it there already? Only a help: nothing is said where it cannot be told.
  async #compare() {
    const photos = this.photos.filter(Boolean);
    const answer = photos.length ? await api.identify(photos, { top: 1 }).catch(() => null) : null;
    const best = answer?.known ? answer.best : null;
    replace(
      this.known,
      best &&
        h(
          "p",
          { class: "note" },
          t("add.already", { name: nameOf(best.item), p: percent(best.probability) }),
          " ",
          link(t("add.open"), href("item", best.item.id)),
        ),
    );
  }

  async #save() {
    const given = this.photos.map((photo, i) => photo && { photo, side: SIDES[i] }).filter(Boolean);
    if (!given.length) {
      toast(t("add.noPhoto"), { kind: "bad" });
      this.slots[0].input.focus();
      return;
    }
    const done = await api.addItem({
      title: this.title.value.trim(),
      item: this.id.value.trim() || null,
      attributes: JSON.stringify(this.rows.read()),
      side: given.map(({ side }) => side),
      photo: given.map(({ photo }) => photo),
    });
    for (const failure of done.failed ?? []) fail(new api.Problem(failure.status, failure));
    await refresh();
    if (!done.failed?.length)
      toast(t("add.done", { name: nameOf(done.item) }), {
        action: t("add.open"),
        run: () => (location.hash = href("item", done.item.id)),
      });
    this.#next();
    replace(this.known, noted(t("add.twice"), done.notes));
  }

  // Ready for the next one of a series.
  #next() {
    this.photos = [];
    this.#show();
    replace(this.known);
    this.title.value = "";
    this.id.value = "";
    if (!this.keepAttributes) {
      this.rows = attributeRows({}, { usual: true });
      replace(this.rowsPlace, this.rows.view);
    }
    (this.camera.matches("button") ? this.camera : this.slots[0].input).focus();
  }
}
