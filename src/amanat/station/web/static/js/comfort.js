// How large and in which colours the screens are; the next voter finds them as they were made.
import { t, translated } from "./words.js";

const SIZES = ["", "large", "huge"]; // 24, 32, 44 px
const SIZE_WORDS = { "": "معمولی", large: "درشت", huge: "بسیار درشت" };
const root = document.documentElement;

export function nextSize() {
  const size = SIZES[(SIZES.indexOf(root.dataset.size ?? "") + 1) % SIZES.length];
  root.dataset.size = size;
  return t`اندازهٔ نوشته: ${translated(SIZE_WORDS[size])}`;
}

export function nextColours() {
  root.dataset.colours = root.dataset.colours === "dark" ? "" : "dark";
  return root.dataset.colours ? "رنگ: روشن بر تیره" : "رنگ: تیره بر روشن";
}

export function forgetComfort() {
  delete root.dataset.colours;
  delete root.dataset.size;
}
