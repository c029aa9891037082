// A list prepared at home, scanned at the tray (B-11): added to the names that are there or in their place; it never casts.
import { digits, number } from "./persian.js";
import { readSlate } from "./slate-code.js";
import { inEnglish, t } from "./words.js";

const FAULTS = {
  unreadable: "رمزینهٔ این فهرست خوانا نیست؛ نام‌ها را با کد یا حروف بنویسید",
  other: "این فهرست برای انتخابات دیگری است؛ نامی افزوده نشد",
};

const shapeOf = (lists, trays, id) => {
  const tray = trays.find((one) => one.contest.id === id);
  return { n: lists.contests[id].length + lists.gone[id].length, k: tray?.contest.max_choices ?? 0 };
};

/** {place of the tray, codes, missing: rows that are no candidates any more}, or {fault: a sentence}. */
export function slateFor(text, lists, trays) {
  const ids = Object.fromEntries(Object.entries(lists.places).map(([id, index]) => [index, id]));
  const shapes = Object.fromEntries(Object.entries(ids).map(([index, id]) => [index, shapeOf(lists, trays, id)]));
  const { fault, contest, numbers } = readSlate(text, { election: lists.election, shapes });
  const place = trays.findIndex((one) => one.contest.id === ids[contest]);
  if (fault || place < 0) return { fault: FAULTS[fault ?? "other"] };
  const chosen = (rows) => rows.filter((row) => numbers.includes(row.number));
  return { place, codes: chosen(lists.contests[ids[contest]]).map((row) => row.code), missing: chosen(lists.gone[ids[contest]]) };
}

/** Puts a slate's names into its tray and says in one sentence what became of each of them. */
export function putSlate(tray, { codes, missing }, { replace }) {
  const { added, known, left } = tray.take(codes, { replace });
  const parts = [replace ? t`${number(added)} نام جای نام‌های پیشین نشست` : t`${number(added)} نام افزوده شد`];
  if (known) parts.push(t`${number(known)} نام از پیش بود`);
  if (left) parts.push(t`${number(left)} نام جا نشد`);
  if (missing.length) parts.push(t`${number(missing.length)} نام دیگر نامزد نیستند: ${missing.map((row) => digits(row.name)).join("، ")}`);
  return parts.join(inEnglish() ? "; " : "؛ ");
}
