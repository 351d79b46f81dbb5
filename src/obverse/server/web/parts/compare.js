// Photo and catalogue picture, laid over each other: a line to drag, side by side, and where they
// agree. Both pictures and the map come in one frame, standing upright.

import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { picture } from "../picture.js";
import { choice } from "../ui.js";

// `shown`: { query, view, heat? }, addresses of pictures. `name`: what the catalogue's picture is.
// `first`: how they are compared until another way is chosen.
export function compare(shown, name, { round = true, first = "slide" } = {}) {
  const stage = h("div", { class: "compare-stage" });
  const draw = { slide, beside, heat };
  const modes = [
    ["slide", t("compare.slide")],
    ["beside", t("compare.beside")],
  ];
  if (shown.heat) modes.push(["heat", t("compare.heat")]);
  const set = (mode) => replace(stage, draw[mode](shown, name));
  set(first);
  return h(
    "section",
    { class: `compare${round ? " is-round" : ""}`, "aria-label": t("compare.label") },
    stage,
    choice(t("compare.mode"), "compare", modes, first, set),
  );
}

// The slider is a real one, as large as the picture and unseen: a finger, a mouse, the arrow keys
// and a screen reader all know how to move it.
function slide({ query, view }, name) {
  const over = h("div", { class: "wipe", vars: { "--at": "50%" } });
  const range = h("input", {
    type: "range",
    min: "0",
    max: "100",
    value: "50",
    "aria-label": t("compare.slider"),
    "aria-valuetext": t("compare.at", { n: 50 }),
    on: {
      input: () => {
        over.style.setProperty("--at", `${range.value}%`);
        range.setAttribute("aria-valuetext", t("compare.at", { n: Number(range.value) }));
      },
    },
  });
  over.append(
    picture(view, t("compare.view", { name }), { class: "under" }),
    picture(query, t("compare.query"), { class: "top" }),
    range,
    h("span", { class: "wipe-line", "aria-hidden": "true" }),
  );
  const words = h(
    "p",
    { class: "wipe-words", "aria-hidden": "true" },
    h("span", {}, t("compare.yours")),
    h("span", {}, t("compare.theirs")),
  );
  return [over, words];
}

function beside({ query, view }, name) {
  const one = (image, words) => h("figure", {}, image, h("figcaption", {}, words));
  return [
    h(
      "div",
      { class: "beside" },
      one(picture(query, t("compare.query")), t("compare.yours")),
      one(picture(view, t("compare.view", { name })), t("compare.theirs")),
    ),
  ];
}

function heat({ query, heat: map }) {
  return [
    h(
      "div",
      { class: "wipe" },
      picture(query, t("compare.query"), { class: "under grey" }),
      picture(map, t("compare.heatAlt"), { class: "map" }),
    ),
    h(
      "p",
      { class: "heat-scale", "aria-hidden": "true" },
      h("span", {}, t("compare.little")),
      h("i", {}),
      h("span", {}, t("compare.much")),
    ),
  ];
}
