// An address that leads to no page.

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { href } from "../router.js";
import { empty, link } from "../ui.js";

export function nowherePage(main) {
  main.append(
    h("h1", { class: "unseen" }, t("nowhere.title")),
    empty(
      t("nowhere.title"),
      t("nowhere.why"),
      link(t("nav.identify"), href(""), { name: "identify" }),
    ),
  );
}
