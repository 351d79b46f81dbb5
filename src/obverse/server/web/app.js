// Starts the app: the frame around the pages, the pages themselves, and what works without a network.

import { whenKeyNeeded } from "./api.js";
import { h, replace } from "./dom.js";
import { LANGUAGES, language, setLanguage, t } from "./i18n.js";
import { icon } from "./icons.js";
import { askForKey } from "./keys.js";
import { aboutPage } from "./pages/about.js";
import { addPage } from "./pages/add.js";
import { answerPage } from "./pages/answer.js";
import { collectionPage } from "./pages/collection.js";
import { duplicatesPage } from "./pages/duplicates.js";
import { identifyPage } from "./pages/identify.js";
import { importPage } from "./pages/import.js";
import { itemPage } from "./pages/item.js";
import { nowherePage } from "./pages/nowhere.js";
import { trayPage } from "./pages/tray.js";
import { href, listen, route, show } from "./router.js";
import { refresh } from "./session.js";
import { button } from "./ui.js";

const TABS = [
  ["", "identify"],
  ["collection", "collection"],
  ["duplicates", "duplicates"],
  ["about", "about"],
];
const BELONGS = {
  answer: "",
  tray: "",
  item: "collection",
  add: "collection",
  import: "collection",
};
// How long the first page waits for the server to say what it is, before it is drawn without.
const PATIENCE_MS = 700;

const PAGES = {
  "": identifyPage,
  answer: answerPage,
  tray: trayPage,
  collection: collectionPage,
  item: itemPage,
  add: addPage,
  import: importPage,
  duplicates: duplicatesPage,
  about: aboutPage,
  nowhere: nowherePage,
};
for (const [name, page] of Object.entries(PAGES)) route(name, page);

function frame() {
  const other = Object.keys(LANGUAGES).find((code) => code !== language());
  const toggle = button("", () => setTheme(dark() ? "light" : "dark"), {
    name: dark() ? "light" : "dark",
    kind: "quiet",
    label: t(dark() ? "theme.light" : "theme.dark"),
  });
  replace(
    document.getElementById("head"),
    h(
      "a",
      { class: "brand", href: href("") },
      h("img", { src: "/static/icon.svg", alt: "", width: 30, height: 30 }),
      h("span", {}, "Obverse"),
    ),
    h(
      "nav",
      { "aria-label": t("nav.label") },
      TABS.map(([name, key]) =>
        h("a", { href: href(name), "data-page": name }, icon(key), h("span", {}, t(`nav.${key}`))),
      ),
    ),
    h(
      "div",
      { class: "switches" },
      button(LANGUAGES[other], () => speakLanguage(other), {
        kind: "quiet",
        lang: other,
        "data-switch": "language",
      }),
      toggle,
    ),
  );
  document.getElementById("skip").textContent = t("skip");
  document.getElementById("offline").textContent = t("offline");
}

const dark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

function setTheme(theme) {
  localStorage.setItem("theme", theme);
  document.documentElement.dataset.theme = theme;
  frame();
  mark();
  document.querySelector(".switches button:last-child").focus();
}

function speakLanguage(code) {
  setLanguage(code);
  frame();
  show({ focus: false });
  document.querySelector("[data-switch=language]").focus();
}

let page = "";
function mark() {
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.page === (BELONGS[page] ?? page)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

const offline = (is) => {
  document.getElementById("offline").hidden = !is;
};

whenKeyNeeded(askForKey);
window.addEventListener("shown", (event) => {
  page = event.detail.name;
  mark();
});
window.addEventListener("network", (event) => offline(!event.detail));
window.addEventListener("offline", () => offline(true));
window.addEventListener("online", () => offline(false));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (frame(), mark()));
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("main").focus();
});

frame();
listen();
await Promise.race([refresh(), new Promise((wake) => setTimeout(wake, PATIENCE_MS))]);
show({ focus: false });

// Only https and this machine may keep pages for later; elsewhere the app works as a web page.
navigator.serviceWorker
  ?.register("/sw.js")
  .catch((error) => console.info("not kept for offline use:", error.message));
