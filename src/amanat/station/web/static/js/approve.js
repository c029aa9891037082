// The observer's pad: who waits at the desk, one key approves, one refuses with a reason, and nothing else (C-9).
import { get, post } from "./api.js";
import { $, fill, make, tone } from "./dom.js";
import { isEnter } from "./bursts.js";
import { ScanWatch, digitOf } from "./keys.js";
import { digits, number } from "./persian.js";
import { watchStatus } from "./status.js";

const EVERY_MS = 500;
const TOLD_MS = 4000;
const SCANNER_ENTER_MS = 150; // an Enter so soon after another key is a reader's, and approves nobody
const REASONS = [["document", "با سند نمی‌خواند"], ["face", "با عکس نمی‌خواند"], ["other", "دلیل دیگر"]];

const pad = $("#pad");
const scans = new ScanWatch();
let state = "closed"; // closed | idle | asked | why | busy | told
let wanted = null;
let acts = [];
let lastKey = -Infinity;
let timer = 0;

/** `keys`: [words, key, what it does]. */
function show(next, texts, keys = []) {
  state = next;
  pad.dataset.kind = next;
  fill({ word: "", name: "", facts: "", waited: "", ...texts }, pad);
  acts = keys;
  $("#keys").replaceChildren(...keys.map(([words, press, act], place) =>
    make("button", { type: "button", class: place ? "act" : "act first", tabindex: -1, onclick: act }, words, make("kbd", { text: digits(press) }))));
}

const idle = () => show("idle", { word: "کسی منتظر نیست" });

const waited = () => `${number(Math.floor(wanted.waited_ms / 1000))} ثانیه در انتظار`;

const person = () => ({ name: digits(wanted.name_fa), facts: `زادهٔ ${digits(wanted.birth_year)}`, waited: waited() });

function ask() {
  show("asked", person(), [["تأیید می‌کنم", "Enter", () => decide("approve", {})], ["نمی‌پذیرم", "Esc", why]]);
}

function why() {
  show("why", { ...person(), word: "چرا؟" },
    [...REASONS.map(([reason, words], place) => [words, String(place + 1), () => decide("refuse", { reason })]), ["برگشت", "Esc", ask]]);
}

async function decide(what, more) {
  state = "busy";
  const told = await post(`/api/pad/${what}`, { permit: wanted.permit, ...more });
  tone(told.ok && what === "approve" ? "yes" : "no");
  show("told", { word: told.ok ? (what === "approve" ? "تأیید شد" : "نپذیرفتید؛ تعرفه باطل شد") : told.fa });
  wanted = null;
  clearTimeout(timer);
  timer = setTimeout(() => state === "told" && idle(), TOLD_MS);
}

/** Whoever waits now; a key pressed for one person never reaches another, for it names the permit that was shown. */
async function look() {
  const seen = await get("/api/pad");
  if (seen.ok && !["busy", "closed"].includes(state)) take(seen.wanted);
  else if (!seen.ok && state !== "busy") show("closed", { word: seen.fa });
  setTimeout(look, EVERY_MS);
}

function take(now) {
  if (now === null) {
    if (["asked", "why"].includes(state)) idle();
    return;
  }
  const isOther = now.permit !== wanted?.permit || !["asked", "why"].includes(state);
  wanted = now;
  if (!isOther) return fill({ waited: waited() }, pad);
  if (navigator.userActivation.hasBeenActive) tone("alarm"); // before the first key a browser plays nothing
  return ask();
}

function onKey(event) {
  if (isEnter(event)) return event.timeStamp - lastKey < SCANNER_ENTER_MS ? undefined : act("Enter");
  return act(event.code === "Escape" ? "Esc" : digitOf(event));
}

function act(press) {
  acts.find(([, key]) => key === press)?.[2]();
}

document.addEventListener("keydown", (event) => {
  const isScan = scans.take(event) !== null;
  if (event.repeat || event.code === "Tab") return;
  if (!isScan) onKey(event);
  if (!isEnter(event)) lastKey = event.timeStamp;
  event.preventDefault();
});

watchStatus((now) => {
  if (now.ok && now.state !== "open") show("closed", { word: now.state === "closed" ? "دستگاه ناظر بسته شده است" : "دستگاه ناظر هنوز گشوده نشده است؛ در صفحهٔ سرپرست" });
  else if (now.ok && state === "closed") idle();
});
idle();
look();
