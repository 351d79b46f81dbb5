// The answer as one picture: drawn by the server when it is asked for, then shared or saved.

import * as api from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { local } from "../picture.js";
import { ask, button } from "../ui.js";

export async function share(question, name) {
  const { pictures } = await api.identify(question.photos, { ...question.options, draw: true });
  const sheet = await api.picture(pictures.sheet);
  const ending = sheet.type === "image/png" ? "png" : "jpg";
  const file = new File([sheet], `${name.replace(/[\\/:*?"<>|]+/g, " ").slice(0, 80)}.${ending}`, {
    type: sheet.type,
  });
  // A dialog, as a browser shares only right after a click, and drawing takes its time.
  const shareable = navigator.canShare?.({ files: [file] });
  await ask(
    t("share.title"),
    () => [
      h("div", { class: "sheet" }, local(sheet, t("share.alt", { name }))),
      h(
        "div",
        { class: "actions" },
        shareable &&
          button(
            t("share.share"),
            () => navigator.share({ files: [file], title: name }).catch(() => {}),
            { name: "share", kind: "strong" },
          ),
        button(t("share.save"), () => save(file), { name: "save" }),
      ),
    ],
    { kind: "wide" },
  );
}

export function save(file) {
  const url = URL.createObjectURL(file);
  const link = h("a", { href: url, download: file.name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
