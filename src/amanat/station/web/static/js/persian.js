// Persian text in the pages: digits shown and folded, the fold that a search uses (the same as rules/persian.py).
const PERSIAN = "۰۱۲۳۴۵۶۷۸۹";
const ARABIC = "٠١٢٣٤٥٦٧٨٩";
const FOLDED = { "ي": "ی", "ى": "ی", "ئ": "ی", "ك": "ک", "آ": "ا", "أ": "ا", "إ": "ا", "ٱ": "ا", "ة": "ه", "ۀ": "ه", "ؤ": "و", "ء": "", "\u200c": "", "ـ": "" };

/** In the digits of the page's language. */
export const digits = (text) => (document.documentElement.lang === "en" ? String(text) : String(text).replace(/[0-9]/g, (digit) => PERSIAN[digit]));

export const number = (value) => digits(String(value).replace(/\B(?=(\d{3})+$)/g, "٬"));

export function foldDigits(text) {
  return text.replace(/[۰-۹]/g, (digit) => PERSIAN.indexOf(digit)).replace(/[٠-٩]/g, (digit) => ARABIC.indexOf(digit));
}

export const searchKey = (text) => text.replace(/./gu, (letter) => FOLDED[letter] ?? letter).replace(/\s+/g, " ").trimStart();

/** A length of time in words: «۱ ساعت و ۵ دقیقه». */
export function duration(ms) {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return "کمتر از یک دقیقه";
  const hours = Math.floor(minutes / 60);
  const parts = [];
  if (hours) parts.push(`${number(hours)} ساعت`);
  if (minutes % 60) parts.push(`${number(minutes % 60)} دقیقه`);
  return parts.join(" و ");
}
