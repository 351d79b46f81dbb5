// "This is wrong, it is …": which item it is, kept beside the catalogue, and learned if asked.

import * as api from "../api.js";
import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { nameOf } from "../items.js";
import { ask, button, busy, check, toast } from "../ui.js";
import { searchItems } from "./search-items.js";

// Gives the item chosen, "" for "not in the catalogue", or undefined if nothing was stored.
export function correct(photo, answer) {
  const first = answer.candidates
    .slice(1)
    .map(({ item, view }) => ({ ...item, thumbnail: api.pictureOf(view.id) }));
  return ask(t("wrong.title"), (close) => {
    const body = h("div", { class: "stack" });
    let learn = true;
    const store = async (event, item) => {
      const said = await busy(event.currentTarget, async () => {
        await api.correct({
          photo,
          answer: JSON.stringify({
            item: answer.known ? answer.best.item.id : null,
            probability: answer.best?.probability ?? null,
            known: answer.known,
          }),
          item: item?.id ?? "",
          ...(item && learn && { add: true }),
        });
        return true;
      });
      if (!said) return;
      close(item ?? "");
      toast(
        item
          ? t(learn ? "wrong.learned" : "wrong.stored", { name: nameOf(item) })
          : t("wrong.storedNone"),
      );
    };
    const confirm = (item) => {
      const yes = button(t("wrong.store"), (event) => store(event, item), {
        kind: "strong",
        name: "check",
      });
      replace(
        body,
        h("p", {}, t("wrong.is"), " ", h("strong", {}, nameOf(item))),
        check(t("wrong.learn"), learn, (on) => {
          learn = on;
        }),
        h("div", { class: "actions" }, yes, button(t("back"), start)),
      );
      yes.focus();
    };
    const start = () =>
      replace(
        body,
        searchItems(t("wrong.search"), confirm, first),
        h(
          "div",
          { class: "actions" },
          button(t("wrong.none"), (event) => store(event, null)),
        ),
      );
    start();
    return body;
  });
}
