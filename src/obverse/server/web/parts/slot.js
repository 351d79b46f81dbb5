// A round place for one photo: drop, paste, choose, or take one.

import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { icon } from "../icons.js";
import { local, picture } from "../picture.js";
import { picturesIn } from "../photos.js";
import { button } from "../ui.js";

// `give(files)` is called with what was dropped or chosen; `take()` with nothing, to photograph.
export class Slot {
  photo = null;

  constructor({ label, give, remove, shape = "round", many = false }) {
    this.label = label;
    this.give = give;
    this.remove = remove;
    this.input = h("input", {
      type: "file",
      accept: "image/*,.heic,.heif,.avif",
      multiple: many,
      class: "unseen",
      "aria-label": label,
      on: { change: () => this.#chosen() },
    });
    this.face = h("div", { class: "slot-face" });
    this.view = h(
      "div",
      { class: `slot ${shape}` },
      h("label", { class: "slot-ring" }, this.input, this.face),
    );
    this.view.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.view.classList.add("over");
    });
    for (const gone of ["dragleave", "drop"])
      this.view.addEventListener(gone, () => this.view.classList.remove("over"));
    this.view.addEventListener("drop", (event) => {
      event.preventDefault();
      event.stopPropagation();
      const files = picturesIn(event.dataTransfer);
      if (files.length) this.give(files);
    });
    this.set(null);
  }

  #chosen() {
    const files = [...this.input.files];
    this.input.value = "";
    if (files.length) this.give(files);
  }

  // The server may open what the browser cannot, such as HEIC.
  #unshown(image) {
    if (!image.isConnected) return;
    this.view.classList.remove("full");
    replace(
      this.face,
      icon("picture"),
      h("strong", {}, this.label),
      h("span", {}, t("slot.unshown")),
    );
  }

  // Shows a photo (a Blob, or an address of the server's), or asks for one.
  set(photo) {
    this.photo = photo;
    this.view.querySelector(":scope > .button")?.remove();
    this.view.classList.toggle("full", Boolean(photo));
    if (!photo) {
      replace(
        this.face,
        icon("picture"),
        h("strong", {}, this.label),
        h("span", {}, t("slot.how")),
      );
      return;
    }
    const image = photo instanceof Blob ? local(photo, this.label) : picture(photo, this.label);
    replace(this.face, image);
    if (photo instanceof Blob) image.addEventListener("error", () => this.#unshown(image));
    this.view.append(
      button("", () => this.remove?.(), {
        name: "close",
        kind: "round small",
        label: t("slot.remove", { what: this.label }),
      }),
    );
  }
}

// "Take a photo": the live camera where the browser gives it, else the phone's own camera app,
// which an input with `capture` opens over plain http too.
export function cameraButton(text, live, take, give, kind = "") {
  if (live) return button(text, take, { name: "camera", kind });
  const input = h("input", {
    type: "file",
    accept: "image/*",
    capture: "environment",
    class: "unseen",
    on: {
      change: () => {
        const files = [...input.files];
        input.value = "";
        if (files.length) give(files);
      },
    },
  });
  return h("label", { class: `button ${kind}` }, input, icon("camera"), h("span", {}, text));
}
