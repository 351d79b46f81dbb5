// Deleting and merging: done at once, and taken back at a touch.

import * as api from "../api.js";
import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { nameOf } from "../items.js";
import { picture } from "../picture.js";
import { refresh } from "../session.js";
import { ask, button, fail, toast } from "../ui.js";

// Says what was done and offers to undo it. `after()` runs once it is undone.
export function undoable(text, tokens, after) {
  toast(text, {
    action: t("undo"),
    run: async () => {
      try {
        // The last one first, as each was undone from the state it left.
        for (const token of [...tokens].reverse()) await api.undo(token);
        toast(t("undone"));
        await refresh();
        after();
      } catch (error) {
        fail(error);
      }
    },
  });
}

export async function removeItems(items, after) {
  const tokens = [];
  let failure = null;
  for (const item of items) {
    try {
      tokens.push((await api.removeItem(item.id)).undo);
    } catch (error) {
      failure = error;
      break;
    }
  }
  await refresh();
  if (tokens.length) {
    after();
    undoable(
      tokens.length === 1
        ? t("item.removed", { name: nameOf(items[0]) })
        : t("item.removedMany", { n: tokens.length }),
      tokens,
      after,
    );
  }
  if (failure) throw failure;
}

// Which of several items stays; the others' pictures go to it. Gives its id, or undefined.
export async function mergeItems(items, after) {
  let stays = items[0];
  const merged = await ask(t("merge.title"), (close) => {
    const body = h("div", { class: "stack" });
    const draw = () =>
      replace(
        body,
        h("p", {}, t("merge.which")),
        h(
          "div",
          { class: "pick-list", role: "radiogroup", "aria-label": t("merge.which") },
          items.map((item) =>
            h(
              "label",
              { class: "pick" },
              h("input", {
                type: "radio",
                name: "stays",
                checked: item === stays,
                on: { change: () => (stays = item) },
              }),
              picture(item.thumbnail, ""),
              h("span", {}, h("strong", {}, nameOf(item)), h("small", {}, nameOf(item) === item.id ? "" : item.id)),
            ),
          ),
        ),
        h(
          "div",
          { class: "actions" },
          button(t("merge.do", { n: items.length }), () => close(true), {
            name: "merge",
            kind: "strong",
          }),
        ),
      );
    draw();
    return body;
  });
  if (!merged) return undefined;
  const { undo } = await api.merge(
    stays.id,
    items.filter((item) => item !== stays).map((item) => item.id),
  );
  await refresh();
  after();
  if (undo) undoable(t("merge.done", { name: nameOf(stays) }), [undo], after);
  else toast(t("merge.done", { name: nameOf(stays) }));
  return stays.id;
}
