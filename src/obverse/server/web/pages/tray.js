// A whole tray: every object of one photo, numbered in the photo and listed beside it.

import * as api from "../api.js";
import { h } from "../dom.js";
import { percent, t } from "../i18n.js";
import { nameOf } from "../items.js";
import { headline, knownFrom } from "./answer.js";
import { asked, keep } from "../parts/asked.js";
import { found } from "../parts/found.js";
import { save } from "../parts/share.js";
import { crop } from "../photos.js";
import { picture } from "../picture.js";
import { go, href } from "../router.js";
import { busy, button, empty, link, speak } from "../ui.js";

const OPTIONS = { top: 6 };

export function trayPage(main) {
  const { tray, trayPhoto } = asked();
  if (!tray) {
    main.append(
      empty(
        t("answer.none"),
        t("answer.noneWhy"),
        link(t("nav.identify"), href(""), { name: "identify", kind: "strong" }),
      ),
    );
    return;
  }
  const { objects, failed, photo } = tray;
  const summary = counted(objects);
  const shown = found(trayPhoto, photo, objects, t("answer.yourPhoto"));
  main.append(
    h(
      "header",
      { class: "hero slim" },
      h("h1", {}, t("tray.title", { n: objects.length })),
      h("p", {}, summary, " ", objects.length ? knownFrom(objects[0]) : null),
    ),
    h(
      "div",
      { class: "tray-page" },
      h("div", { class: "tray-photo" }, shown),
      h(
        "div",
        {},
        h(
          "ol",
          { class: "tray-list" },
          objects.map((object) => row(object, trayPhoto, shown)),
        ),
        failed.length ? h("p", { class: "note" }, t("tray.failed", { n: failed.length })) : null,
        h(
          "div",
          { class: "actions" },
          link(t("answer.next"), href(""), { name: "identify", kind: "strong" }),
          button(
            t("tray.csv"),
            () => save(new File([csv(objects)], "tray.csv", { type: "text/csv" })),
            { name: "save" },
          ),
        ),
      ),
    ),
  );
  speak(summary);
}

// How many are known; without a calibration nobody can tell which are.
function counted(objects) {
  const n = objects.length;
  if (objects.some(({ best, calibrated }) => best && !calibrated)) return t("tray.nearest", { n });
  const known = objects.filter((object) => object.known).length;
  return t("tray.summary", { n, known, unknown: n - known });
}

function row(object, photo, shown) {
  const { number, known, best, region } = object;
  const mark = shown.querySelector(`[data-number="${number}"]`);
  const light = (on) => () => mark?.classList.toggle("lit", on);
  // Asked again alone, for the pictures and the proof that a tray's answer leaves out.
  const open = (event) =>
    busy(event.currentTarget, async () => {
      const one = await crop(photo, region);
      keep({
        photos: [one],
        options: OPTIONS,
        answer: await api.identify([one], OPTIONS),
        from: "tray",
      });
      go(href("answer"));
    });
  return h(
    "li",
    {},
    h(
      "button",
      {
        type: "button",
        class: `tray-row ${known ? "known" : "unknown"}`,
        on: {
          click: open,
          pointerenter: light(true),
          pointerleave: light(false),
          focus: light(true),
          blur: light(false),
        },
      },
      h("span", { class: "tray-number" }, String(number)),
      best ? picture(api.pictureOf(best.view.id), "") : null,
      h(
        "span",
        { class: "tray-words" },
        h("strong", {}, headline(object)),
        h("small", {}, known || !best ? "" : `${t("answer.nearest")} ${nameOf(best.item)}`),
      ),
      h("span", { class: "tray-sure" }, best ? percent(best.probability) : ""),
    ),
  );
}

// What `obverse identify --all --csv` tells, as far as the page knows it.
export function csv(objects) {
  // Behind a quote mark a spreadsheet takes for text what it would otherwise run as a formula.
  const text = (value) => (/^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value));
  const cell = (value) => {
    const safe = typeof value === "string" ? text(value) : String(value);
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const rows = objects.map(({ number, known, best }) => [
    number,
    known ? 1 : 0,
    best?.item.id ?? "",
    best ? nameOf(best.item) : "",
    best?.probability ?? "",
  ]);
  return [["object", "known", "item", "title", "probability"], ...rows]
    .map((one) => one.map(cell).join(","))
    .join("\r\n");
}
