// How an item is put into words.

import { t, told } from "./i18n.js";

export const nameOf = (item) => item.title || item.id;

export const attributeName = (key) => told("attribute", key, key.replaceAll("_", " "));

export const attributeText = (value) =>
  Array.isArray(value) || (value && typeof value === "object")
    ? JSON.stringify(value)
    : String(value);

export const sideName = (side) => t(`side.${side || "none"}`);

// The line under the name, where a list has one: nothing that the name says already.
export const lineOf = (item) => describe(item) || (nameOf(item) === item.id ? "" : item.id);

// One dim line under the name: the years become a span, the rest follows in its own order. What the
// name says already is left out.
export function describe(item) {
  const { year_from: from, year_to: to, ...rest } = item.attributes ?? {};
  const said = (value) => nameOf(item).toLowerCase().includes(String(value).toLowerCase());
  const parts = Object.entries(rest)
    .filter(([, value]) => value && typeof value === "string" && !(value.length > 2 && said(value)))
    // A mint mark alone says nothing.
    .map(([key, value]) => (value.length > 2 ? value : `${attributeName(key)} ${value}`));
  const years = [...new Set([from, to].filter(Boolean))].join("–");
  if (years) parts.unshift(years);
  return parts.slice(0, 5).join("  ·  ");
}
