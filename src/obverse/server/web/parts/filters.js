// Filters by attribute: every attribute of the catalogue with its commonest values, to tick.

import * as api from "../api.js";
import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { attributeName, attributeText } from "../items.js";
import { ask, button, field, waiting } from "../ui.js";

// `chosen`: attribute -> value. Gives the new choice, or undefined if nothing was changed.
export function chooseFilters(chosen) {
  return ask(t("filter.title"), (close) => {
    const body = h("div", { class: "stack" }, waiting(t("loading")));
    api.attributes().then(
      (all) => replace(body, form(all, chosen, close)),
      (error) => replace(body, h("p", {}, error.title)),
    );
    return body;
  });
}

function form(all, chosen, close) {
  const keys = Object.keys(all);
  if (!keys.length) return [h("p", {}, t("filter.none"))];
  const picks = keys.map((key) => {
    const values = all[key].map(([value, count]) => [attributeText(value), count]);
    if (chosen[key] && !values.some(([value]) => value === chosen[key]))
      values.unshift([chosen[key], null]);
    const select = h(
      "select",
      { name: key },
      h("option", { value: "" }, t("filter.any")),
      values.map(([value, count]) =>
        h(
          "option",
          { value, selected: chosen[key] === value },
          count === null ? value : `${value}  (${count})`,
        ),
      ),
    );
    return [key, select];
  });
  const apply = (event) => {
    event.preventDefault();
    close(
      Object.fromEntries(
        picks.map(([key, select]) => [key, select.value]).filter(([, value]) => value),
      ),
    );
  };
  return [
    h(
      "form",
      { class: "stack", on: { submit: apply } },
      h(
        "div",
        { class: "columns" },
        picks.map(([key, select]) => field(attributeName(key), select)),
      ),
      h(
        "div",
        { class: "actions" },
        button(t("filter.apply"), () => {}, { kind: "strong", type: "submit" }),
        button(t("filter.clear"), () => close({})),
      ),
    ),
  ];
}
