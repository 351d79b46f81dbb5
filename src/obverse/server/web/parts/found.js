// The photo as it came in, with the outline of what was found, and numbers where there are several.

import { h, svg } from "../dom.js";
import { local } from "../picture.js";
import { outline } from "../photos.js";

// `marks`: [{ region, number?, known }]. `size`: { width, height } of the photo the regions are of.
export function found(photo, size, marks, alt) {
  const unit = Math.max(size.width, size.height);
  const shapes = marks.map(({ region, number, known }) => {
    const [x0, y0, x1] = region.box;
    const group = svg("g", { class: known ? "known" : "unknown", "data-number": number ?? "" });
    group.append(
      svg("polygon", {
        points: outline(region)
          .map((p) => p.join(","))
          .join(" "),
      }),
    );
    if (number) {
      const [cx, cy, r] = [(x0 + x1) / 2, y0 + unit * 0.012, unit * 0.024];
      const text = svg("text", {
        x: cx,
        y: cy,
        "font-size": r * 1.15,
        "text-anchor": "middle",
        "dominant-baseline": "central",
      });
      text.textContent = number;
      group.append(svg("circle", { cx, cy, r }), text);
    }
    return group;
  });
  return h(
    "div",
    { class: "found", vars: { "--ratio": size.width / size.height } },
    local(photo, alt),
    svg(
      "svg",
      {
        viewBox: `0 0 ${size.width} ${size.height}`,
        preserveAspectRatio: "none",
        "aria-hidden": "true",
      },
      shapes,
    ),
  );
}
