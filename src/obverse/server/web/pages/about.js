// About: how accurate it is (the last evaluation), what it is, and what becomes of photos.

import * as api from "../api.js";
import { h, replace, svg } from "../dom.js";
import { number, share, t } from "../i18n.js";
import { refresh } from "../session.js";
import { waiting } from "../ui.js";

const HOW = "obverse evaluate protocol.csv --report out/\nobverse serve coins.obv --report out/";

export function aboutPage(main) {
  const accuracy = h("div", {}, waiting(t("loading")));
  const machine = h("div");
  main.append(
    h(
      "section",
      { class: "narrow wide-ish about" },
      h("header", { class: "hero slim" }, h("h1", {}, t("nav.about")), h("p", {}, t("about.lead"))),
      h("h2", {}, t("about.accuracy")),
      accuracy,
      h("h2", {}, t("about.privacy")),
      ["about.private1", "about.private2", "about.private3"].map((key) => h("p", {}, t(key))),
      h("h2", {}, t("about.machine")),
      machine,
    ),
  );
  refresh().then((session) => {
    replace(machine, details(session));
    if (!session.report)
      return replace(accuracy, h("p", { class: "note" }, t("about.noReport")), h("pre", {}, HOW));
    return api.report().then(
      (report) => replace(accuracy, figures(report)),
      (error) => replace(accuracy, h("p", { class: "note" }, error.title)),
    );
  });
}

function details({ catalogue, recipe, items, views, version, models }) {
  const rows = [
    [t("about.catalogue"), catalogue],
    [t("about.items"), items === null ? "" : t("collection.count", { n: items })],
    [t("about.views"), views === null ? "" : number(views)],
    [t("about.recipe"), recipe],
    [
      t("about.models"),
      models &&
        Object.entries(models)
          .map(([name, print]) => `${name} ${print}`)
          .join(", "),
    ],
    [t("about.version"), version],
  ];
  return h(
    "dl",
    { class: "facts" },
    rows
      .filter(([, value]) => value)
      .map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}

function figures(report) {
  const { counts, recall, open_set: open, times_ms: times, recall_at_1_interval: span } = report;
  const tiles = [
    [
      share(recall["1"]),
      t("about.first"),
      span && span[0] !== span[1]
        ? t("about.interval", { a: share(span[0]), b: share(span[1]) })
        : "",
    ],
    recall["5"] !== undefined && [share(recall["5"]), t("about.five"), ""],
    open?.shipped && [share(open.shipped.wrong), t("about.wrong"), t("about.wrongWhy")],
    open?.shipped && [share(open.shipped.rejected), t("about.rejected"), ""],
    times?.total && [
      `${Math.round(times.total.median)} ms`,
      t("about.time"),
      t("about.p95", { n: Math.round(times.total.p95) }),
    ],
  ].filter(Boolean);
  const queries = (counts.known ?? 0) + (counts.unknown ?? 0);
  return [
    h(
      "p",
      {},
      h("strong", {}, report.protocol),
      report.note ? ` – ${report.note}` : "",
      queries ? ` – ${t("about.queries", { n: queries })}` : "",
    ),
    h(
      "dl",
      { class: "figures" },
      tiles.map(([value, name, more]) =>
        h(
          "div",
          {},
          h("dt", {}, name),
          h("dd", {}, h("strong", {}, value), more ? h("small", {}, more) : null),
        ),
      ),
    ),
    report.reliability?.length ? reliability(report.reliability) : null,
    h("p", {}, h("a", { class: "button", href: "/report/" }, t("about.report"))),
  ].filter(Boolean);
}

// How often it was right against how sure it said it was: on the diagonal, it says the truth.
function reliability(bins) {
  const used = bins.filter((bin) => bin.count);
  const most = Math.max(...used.map((bin) => bin.count));
  const x = (value) => 40 + 250 * value;
  const y = (value) => 270 - 250 * value;
  const dots = used.map((bin) =>
    svg("circle", {
      cx: x(bin.confidence),
      cy: y(bin.accuracy),
      r: 3 + 9 * Math.sqrt(bin.count / most),
      class: "dot",
    }),
  );
  const words = (text, attributes) => {
    const element = svg("text", attributes);
    element.textContent = text;
    return element;
  };
  return h(
    "figure",
    { class: "reliability" },
    svg(
      "svg",
      { viewBox: "0 0 310 310", role: "img", "aria-label": t("about.reliability") },
      svg("path", { d: `M${x(0)} ${y(1)}V${y(0)}H${x(1)}`, class: "axis" }),
      svg("path", { d: `M${x(0)} ${y(0)}L${x(1)} ${y(1)}`, class: "ideal" }),
      dots,
      words(t("about.said"), { x: x(0.5), y: 300, "text-anchor": "middle" }),
      words(t("about.was"), {
        x: 16,
        y: y(0.5),
        "text-anchor": "middle",
        transform: `rotate(-90 16 ${y(0.5)})`,
      }),
    ),
    h("figcaption", {}, t("about.reliability")),
  );
}
