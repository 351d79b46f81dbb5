// What every page says and asks with: toasts, spoken lines, dialogs, buttons, failures.

import { Problem } from "./api.js";
import { fresh, h } from "./dom.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";

const TOAST_MS = 10_000;

export function button(text, run, { name, kind = "", label, ...more } = {}) {
  return h(
    "button",
    {
      type: "button",
      class: `button ${kind}`,
      "aria-label": label,
      title: label && !text ? label : null,
      on: { click: run },
      ...more,
    },
    name ? icon(name) : null,
    text ? h("span", {}, text) : null,
  );
}

export function link(text, address, { name, kind = "" } = {}) {
  return h(
    "a",
    { class: `button ${kind}`, href: address },
    name ? icon(name) : null,
    h("span", {}, text),
  );
}

// Read out, not shown. Emptied first, so that the same words are said again.
export function speak(text) {
  const line = document.getElementById("spoken");
  line.textContent = "";
  requestAnimationFrame(() => {
    line.textContent = text;
  });
}

// A line at the bottom, with at most one thing to do. It waits while pointed at or focused.
export function toast(text, { action, run, kind = "" } = {}) {
  const line = h("div", { class: `toast ${kind}` }, h("span", {}, text));
  const remove = () => line.remove();
  let timer = setTimeout(remove, TOAST_MS);
  const hold = () => clearTimeout(timer);
  const release = () => {
    hold();
    timer = setTimeout(remove, TOAST_MS);
  };
  for (const event of ["pointerenter", "focusin"]) line.addEventListener(event, hold);
  for (const event of ["pointerleave", "focusout"]) line.addEventListener(event, release);
  if (action) {
    line.append(
      button(
        action,
        async () => {
          remove();
          await run();
        },
        { kind: "plain" },
      ),
    );
  }
  line.append(button("", remove, { name: "close", kind: "quiet", label: t("close") }));
  document.getElementById("toasts").replaceChildren(line);
  return line;
}

// What went wrong before is over: something new begins.
export function hush() {
  document.querySelector(".toast.bad")?.remove();
}

export function fail(error) {
  if (error.name === "AbortError") return;
  if (!(error instanceof Problem)) console.error(error);
  toast([error.title ?? error.message, error.hint].filter(Boolean).join(" — "), { kind: "bad" });
}

// Runs something a button started: the button waits, and a refusal is shown.
export async function busy(element, run) {
  element.setAttribute("aria-busy", "true");
  element.disabled = true;
  try {
    return await run();
  } catch (error) {
    fail(error);
    return undefined;
  } finally {
    element.removeAttribute("aria-busy");
    element.disabled = false;
  }
}

// A modal dialog; gives what `close(value)` was told, or undefined if it was dismissed.
// `fill(close)` makes its content.
export function ask(title, fill, { kind = "" } = {}) {
  return new Promise((resolve) => {
    const id = fresh("dialog");
    let value;
    const close = (given) => {
      value = given;
      dialog.close();
    };
    const dialog = h(
      "dialog",
      {
        class: `dialog ${kind}`,
        "aria-labelledby": id,
        on: { close: () => (dialog.remove(), resolve(value)) },
      },
      h(
        "div",
        { class: "dialog-head" },
        h("h2", { id }, title),
        button("", () => close(), { name: "close", kind: "quiet", label: t("close") }),
      ),
    );
    // A click on the backdrop is a click on the dialog itself.
    dialog.addEventListener("click", (event) => event.target === dialog && close());
    dialog.append(...[fill(close)].flat());
    document.body.append(dialog);
    dialog.showModal();
  });
}

// A labelled control.
export function field(text, control, hint = "") {
  const id = fresh("field");
  control.id = id;
  if (hint) control.setAttribute("aria-describedby", `${id}-hint`);
  return h(
    "div",
    { class: "field" },
    h("label", { for: id }, text),
    control,
    hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null,
  );
}

// One of a few: radio buttons that look like one control.
export function choice(legend, name, options, chosen, change) {
  const group = fresh(name);
  return h(
    "fieldset",
    { class: "choice" },
    h("legend", { class: "unseen" }, legend),
    options.map(([value, text]) =>
      h(
        "label",
        {},
        h("input", {
          type: "radio",
          name: group,
          value,
          checked: value === chosen,
          on: { change: () => change(value) },
        }),
        h("span", {}, text),
      ),
    ),
  );
}

export function check(text, checked, change = () => {}) {
  return h(
    "label",
    { class: "check" },
    h("input", {
      type: "checkbox",
      checked,
      on: { change: (event) => change(event.target.checked) },
    }),
    h("span", {}, text),
  );
}

export const waiting = (text) =>
  h(
    "p",
    { class: "waiting", role: "status" },
    h("span", { class: "spinner", "aria-hidden": "true" }),
    text,
  );

export function empty(title, text, ...more) {
  return h("div", { class: "empty" }, h("h2", {}, title), text ? h("p", {}, text) : null, ...more);
}
