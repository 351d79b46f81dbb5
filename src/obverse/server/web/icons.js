// Line icons on a grid of 24, drawn for this app.

import { svg } from "./dom.js";

const PATHS = {
  identify:
    "M4 8V5a1 1 0 0 1 1-1h3M16 4h3a1 1 0 0 1 1 1v3M20 16v3a1 1 0 0 1-1 1h-3M8 20H5a1 1 0 0 1-1-1v-3M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
  collection:
    "M4 8a4 4 0 1 0 8 0 4 4 0 1 0 -8 0zM14.2 7a2.8 2.8 0 1 0 5.6 0 2.8 2.8 0 1 0 -5.6 0zM4.4 17.2a2.8 2.8 0 1 0 5.6 0 2.8 2.8 0 1 0 -5.6 0zM12.4 16.2a4 4 0 1 0 8 0 4 4 0 1 0 -8 0z",
  duplicates: "M4 11a5.5 5.5 0 1 0 11 0 5.5 5.5 0 1 0 -11 0zM13.2 6.4a5.5 5.5 0 1 1-4.9 9.9",
  about: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 11v5.5M12 7.6v.1",
  camera:
    "M4 8.5A1.5 1.5 0 0 1 5.5 7H8l1.5-2.5h5L16 7h2.5A1.5 1.5 0 0 1 20 8.5v9a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5zM12 9.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z",
  picture:
    "M5.5 5h13A1.5 1.5 0 0 1 20 6.5v11a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5v-11A1.5 1.5 0 0 1 5.5 5zM4.5 17l4.5-5 3.5 3.5 2.5-2.5 4.5 4M14.4 9a1.1 1.1 0 1 0 2.2 0 1.1 1.1 0 1 0 -2.2 0z",
  close: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  search: "M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15.5 15.5L20 20",
  filter: "M4 7h16M7 12h10M10 17h4",
  share: "M12 15V4M8 8l4-4 4 4M6 12v7h12v-7",
  save: "M12 4v11M8 11l4 4 4-4M5 19h14",
  edit: "M5 19l1-4L16.5 4.5l3 3L9 18zM14.5 6.5l3 3",
  bin: "M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.5 10.5v6M13.5 10.5v6",
  merge: "M6 4v4c0 4 6 4 6 8v4M18 4v4c0 4-6 4-6 8M9 17.5l3 3 3-3",
  flip: "M5 12a7 7 0 0 1 12-5l2 2M19 5v4h-4M19 12a7 7 0 0 1-12 5l-2-2M5 19v-4h4",
  light:
    "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M18.4 5.6l-1.1 1.1M6.7 17.3l-1.1 1.1",
  dark: "M19 14.5A7.5 7.5 0 0 1 9.5 5a7.5 7.5 0 1 0 9.5 9.5z",
  back: "M14 6l-6 6 6 6",
  check: "M5 12.5l4.5 4.5L19 7.5",
  torch: "M13 3L6 13.5h5L10 21l7.5-11h-5.5z",
  wrong: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM9 9l6 6M15 9l-6 6",
};

// Decoration only: what a button does is said by its text or its label.
export function icon(name) {
  return svg(
    "svg",
    { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: PATHS[name] }),
  );
}
