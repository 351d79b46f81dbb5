// A form for an item's title, id and attributes.

import { fresh, h } from "../dom.js";
import { t } from "../i18n.js";
import { attributeName, attributeText } from "../items.js";
import { busy, button, field } from "../ui.js";

// What most catalogues tell of a coin; offered, not demanded.
const USUAL = ["country", "denomination", "year_from", "year_to", "metal", "diameter_mm"];

// A number stays a number, and anything else is text.
const typed = (text) => (/^-?(0|[1-9]\d{0,14})(\.\d{1,6})?$/.test(text) ? Number(text) : text);

// An attribute that has a name is a labelled box; a new one asks for its name too. `read()` gives
// them all as an object, those left empty not among them.
export function attributeRows(attributes, { usual = false } = {}) {
  const list = h("div", { class: "rows" });
  const lines = new Map();
  const drop = (line, name) =>
    button("", () => (line().remove(), lines.delete(line())), {
      name: "close",
      kind: "quiet",
      label: t("attributes.drop", { name }),
    });
  const known = (key, value) => {
    const id = fresh("attribute");
    const text = h("input", { type: "text", id, value, autocomplete: "off" });
    const line = h(
      "div",
      { class: "row" },
      h("label", { for: id }, attributeName(key)),
      text,
      drop(() => line, attributeName(key)),
    );
    lines.set(line, () => [key, text.value]);
    list.append(line);
  };
  const another = () => {
    const name = h("input", {
      type: "text",
      "aria-label": t("attribute"),
      placeholder: t("attribute"),
      autocapitalize: "none",
      autocomplete: "off",
    });
    const text = h("input", {
      type: "text",
      "aria-label": t("value"),
      placeholder: t("value"),
      autocomplete: "off",
    });
    const line = h(
      "div",
      { class: "row" },
      name,
      text,
      drop(() => line, ""),
    );
    lines.set(line, () => [name.value, text.value]);
    list.append(line);
    name.focus();
  };
  for (const [key, value] of Object.entries(attributes)) known(key, attributeText(value));
  if (usual) for (const key of USUAL) if (!(key in attributes)) known(key, "");
  const view = h(
    "div",
    { class: "stack" },
    list,
    h("div", {}, button(t("attributes.add"), another, { name: "plus", kind: "quiet" })),
  );
  const read = () => {
    const pairs = [...lines.values()].map((line) => line().map((text) => text.trim()));
    return Object.fromEntries(
      pairs.filter(([key, value]) => key && value).map(([key, value]) => [key, typed(value)]),
    );
  };
  return { view, read };
}

// `save(change)` gets only what changed: { title?, id?, attributes? } with null for what is dropped.
export function editor(item, { save, cancel }) {
  const title = h("input", { type: "text", value: item.title, autocomplete: "off" });
  const id = h("input", {
    type: "text",
    value: item.id,
    required: true,
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
  });
  const rows = attributeRows(item.attributes ?? {});
  const change = () => {
    const now = rows.read();
    const before = item.attributes ?? {};
    // A value that nobody touched keeps the type it had.
    const kept = ([key, value]) =>
      !(key in before) || attributeText(before[key]) !== attributeText(value);
    const dropped = Object.keys(before)
      .filter((key) => !(key in now))
      .map((key) => [key, null]);
    const attributes = Object.fromEntries([...Object.entries(now).filter(kept), ...dropped]);
    return {
      ...(title.value.trim() !== item.title && { title: title.value.trim() }),
      ...(id.value.trim() !== item.id && { id: id.value.trim() }),
      ...(Object.keys(attributes).length && { attributes }),
    };
  };
  const submit = button(t("save"), () => {}, { name: "check", kind: "strong", type: "submit" });
  return h(
    "form",
    {
      class: "stack",
      on: {
        submit: (event) => {
          event.preventDefault();
          const changed = change();
          if (Object.keys(changed).length) busy(submit, () => save(changed));
          else cancel();
        },
      },
    },
    field(t("item.title"), title),
    field(t("item.id"), id, t("item.idHint")),
    h("fieldset", { class: "plain" }, h("legend", {}, t("item.attributes")), rows.view),
    h("div", { class: "actions" }, submit, button(t("cancel"), cancel)),
  );
}
