// One item: its pictures, what is known about it, and what can be done with it.

import * as api from "../api.js";
import { h, replace } from "../dom.js";
import { date, t } from "../i18n.js";
import { attributeName, attributeText, nameOf, sideName } from "../items.js";
import { editor } from "../parts/editor.js";
import { hasCamera, takePhotos } from "../parts/camera.js";
import { mergeItems, removeItems, undoable } from "../parts/remove.js";
import { searchItems } from "../parts/search-items.js";
import { cameraButton } from "../parts/slot.js";
import { picture } from "../picture.js";
import { prepare } from "../photos.js";
import { go, here, href, show } from "../router.js";
import { refresh } from "../session.js";
import { ask, busy, button, empty, fail, link, toast, waiting } from "../ui.js";

const SIDES = ["obverse", "reverse", "edge", "other"];
// What nobody named comes last.
const rank = ({ side }) => (SIDES.includes(side) ? SIDES.indexOf(side) : SIDES.length);

export function itemPage(main, { id }) {
  let gone = false;
  main.append(waiting(t("loading")));
  api.item(id).then(
    (item) => gone || draw(main, item),
    (error) =>
      gone ||
      replace(
        main,
        h("h1", { class: "unseen" }, t("item.missing")),
        empty(
          error.status === 404 ? t("item.missing") : error.title,
          error.hint,
          link(t("nav.collection"), href("collection"), { name: "back" }),
        ),
      ),
  );
  return () => {
    gone = true;
  };
}

// Shows the item again if its page is still the one looked at.
const again = (id) => () =>
  here().name === "item" && here().id === id ? show({ focus: false }) : go(href("item", id));

function draw(main, item) {
  document.title = `${nameOf(item)} – Obverse`;
  const words = h("div", { class: "item-words" });
  const plain = () => replace(words, about(item), actions(item, edit));
  const cancel = () => {
    plain();
    words.querySelector(".actions .button").focus();
  };
  const edit = () => {
    replace(
      words,
      h("h1", {}, t("item.edit")),
      editor(item, { save: (change) => store(item, change), cancel }),
    );
    toHeading(words);
  };
  plain();
  replace(
    main,
    link(t("nav.collection"), href("collection"), { name: "back", kind: "quiet" }),
    h(
      "article",
      { class: "item" },
      h(
        "div",
        { class: "item-views" },
        [...item.views].sort((a, b) => rank(a) - rank(b)).map((view) => one(item, view)),
      ),
      words,
      more(item),
    ),
  );
  toHeading(words, { preventScroll: true });
}

function toHeading(words, how = {}) {
  const heading = words.querySelector("h1");
  heading.tabIndex = -1;
  heading.focus(how);
}

function about(item) {
  const rows = Object.entries(item.attributes ?? {});
  return [
    h("h1", {}, nameOf(item)),
    h(
      "dl",
      { class: "facts" },
      rows.map(([key, value]) =>
        h(
          "div",
          {},
          h("dt", {}, attributeName(key)),
          h(
            "dd",
            {},
            h(
              "a",
              {
                href: href("collection", "", new URLSearchParams({ [key]: attributeText(value) })),
              },
              attributeText(value),
            ),
          ),
        ),
      ),
      h("div", {}, h("dt", {}, t("item.id")), h("dd", {}, item.id)),
    ),
  ];
}

// Which side a picture shows; what is chosen is kept at once.
function sideOf(item, view) {
  const control = h(
    "select",
    {
      "aria-label": t("item.sideOf", { side: sideName(view.side) }),
      on: {
        change: () =>
          busy(control, async () => {
            try {
              await api.patchView(view.id, { side: control.value });
            } catch (error) {
              control.value = view.side;
              throw error;
            }
            toast(t("item.saved"));
            again(item.id)();
          }),
      },
    },
    [...SIDES, ""].map((value) =>
      h("option", { value, selected: value === view.side }, sideName(value)),
    ),
  );
  return control;
}

function one(item, view) {
  const added = view.added ? date(view.added) : "";
  return h(
    "figure",
    { class: "view" },
    picture(view.thumbnail, t("item.viewOf", { side: sideName(view.side), name: nameOf(item) })),
    h(
      "figcaption",
      {},
      sideOf(item, view),
      added && h("time", { datetime: view.added }, added),
      button("", (event) => busy(event.currentTarget, () => dropView(item, view)), {
        name: "bin",
        kind: "quiet",
        label: t("item.dropView", { side: sideName(view.side) }),
      }),
    ),
  );
}

async function dropView(item, view) {
  const { undo } = await api.removeView(view.id);
  again(item.id)();
  undoable(t("item.viewRemoved"), [undo], again(item.id));
}

// A place to add another picture: which side, and from where.
function more(item) {
  const side = h(
    "select",
    { "aria-label": t("item.whichSide") },
    SIDES.map((value) =>
      h(
        "option",
        { value, selected: item.views.length % 2 === SIDES.indexOf(value) },
        sideName(value),
      ),
    ),
  );
  const give = async (files) => {
    try {
      const notes = [];
      for (const file of files)
        notes.push(...(await api.addViews(item.id, await prepare(file), side.value)).notes);
      toast(notes.length ? t("add.twice") : t("item.viewAdded"));
      again(item.id)();
    } catch (error) {
      fail(error);
    }
  };
  const take = async () => {
    const shots = await takePhotos([sideName(side.value)]);
    if (shots) await give(shots);
  };
  const file = h("input", {
    type: "file",
    accept: "image/*,.heic,.heif,.avif",
    class: "unseen",
    on: { change: () => give([...file.files]) },
  });
  return h(
    "div",
    { class: "view more" },
    h("strong", {}, t("item.addView")),
    side,
    cameraButton(t("identify.camera"), hasCamera(), take, give),
    h("label", { class: "button" }, file, h("span", {}, t("slot.choose"))),
  );
}

function actions(item, edit) {
  return h(
    "div",
    { class: "actions" },
    button(t("item.edit"), edit, { name: "edit", kind: "strong" }),
    button(t("merge.into"), () => mergeWith(item), { name: "merge" }),
    button(
      t("delete"),
      (event) =>
        busy(event.currentTarget, () =>
          removeItems([item], () =>
            here().id === item.id && here().name === "item"
              ? go(href("collection"))
              : go(href("item", item.id)),
          ),
        ),
      { name: "bin", kind: "bad" },
    ),
  );
}

async function store(item, change) {
  const id = change.id ?? item.id;
  await api.patchItem(item.id, change);
  await refresh();
  toast(t("item.saved"));
  again(id)();
}

async function mergeWith(item) {
  const other = await ask(t("merge.into"), (close) => searchItems(t("merge.search"), close));
  if (!other || other.id === item.id) return;
  const thumbnail = item.views[0]?.thumbnail ?? "";
  try {
    const stays = await mergeItems([other, { ...item, thumbnail }], () => {});
    if (stays) again(stays)();
  } catch (error) {
    fail(error);
  }
}
