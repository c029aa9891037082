// A list prepared at home, scanned at the tray (B-12): added or in place of the names that are there; it never casts.
import { digits, number } from "./persian.js";

/** `answer` of the terminal: {contest, codes, missing: [{code, name}]}; null where the permit has no such contest. */
export function slateFor(trays, answer) {
  const place = trays.findIndex((one) => one.contest.id === answer.contest);
  return place < 0 ? null : { place, codes: answer.codes, missing: answer.missing };
}

/** Puts a slate's names into its tray and says in one sentence what became of each of them. */
export function putSlate(tray, { codes, missing }, { replace }) {
  const before = replace ? 0 : tray.chosen.length;
  const { added, known, left } = tray.take(codes, { replace });
  const parts = [`${number(added)} نام افزوده شد`];
  if (replace) parts[0] = `${number(added)} نام جای نام‌های پیشین نشست`;
  if (before && known) parts.push(`${number(known)} نام از پیش بود`);
  if (left) parts.push(`${number(left)} نام جا نشد`);
  if (missing.length) parts.push(`${number(missing.length)} نام دیگر نامزد نیستند: ${missing.map((row) => digits(row.name || row.code)).join("، ")}`);
  return parts.join("؛ ");
}
