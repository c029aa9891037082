// The terminal's state, asked every second, and the strip that says it in words.
import { get } from "./api.js";
import { $, fill, make } from "./dom.js";
import { digits, duration, number } from "./persian.js";
import { t } from "./words.js";

const EVERY_MS = 1000;

export function mediaWords(media) {
  const bad = Object.entries(media ?? {}).filter(([, state]) => state !== "good");
  if (bad.length === 0) return { good: true, text: "هر دو حافظه سالم است" };
  const names = bad.map(([name, state]) => `حافظهٔ ${name === "a" ? "الف" : "ب"} ${state === "slow" ? "کند است" : "پاسخ نمی‌دهد"}`);
  return { good: false, text: `${names.join("؛ ")}؛ سرپرست را خبر کنید` };
}

export function queueWords({ queue: { undelivered, oldest_ms: age } }) {
  if (!undelivered) return { good: true, text: "همه به ستاد رسیده است" };
  if (age === null) return { good: true, text: `${number(undelivered)} نوشته در راه` };
  return { good: true, text: `کهنه‌ترین نوشتهٔ نرسیده: ${duration(age)} (${number(undelivered)} در صف)` };
}

const DAY_MS = 86_400_000;

/** «دفتر: نسخهٔ ۳، ۴ روز پیش» */
function registerWords({ register_version: version, register_day: day, now_ms: now }) {
  if (!day) return [];
  const days = Math.max(0, Math.floor((now - Date.parse(`${day}T00:00+03:30`)) / DAY_MS));
  const age = days === 0 ? "امروز" : days === 1 ? "دیروز" : `${number(days)} روز پیش`;
  return [{ good: true, text: `دفتر: نسخهٔ ${number(version)}، ${age}` }];
}

const PRINTER = {
  good: { good: true, text: "چاپگر سالم است" },
  "paper-low": { good: false, text: "کاغذ چاپگر رو به پایان است" },
  failed: { good: false, text: "چاپگر پاسخ نمی‌دهد؛ کاغذ و سیم آن را ببینید" },
};

function strip(status) {
  const parts = [
    status.link.words_fa ? { good: status.link.up, text: digits(status.link.words_fa) } : queueWords(status),
    ...registerWords(status),
    ...(status.look_ups ? [{ good: false, text: digits(status.look_ups.fa) }] : []),
    ...(PRINTER[status.printer] ? [PRINTER[status.printer]] : []),
    mediaWords(status.media),
    ...(Number.isInteger(status.waiting) ? [{ good: true, text: status.waiting ? `${number(status.waiting)} نفر در راه غرفه‌ها` : "کسی در راه غرفه‌ها نیست" }] : []),
    { good: true, text: `${number(status.counts.permits)} تعرفه · ${number(status.counts.cast)} رأی در این دستگاه` },
  ];
  return parts.map((part) => make("span", { class: part.good ? "part" : "part warn", text: part.text }));
}

/** Calls `seen(status)` at each answer; the strip and the heading of the page are kept by itself. */
export function watchStatus(seen) {
  const place = $("#strip");
  const look = async () => {
    const status = await get("/api/status");
    if (status.locked) return location.replace("/unlock");
    if (status.ok) {
      fill({ station: digits(status.station_name_fa), "station-id": status.station });
      if (status.county) fill({ place: t`(${status.county}، ${status.district})، غرفهٔ ${number(status.terminal)}،` });
      place?.replaceChildren(...strip(status));
    } else {
      place?.replaceChildren(make("span", { class: "part warn", text: status.fa }));
    }
    seen(status);
    setTimeout(look, EVERY_MS);
  };
  look();
}
