// Words in the reader's language: t(key, { values }). Tables in words/, one a language.

import en from "./words/en.js";
import zh from "./words/zh.js";

const TABLES = { en, zh };
export const LANGUAGES = { en: "English", zh: "中文" };

export const language = () => document.documentElement.lang;

export function setLanguage(code) {
  localStorage.setItem("language", code);
  document.documentElement.lang = code;
}

// Where a language tells one from many, the entry is a table by plural form, chosen by `n`.
export function t(key, values = {}) {
  let text = TABLES[language()][key] ?? key;
  if (typeof text === "object")
    text = text[new Intl.PluralRules(language()).select(values.n)] ?? text.other;
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? number(value) : value;
  });
}

// What the server says in English by a fixed name: translated where the name is known.
export function told(kind, name, text) {
  const key = `${kind}.${name}`;
  return key in TABLES[language()] ? t(key) : text;
}

export const number = (value) => new Intl.NumberFormat(language()).format(value);

// A probability; its ends are never said to be certain.
export function percent(value) {
  if (value > 0.999) return "> 99.9 %";
  if (value < 0.001) return "< 0.1 %";
  const digits = value > 0.99 || value < 0.01 ? 1 : 0;
  return `${(100 * value).toFixed(digits)} %`;
}

// A share that was counted: all is all, and none is none.
export const share = (value) =>
  `${new Intl.NumberFormat(language(), { maximumFractionDigits: 1 }).format(100 * value)} %`;

export function date(text) {
  const when = new Date(text);
  return Number.isNaN(when.getTime())
    ? ""
    : when.toLocaleDateString(language(), { dateStyle: "medium" });
}
