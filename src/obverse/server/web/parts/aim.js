// Is the coin where it should be? What the live camera says from one look to the next.

// Shares of the picture's shorter side, and of a diameter between two looks.
const SMALLEST = 0.3;
const EDGE = 0.015;
const STILL = 0.05;
const STEADY_LOOKS = 3;

// Below it the finder's regions are mostly grain of the table: its own score, 0 to 1.
const SURE = 0.3;

export class Aim {
  #last = null;
  #still = 0;

  // Regions as /v1/find gave them for a frame of this size ->
  // { region, hint: "none" | "closer" | "back" | "still" | "ready" }.
  look(regions, width, height) {
    const region = regions.find((r) => !r.whole && r.score >= SURE) ?? null;
    if (!region) {
      this.#last = null;
      this.#still = 0;
      return { region, hint: "none" };
    }
    const [x0, y0, x1, y1] = region.box;
    const size = Math.max(x1 - x0, y1 - y0);
    const centre = [(x0 + x1) / 2, (y0 + y1) / 2];
    const moved = this.#last
      ? Math.hypot(centre[0] - this.#last[0], centre[1] - this.#last[1]) / size
      : 1;
    this.#last = centre;
    this.#still = moved < STILL ? this.#still + 1 : 0;
    return { region, hint: this.#hint(region.box, size, width, height) };
  }

  #hint([x0, y0, x1, y1], size, width, height) {
    const edge = EDGE * Math.min(width, height);
    if (x0 < edge || y0 < edge || x1 > width - edge || y1 > height - edge) return "back";
    if (size < SMALLEST * Math.min(width, height)) return "closer";
    return this.#still >= STEADY_LOOKS ? "ready" : "still";
  }
}
