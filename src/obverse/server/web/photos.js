// Photos on their way to the server: upright, no larger than it looks at, and nothing else in them.

import { h } from "./dom.js";

// Longest side in pixels. One coin of a photo needs no more to have its date read; a tray does.
export const ONE = 2400;
export const TRAY = 4000;
const QUALITY = 0.92;
// A smaller file is sent as it is: reading it again would cost more than sending it.
const SMALL = 1_200_000;

// A JPEG with the camera's turn applied and its other notes, such as the place, left out.
// What the browser cannot open (HEIC, mostly) goes as it is: the server opens more.
export async function prepare(file, longest = ONE) {
  if (file.size <= SMALL && /^image\/(jpeg|png|webp)$/.test(file.type)) return file;
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return file;
  }
  const blob = await draw(bitmap, longest);
  bitmap.close();
  return new File([blob], "photo.jpg", { type: blob.type });
}

// A still of anything that can be drawn, as a JPEG.
export async function draw(source, longest, { box, quality = QUALITY } = {}) {
  const [x0, y0, x1, y1] = box ?? [
    0,
    0,
    source.videoWidth ?? source.width,
    source.videoHeight ?? source.height,
  ];
  const scale = Math.min(1, longest / Math.max(x1 - x0, y1 - y0));
  const canvas = h("canvas", {
    width: Math.round((x1 - x0) * scale),
    height: Math.round((y1 - y0) * scale),
  });
  canvas
    .getContext("2d")
    .drawImage(source, x0, y0, x1 - x0, y1 - y0, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => {
    canvas.toBlob(resolve, "image/jpeg", quality);
  });
}

// One object of a photo with a little of what lies around it, as a photo of its own.
export async function crop(photo, region, margin = 0.15) {
  const bitmap = await createImageBitmap(photo, { imageOrientation: "from-image" });
  const [x0, y0, x1, y1] = region.box;
  const pad = margin * Math.max(x1 - x0, y1 - y0);
  const box = [
    Math.max(0, x0 - pad),
    Math.max(0, y0 - pad),
    Math.min(bitmap.width, x1 + pad),
    Math.min(bitmap.height, y1 + pad),
  ];
  const blob = await draw(bitmap, ONE, { box });
  bitmap.close();
  return new File([blob], "photo.jpg", { type: "image/jpeg" });
}

const PICTURES = /^image\/|^$/;

// The pictures among dropped, pasted or chosen things. A type may be missing, as for HEIC.
export const picturesIn = (transfer) =>
  [...(transfer?.files ?? [])].filter((file) => PICTURES.test(file.type));

// The outline of a region as points in photo pixels: its rim, its ellipse, or its box.
export function outline(region) {
  if (region.outline?.length > 2) return region.outline;
  const [x0, y0, x1, y1] = region.box;
  if (!region.ellipse)
    return [
      [x0, y0],
      [x1, y0],
      [x1, y1],
      [x0, y1],
    ];
  const { cx, cy, a, b, angle } = region.ellipse;
  const phi = (angle * Math.PI) / 180;
  return Array.from({ length: 72 }, (_, i) => {
    const s = (i * Math.PI) / 36;
    const [x, y] = [a * Math.cos(s), b * Math.sin(s)];
    return [cx + x * Math.cos(phi) - y * Math.sin(phi), cy + x * Math.sin(phi) + y * Math.cos(phi)];
  });
}
