// The answer: what it is, how sure, the proof, and what else it could be.

import * as api from "../api.js";
import { h } from "../dom.js";
import { language, percent, t } from "../i18n.js";
import { describe, nameOf, sideName } from "../items.js";
import { asked, hand, keep } from "../parts/asked.js";
import { compare } from "../parts/compare.js";
import { found } from "../parts/found.js";
import { correct } from "../parts/wrong.js";
import { share } from "../parts/share.js";
import { picture } from "../picture.js";
import { go, href, show } from "../router.js";
import { busy, button, choice, empty, link, speak } from "../ui.js";

export function answerPage(main) {
  const question = asked();
  const { answer } = question;
  if (answer && answer.language !== language()) sayIn(question);
  if (!answer) {
    main.append(
      empty(
        t("answer.none"),
        t("answer.noneWhy"),
        link(t("nav.identify"), href(""), { name: "identify", kind: "strong" }),
      ),
    );
    return;
  }
  main.append(
    question.from === "tray"
      ? link(t("tray.back"), href("tray"), { name: "back", kind: "quiet" })
      : "",
    h(
      "article",
      { class: `answer ${answer.known ? "known" : "unknown"}` },
      h("div", { class: "answer-proof" }, proof(answer), where(question)),
      h(
        "div",
        { class: "answer-words" },
        verdict(answer),
        notes(answer),
        facts(answer),
        actions(question),
        learned(answer),
      ),
    ),
    others(answer),
  );
  speak(sentence(answer));
}

// The sentences come from the server: in another language, they are asked for again.
async function sayIn({ photos, options, answer }) {
  const again = await api.identify(photos, options).catch(() => null);
  if (!again || asked().answer !== answer) return;
  keep({ answer: again });
  show({ focus: false });
}

// Two photos that show two things: then what each alone is like is shown, not what both are.
const isApart = ({ pairing }) => Boolean(pairing?.disagree);

// Several items share what together would be enough: it is in the catalogue, but which is open.
function isOpen({ known, calibrated, candidates, threshold }) {
  const together = candidates.reduce((sum, { probability }) => sum + probability, 0);
  return !known && calibrated && threshold !== null && candidates.length > 1 && together >= threshold;
}

function sentence(answer) {
  const { known, calibrated, best } = answer;
  if (!best) return t("answer.emptyCatalogue");
  if (isApart(answer)) return t("answer.spokenApart", { p: percent(answer.pairing.apart) });
  const values = { name: nameOf(best.item), p: percent(best.probability) };
  if (!calibrated) return t("answer.spokenNearest", values);
  if (isOpen(answer)) {
    const { item, probability } = answer.candidates[1];
    return t("answer.spokenOpen", { ...values, second: nameOf(item), q: percent(probability) });
  }
  return known ? t("answer.spokenKnown", values) : t("answer.spokenUnknown", values);
}

// An answer in a few words. Without a calibration nothing is told to be in the catalogue or not.
export function headline(answer) {
  const { known, calibrated, best } = answer;
  if (known) return nameOf(best.item);
  if (isApart(answer)) return t("answer.apart");
  if (isOpen(answer)) return t("answer.open");
  return best && !calibrated ? t("answer.undecided") : t("answer.unknown");
}

function verdict(answer) {
  const { known, calibrated, best } = answer;
  if (!best)
    return h(
      "header",
      { class: "verdict" },
      h("h1", {}, headline(answer)),
      h("p", {}, t("answer.emptyCatalogue")),
    );
  if (isApart(answer))
    return h(
      "header",
      { class: "verdict" },
      h("h1", {}, headline(answer)),
      h("p", { class: "about-item" }, t("answer.apartWhy")),
      h(
        "p",
        { class: "sure" },
        h("strong", {}, percent(answer.pairing.apart)),
        h("span", {}, t("answer.apartSure")),
      ),
    );
  const sure = h(
    "p",
    { class: "sure" },
    h("strong", {}, percent(best.probability)),
    h("span", {}, known ? t("answer.in") : calibrated ? t("answer.nearestOnly") : t("answer.shareOnly")),
    isDecided(answer) ? knownFrom(answer) : null,
  );
  const about = describe(best.item);
  if (known) {
    return h(
      "header",
      { class: "verdict" },
      h("h1", {}, h("a", { href: href("item", best.item.id) }, nameOf(best.item))),
      about ? h("p", { class: "about-item" }, about) : null,
      sure,
    );
  }
  return h(
    "header",
    { class: "verdict" },
    h("h1", {}, headline(answer)),
    h(
      "p",
      { class: "about-item" },
      t("answer.nearest"),
      " ",
      h("a", { href: href("item", best.item.id) }, nameOf(best.item)),
    ),
    sure,
  );
}

// From which probability on an answer counts as known, where any is enough.
export const knownFrom = ({ threshold }) =>
  threshold === null ? null : h("small", {}, t("answer.knownFrom", { p: percent(threshold) }));

// Whether that decided: two items that share one chance are not known, however likely.
const isDecided = ({ known, best, threshold }) => known === best.probability >= threshold;

// The pictures of each photo that was asked about; a side the catalogue lacks has none.
function proof(answer) {
  const { pictures, best, region, sides } = answer;
  const name = best ? nameOf(best.item) : "";
  const round = Boolean(region.ellipse);
  const all = (pictures?.sides ?? [pictures]).map(
    (one) => one?.aligned && { ...one.aligned, heat: one.heat },
  );
  const make = (one) =>
    one ? compare(one, name, { round }) : h("p", { class: "compare-none" }, t("compare.none"));
  if (all.length < 2 || !sides) return make(all[0]);
  if (isApart(answer)) return h("div", { class: "apart" }, sides.map((side, i) => alone(side, i, all[i])));
  const places = all.map(make);
  const set = (index) => places.forEach((place, i) => (place.hidden = i !== Number(index)));
  set(0);
  return h(
    "div",
    { class: "stack" },
    choice(
      t("compare.which"),
      "side",
      [
        ["0", t("side.first")],
        ["1", t("side.second")],
      ],
      "0",
      set,
    ),
    places,
  );
}

// One of two photos that disagree, and what it alone is like.
function alone({ best }, i, shown) {
  if (!best || !shown) return null;
  return h(
    "section",
    { class: "stack" },
    h(
      "h2",
      {},
      t(i ? "answer.secondLike" : "answer.firstLike"),
      " ",
      h("a", { href: href("item", best.item.id) }, nameOf(best.item)),
      " ",
      h("small", {}, percent(best.probability)),
    ),
    compare(shown, nameOf(best.item), { round: true, first: "beside" }),
  );
}

function where({ photos, answer }) {
  const photo = photos[0];
  if (!photo) return null;
  const mark = [{ region: answer.region, known: answer.known }];
  return h(
    "details",
    { class: "where" },
    h("summary", {}, t("answer.where")),
    found(photo, answer.photo, mark, t("answer.yourPhoto")),
  );
}

function notes(answer) {
  const { pairing, quality, sides, language: code } = answer;
  const issues = [...quality, ...(sides ?? []).flatMap((side) => side.quality ?? [])];
  const names = new Map(issues.map((issue) => [issue.name, issue]));
  const lines = [...names.values()].map((issue) => h("span", { lang: code }, issue.advice));
  if (pairing?.same_side && !isApart(answer)) lines.unshift(t("answer.sameSide"));
  return lines.length
    ? h(
        "ul",
        { class: "note", "aria-label": t("answer.advice") },
        lines.map((line) => h("li", {}, line)),
      )
    : null;
}

function facts(answer) {
  const { best, times_ms: times } = answer;
  if (!best) return null;
  const { year, view, evidence, sides } = best;
  // How it lies in the photo, to the left: the other way round than it is to be turned.
  const left = Math.round(360 - best.upright) % 360;
  const turn = left > 180 ? 360 - left : left;
  const time = Object.values(times).reduce((sum, ms) => sum + ms, 0);
  const rows = [
    year && [
      t("fact.year"),
      `${year.year}${year.written === String(year.year) ? "" : ` (${year.written})`}, ${percent(year.probability)}`,
    ],
    !sides && view.side && [t("fact.side"), sideName(view.side)],
    !sides && [
      t("fact.turn"),
      turn ? t(left > 180 ? "fact.right" : "fact.left", { n: turn }) : t("fact.straight"),
    ],
    !isApart(answer) && [
      t("fact.score"),
      // Of two sides each in the order of the photos; one that the catalogue lacks has none.
      (sides ?? [{ evidence }]).map(score).join(" · "),
    ],
    [t("fact.time"), `${Math.round(time)} ms`],
  ].filter(Boolean);
  return h(
    "dl",
    { class: "facts" },
    rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}

const score = (side) => side?.evidence?.score.toFixed(2) ?? "–";

function learned({ explanation, language: code }) {
  if (!explanation.length) return null;
  return h(
    "section",
    { class: "explanation" },
    h("h2", {}, t("answer.why")),
    h(
      "div",
      { lang: code },
      explanation.map((line) => h("p", {}, whole(line))),
    ),
  );
}

// Keeps a number and what belongs to it on one line.
const whole = (text) => text.replace(/([<>]) (?=\d)/g, "$1\u00a0").replace(/ %/g, "\u00a0%");

function actions(question) {
  const { answer, photos } = question;
  const add = button(
    t("answer.add"),
    () => {
      hand(photos);
      go(href("add"));
    },
    { name: "plus", kind: answer.known ? "" : "strong" },
  );
  const next = link(t("answer.next"), href(""), {
    name: "identify",
    kind: answer.known ? "strong" : "",
  });
  const name = headline(answer);
  return h(
    "div",
    { class: "actions" },
    answer.known ? [next, add] : [add, next],
    answer.best &&
      button(t("answer.share"), (event) => busy(event.currentTarget, () => share(question, name)), {
        name: "share",
      }),
    answer.best && button(t("answer.wrong"), () => correct(photos[0], answer), { name: "wrong" }),
  );
}

function others(answer) {
  const { candidates, known } = answer;
  const rest = known ? candidates.slice(1) : candidates;
  if (!rest.length) return "";
  return h(
    "section",
    { class: "others" },
    h(
      "h2",
      {},
      known
        ? t("answer.others")
        : isApart(answer)
          ? t("answer.nearestBoth")
          : t("answer.nearestAll"),
    ),
    h(
      "ul",
      { class: "tiles" },
      rest.map(({ item, view, probability }) =>
        h(
          "li",
          {},
          h(
            "a",
            { class: "tile", href: href("item", item.id) },
            picture(api.pictureOf(view.id), ""),
            h("strong", {}, nameOf(item)),
            h(
              "span",
              { class: "bar", vars: { "--share": `${100 * probability}%` } },
              percent(probability),
            ),
          ),
        ),
      ),
    ),
  );
}
