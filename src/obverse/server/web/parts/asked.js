// The question in hand: what was photographed, how it was asked, and what came back. Pages share it;
// it is forgotten when the tab closes.

const NOTHING = {
  mode: "one",
  photos: [],
  options: {},
  answer: null,
  from: "",
  tray: null,
  trayPhoto: null,
};
let now = { ...NOTHING };

export const asked = () => now;

export function keep(change) {
  now = { ...now, ...change };
}

// Photos on their way to the page that adds an item, with the sides they show.
let handed = null;
export const hand = (photos) => {
  handed = photos;
};
export const handedOver = () => {
  const photos = handed;
  handed = null;
  return photos ?? [];
};
