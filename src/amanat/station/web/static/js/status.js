// The terminal's state, asked every two seconds, and the strip that says it in words.
import { get } from "./api.js";
import { $, fill, make } from "./dom.js";
import { digits, duration, number } from "./persian.js";

const EVERY_MS = 2000;

export function mediaWords(media) {
  const bad = Object.entries(media ?? {}).filter(([, state]) => state !== "good");
  if (bad.length === 0) return { good: true, text: "هر دو حافظه سالم است" };
  const names = bad.map(([name, state]) => `حافظهٔ ${name === "a" ? "الف" : "ب"} ${state === "slow" ? "کند است" : "پاسخ نمی‌دهد"}`);
  return { good: false, text: `${names.join("؛ ")}؛ سرپرست را خبر کنید` };
}

export function queueWords({ queue: { undelivered, oldest_ms: age } }) {
  if (!undelivered) return { good: true, text: "همه به ستاد رسیده است" };
  return { good: true, text: `${number(undelivered)} نوشته در صف تحویل${age === null ? "" : `؛ کهنه‌ترین ${duration(age)} پیش`}` };
}

function strip(status) {
  const media = mediaWords(status.media);
  const parts = [
    ...(status.link.words_fa ? [{ good: status.link.up, text: digits(status.link.words_fa) }] : []),
    queueWords(status),
    media,
    { good: true, text: `${number(status.counts.permits)} تعرفه · ${number(status.counts.cast)} رأی در این دستگاه` },
  ];
  return parts.map((part) => make("span", { class: part.good ? "part" : "part warn", text: part.text }));
}

/** Calls `seen(status)` at each answer; the strip and the heading of the page are kept by itself. */
export function watchStatus(seen) {
  const place = $("#strip");
  const look = async () => {
    const status = await get("/api/status");
    if (status.ok) {
      fill({ station: digits(status.station_name_fa), "station-id": status.station });
      place?.replaceChildren(...strip(status));
    } else {
      place?.replaceChildren(make("span", { class: "part warn", text: status.fa }));
    }
    seen(status);
    setTimeout(look, EVERY_MS);
  };
  look();
}
