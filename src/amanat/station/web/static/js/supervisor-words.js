// What the supervisor's page says: the one next step, the state of things, equations, look-ups (J-6, J-9).
import { digits, duration, number } from "./persian.js";
import { mediaWords, queueWords } from "./status.js";

const LATE_MS = 3_600_000; // undelivered for an hour: carry it by hand
const MINUTE_MS = 60_000;
const IRAN_MS = 12_600_000;
const LOW_PERCENT = 20;
const FEW_VOTERS = 1500; // a station's day; more room than that is not worth a word

/** «۱۸:۰۰» in Iran's time. */
export const hour = (ms) => digits(new Date(ms + IRAN_MS).toISOString().slice(11, 16));

export const endsAt = (status) => status.extended_until_ms ?? status.legal_end_ms;

export const endWords = (status) =>
  status.extended_until_ms ? `تمدید شده است تا ${hour(status.extended_until_ms)}.` : `پایان قانونی ${hour(status.legal_end_ms)} است.`;

const list = (terminals) => terminals.map((terminal) => number(terminal)).join("، ");

const isLow = ({ power }) => Boolean(power?.on_battery && power.percent !== null && power.percent <= LOW_PERCENT);

function closingStep(day) {
  if (day?.behind.length) return { title: `نخست غرفه‌های ${list(day.behind)} را ببندید`, text: "برگهٔ پایانی هر غرفه پیش از میز پذیرش چاپ می‌شود.", act: "close" };
  if (day?.open_permits.length) {
    return { title: `${number(day.open_permits.length)} تعرفه هنوز باز است`, text: "بگذارید تعرفه‌دارها رأی بدهند. هر که رفته است، دو مسئول هنگام بستن می‌گویند چه شد.", act: "close" };
  }
  return { title: "شعبه را ببندید", text: "پایان رأی‌گیری اعلام شده و تعرفه‌ای باز نیست.", act: "close" };
}

function troubled(status) {
  const media = mediaWords(status.media);
  if (status.stopped) return { title: "این دستگاه نمی‌نویسد", text: "رأی‌های پیشین امن است. رأی‌دهندگان را به غرفهٔ دیگر بفرستید و ستاد را خبر کنید.", act: "usb" };
  if (!media.good) return { title: media.text, text: status.media_told?.[0]?.fa ?? "ادامه دهید و جانشین بخواهید؛ اکنون یک نسخه روی USB بردارید.", act: "usb" };
  if (isLow(status)) return { title: "باتری رو به پایان است", text: `${number(status.power.percent)} درصد مانده است. برق را وصل کنید یا دستگاه یدکی را آماده کنید؛ آنچه نوشته شده امن است.`, act: "incident" };
  return null;
}

/** The one thing to do now; `do` is done at once, `act` opens its panel. */
export function nextStep(status, day) {
  const trouble = troubled(status);
  if (trouble) return trouble;
  if (status.paused) return { title: "رأی‌گیری ایستاده است", text: `${status.paused}. تعرفه‌ها معتبر است؛ هر گاه آماده بودید ادامه دهید.`, do: "resume", label: "ادامهٔ رأی‌گیری" };
  if (status.queue.undelivered && (status.queue.oldest_ms > LATE_MS || (status.state === "closed" && !status.link.up))) {
    return { title: "نوشته‌ها را با USB به ستاد برسانید", text: `${number(status.queue.undelivered)} نوشته هنوز به ستاد نرسیده است.`, act: "usb" };
  }
  if (status.state === "closed") return { title: "کار این دستگاه پایان یافت", text: queueWords(status).text, act: "close", label: "چاپ دوبارهٔ برگهٔ پایانی" };
  if (status.ended) return closingStep(day);
  if (status.now_ms >= endsAt(status)) {
    return { title: "ساعت پایان رسیده است", text: "هر که درون شعبه است پذیرش شود؛ سپس پایان رأی‌گیری را اعلام کنید. اگر حکم تمدید رسیده است، آن را اسکن کنید.", act: "end" };
  }
  if (status.paper?.mode) return { title: "رأی‌گیری روی کاغذ است", text: "برگه‌های مصرف‌شده و باطل‌شده را جدا نگه دارید؛ در پایان شمرده می‌شود.", act: "paper", label: "ذخیرهٔ کاغذ" };
  return { title: "رأی‌گیری در جریان است", text: "سر هر ساعت برگهٔ ساعتی بگیرید و به ناظران بدهید.", act: "hourly" };
}

const STATES = { new: "گشوده نشده", open: "باز", closed: "بسته", unknown: "خبری نیست" };

function stationWords(status) {
  if (status.state !== "open") return { good: false, text: STATES[status.state] };
  if (status.paused) return { good: false, text: "ایست موقت" };
  if (status.ended) return { good: false, text: "پایان رأی‌گیری" };
  return { good: true, text: status.paper?.mode ? "باز، روی کاغذ" : "باز" };
}

/** «باز ۱، ۲ · بسته ۳» */
export function terminalWords(day) {
  const groups = Object.entries(STATES)
    .map(([state, words]) => [words, day.terminals.filter((terminal) => terminal.state === state).map(({ terminal }) => terminal)])
    .filter(([, terminals]) => terminals.length);
  return groups.map(([words, terminals]) => `${list(terminals)} ${words}`).join(" · ");
}

function powerWords({ power }) {
  if (!power) return [];
  const percent = power.percent === null ? "" : `، ${number(power.percent)}٪`;
  return [["برق", { good: !power.on_battery, text: power.on_battery ? `روی باتری${percent}` : `برق وصل است${percent}` }]];
}

function clockWords({ now_ms: now, clock }) {
  if (!clock?.step_ms) return { good: true, text: hour(now) };
  const way = clock.step_ms > 0 ? "جلو" : "عقب";
  return { good: false, text: `${hour(now)}؛ ${duration(Math.abs(clock.step_ms))} به ${way} پرید (ثبت شد)` };
}

const PRINTER = { good: "سالم است", "paper-low": "کاغذ رو به پایان است", failed: "پاسخ نمی‌دهد؛ کاغذ و سیم را ببینید" };

/** [name, {good, text}] of everything that a supervisor keeps an eye on. */
export function healthRows(status, day) {
  const left = status.limits?.voters_left;
  const media = mediaWords(status.media);
  const room = media.good && Number.isInteger(left) && left < FEW_VOTERS ? `؛ جا برای ${number(left)} رأی‌دهنده` : "";
  return [
    ["شعبه", stationWords(status)],
    ["پایان", { good: status.state !== "open" || status.now_ms < endsAt(status), text: `${hour(endsAt(status))}${status.extended_until_ms ? " (تمدید)" : ""}` }],
    ...(day && day.terminals.length > 1 && day.whole ? [["دستگاه‌ها", { good: true, text: terminalWords(day) }]] : []),
    ["شبکه", { good: status.link.up || !status.link.words_fa, text: digits(status.link.words_fa || "از راه میز پذیرش") }],
    ...(status.link.words_fa ? [] : [["تحویل", queueWords(status)]]),
    ["حافظه‌ها", { good: media.good, text: `${media.text}${room}` }],
    ...(PRINTER[status.printer] ? [["چاپگر", { good: status.printer === "good", text: PRINTER[status.printer] }]] : []),
    ...powerWords(status),
    ["ساعت", clockWords(status)],
  ];
}

const LEFT = { prepared: "مُهرشده", permits: "تعرفه", paper: "کاغذ دریافتی" };
const PARTS = { cast: "در صندوق", tested: "آزموده", dropped: "رهاشده", voided: "باطل‌شده", left: "رفته با توضیح", open: "باز", used: "مصرف‌شده", spoiled: "باطل‌شده", stock: "مانده" };

export function equationWords({ name, left, parts, holds }) {
  const right = Object.entries(parts).map(([part, count]) => `${PARTS[part]} ${number(count ?? 0)}`).join(" + ");
  const settled = holds && !parts.open;
  return { good: settled, text: `${LEFT[name]} ${number(left)} = ${right}`, verdict: holds ? (settled ? "برابر است" : "باز مانده") : "برابر نیست" };
}

export const permitWords = ({ terminal, since_ms: since }, now) => `غرفهٔ ${number(terminal)} · ${now - since < MINUTE_MS ? "اکنون" : duration(now - since)}`;

const REASONS = { unknown: "در دفتر نیست", withdrawn: "رفت یا اشتباه بود", "checked-in-already": "پیش‌تر پذیرش شده", "not-eligible": "واجد شرایط نیست" };
const DETAILS = { dead: "درگذشته", "not-citizen": "تابعیت", abroad: "بیرون از کشور", "under-age": "سن", barred: "محروم", here: "همین شعبه" };

export function lookUpWords({ ms, reason, detail }) {
  const more = detail.startsWith("elsewhere:") ? "شعبهٔ دیگر" : DETAILS[detail];
  return `${hour(ms)} · ${REASONS[reason] ?? reason}${more ? ` (${more})` : ""}`;
}
