// Duplicates: items that are here twice, to be merged or left alone.

import * as api from "../api.js";
import { h, replace } from "../dom.js";
import { percent, t } from "../i18n.js";
import { nameOf, sideName } from "../items.js";
import { mergeItems } from "../parts/remove.js";
import { picture } from "../picture.js";
import { href } from "../router.js";
import { busy, button, empty, fail, speak } from "../ui.js";

const POLL_MS = 700;
const KEPT = "kept-apart";
// The last result, so that looking at an item and coming back does not search again.
let last = null;

const name = (group) => [...new Set(group.views.map((view) => view.item))].sort().join("\n");
const keptApart = () => new Set(JSON.parse(localStorage.getItem(KEPT) ?? "[]"));

export function duplicatesPage(main) {
  const aborter = new AbortController();
  const state = h("div", { class: "stack" });
  const start = button(t("duplicates.start"), (event) => busy(event.currentTarget, () => look()), {
    name: "search",
    kind: "strong",
  });
  main.append(
    h(
      "section",
      { class: "narrow wide-ish stack" },
      h(
        "header",
        { class: "hero slim" },
        h("h1", {}, t("nav.duplicates")),
        h("p", {}, t("duplicates.lead")),
      ),
      h("div", { class: "actions" }, start),
      state,
    ),
  );
  if (last) show(last);

  async function look() {
    const bar = h("progress", { max: "1", "aria-label": t("duplicates.looking") });
    replace(state, h("p", { role: "status" }, t("duplicates.looking")), bar);
    try {
      const { job } = await api.findDuplicates();
      for (;;) {
        const now = await api.job(job, aborter.signal);
        if (!["running", "done"].includes(now.state)) throw new api.Problem(500);
        if (now.state === "done") {
          last = now.result.groups ?? now.result;
          break;
        }
        if (now.total) bar.value = now.done / now.total;
        await new Promise((wake) => {
          setTimeout(wake, POLL_MS);
        });
      }
      show(last);
    } catch (error) {
      replace(state);
      if (error.name !== "AbortError") fail(error);
    }
  }

  function show(groups) {
    const apart = keptApart();
    const open = groups.filter((group) => !apart.has(name(group)));
    const words = open.length ? t("duplicates.count", { n: open.length }) : "";
    replace(
      state,
      open.length ? h("h2", {}, words) : empty(t("duplicates.none"), t("duplicates.noneWhy")),
      h(
        "ul",
        { class: "groups" },
        open.map((group) => h("li", {}, one(group))),
      ),
      apart.size &&
        button(
          t("duplicates.again", { n: apart.size }),
          () => {
            localStorage.removeItem(KEPT);
            show(groups);
          },
          { kind: "quiet" },
        ),
    );
    speak(words || t("duplicates.none"));
  }

  function one(group) {
    const items = [
      ...new Map(
        group.views.map((view) => [
          view.item,
          { id: view.item, title: view.title ?? "", thumbnail: api.pictureOf(view.id) },
        ]),
      ).values(),
    ];
    const without = () => {
      // An item may stand in two groups; what it was merged with has to be looked for again.
      const merged = new Set(items.map((item) => item.id));
      last = last.filter((other) => !other.views.some((view) => merged.has(view.item)));
      show(last);
    };
    return h(
      "article",
      { class: "group" },
      h(
        "div",
        { class: "group-views" },
        group.views.map((view) =>
          h(
            "a",
            { class: "tile", href: href("item", view.item) },
            picture(api.pictureOf(view.id), ""),
            h("strong", {}, nameOf({ id: view.item, title: view.title })),
            h("small", {}, sideName(view.side)),
          ),
        ),
      ),
      h(
        "div",
        { class: "actions" },
        group.probability !== undefined &&
          h("span", { class: "dim" }, t("duplicates.sure", { p: percent(group.probability) })),
        button(
          t("merge.short"),
          (event) => busy(event.currentTarget, () => mergeItems(items, without)),
          { name: "merge" },
        ),
        button(t("duplicates.keep"), () => {
          localStorage.setItem(KEPT, JSON.stringify([...keptApart(), name(group)]));
          show(last);
        }),
      ),
    );
  }

  return () => aborter.abort();
}
