// Many items at once, from one zip: a folder per item, or a table and its pictures.

import * as api from "../api.js";
import { h, replace } from "../dom.js";
import { t, told } from "../i18n.js";
import { noted } from "../parts/notes.js";
import { href } from "../router.js";
import { refresh } from "../session.js";
import { fail, hush, link, speak } from "../ui.js";

export function importPage(main) {
  const input = h("input", {
    type: "file",
    accept: ".zip,application/zip",
    class: "unseen",
    on: { change: () => input.files[0] && run(input.files[0]) },
  });
  const drop = h(
    "label",
    { class: "drop" },
    input,
    h("strong", {}, t("import.choose")),
    h("span", {}, t("import.drop")),
  );
  const state = h("div", { class: "stack" });
  drop.addEventListener("dragover", (event) => event.preventDefault());
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) run(event.dataTransfer.files[0]);
  });
  main.append(
    h(
      "section",
      { class: "narrow stack" },
      h(
        "header",
        { class: "hero slim" },
        h("h1", {}, t("import.title")),
        h("p", {}, t("import.lead")),
      ),
      drop,
      state,
      h(
        "details",
        {},
        h("summary", {}, t("import.how")),
        h("pre", {}, "coins.zip\n├─ tuvalu-1-dollar/\n│  ├─ obverse.jpg\n│  └─ reverse.jpg\n└─ …"),
        h("p", {}, t("import.table")),
        h(
          "pre",
          {},
          "coins.zip\n├─ catalogue.csv      photo,item,side,title,country,…\n└─ photos/…",
        ),
      ),
    ),
  );

  async function run(file) {
    hush();
    input.value = "";
    input.disabled = true;
    const bar = h("progress", { max: "1", value: 0, "aria-label": t("import.title") });
    const words = h("p", { role: "status" }, t("import.sending"));
    const failed = h("ul", { class: "note", hidden: true });
    replace(state, bar, words, failed);
    const hear = {
      sent: ({ done, total }) => {
        bar.value = total ? done / total : 0;
        if (done === total) {
          bar.removeAttribute("value");
          words.textContent = t("import.reading");
        }
      },
      progress: ({ done, total, text }) => {
        if (total) bar.value = done / total;
        words.textContent = total ? t("import.progress", { n: done, total, text }) : text;
      },
      failure: (problem) => {
        failed.hidden = false;
        failed.append(
          h(
            "li",
            {},
            [problem.where, told("error", problem.code, problem.detail ?? problem.title)]
              .filter(Boolean)
              .join(": "),
          ),
        );
      },
      done: ({ added, skipped, moved, sides, failed: wrong, notes }) => {
        bar.value = 1;
        const count = (value) => (Array.isArray(value) ? value.length : Number(value ?? 0));
        words.textContent = t("import.done", {
          n: count(added),
          skipped: count(skipped) + count(moved) + count(sides),
          failed: count(wrong),
        });
        state.append(
          noted(t("import.notes"), notes) ?? "",
          h(
            "div",
            {},
            link(t("nav.collection"), href("collection"), { name: "collection", kind: "strong" }),
          ),
        );
        speak(words.textContent);
      },
    };
    try {
      await api.bulk(file, (event, data) => hear[event]?.(data));
      await refresh();
    } catch (error) {
      replace(state);
      fail(error);
    } finally {
      input.disabled = false;
    }
  }
}
