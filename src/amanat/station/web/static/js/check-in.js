// The desk: one field that always has the focus; the tenth digit asks, Enter issues, Esc is "not this person" (C-1, R-3).
import { alarmKey, drawAlarms, drawBooths } from "./alarms.js";
import { post } from "./api.js";
import { Bursts, idIn, isEnter } from "./bursts.js";
import * as say from "./desk-words.js";
import { $, fill, make, tone } from "./dom.js";
import { ScanWatch, digitOf, symbolOf } from "./keys.js";
import { digits, foldDigits } from "./persian.js";
import { watchStatus } from "./status.js";
import { TwoOfficers } from "./two-officers.js";

const LENGTH = 10;
const TOLD_MS = 15_000; // an answer leaves the screen
const OPEN_MS = 90_000; // an answer that nobody acted upon is withdrawn: the person has gone
const SCANNER_ENTER_MS = 50; // an Enter so soon after a digit is a reader's, and issues nothing
const SINGLE_MS = 60; // a digit that chooses waits so long for another: then it was a reader's
const PAD_MS = 500;
const HINT = "رقم دهم خودش می‌پرسد";

const field = $("#national-id");
const cells = $(".cells");
const answer = $("#answer");
const scans = new ScanWatch();
const bursts = new Bursts(() => (["typing", "officers"].includes(state) ? field.value : ""), onBurst);
let state = "typing"; // closed | typing | busy | open (may vote, waits for the clerk) | covered | why | officers | pad | told
let person = null;
let found = null; // the answer for this person
let traits = { document: 0, companion: "", finger: null };
let two = null;
let appeal = null; // what two officers may do about the answer that is shown
let acts = []; // the keys under the answer
let status = { officers: null, card: false };
let lastDigit = -Infinity;
const timers = { clear: 0, gone: 0, single: 0, pad: 0 };

cells.replaceChildren(...Array.from({ length: LENGTH }, () => make("li")));

// ---- drawing

function paint() {
  const isOfficers = state === "officers";
  $(".desk").dataset.mode = isOfficers ? "officers" : "id";
  $(".desk").classList.toggle("busy", state === "busy");
  $("#ask").textContent = isOfficers ? two.label : "کد ملی";
  $("#hint").textContent = isOfficers ? "" : HINT;
  field.classList.toggle("secret", isOfficers && two.isSecret);
  field.dir = isOfficers ? "auto" : "ltr";
  [...cells.children].forEach((cell, place) => {
    cell.textContent = isOfficers ? "" : digits(field.value[place] ?? "");
    cell.classList.toggle("next", place === field.value.length && state === "typing");
  });
}

/** `keys`: [words, key, what it does]; `rows`: list items between the person and the next step. */
function show(kind, texts, keys = [], rows = []) {
  answer.dataset.kind = kind;
  fill({ word: "", name: "", facts: "", next: "", ...texts }, answer);
  acts = keys;
  $("#keys").replaceChildren(...keys.map(([words, press, act], place) =>
    make("button", { type: "button", class: place ? "act" : "act first", tabindex: -1, onclick: act }, words, make("kbd", { text: digits(press) }))));
  $("#traits").replaceChildren(...rows);
  paint();
}

const trait = (label, value, press = "", kind = "") =>
  make("li", { class: kind }, make("span", { text: label }), make("b", { text: value }), press ? make("kbd", { text: digits(press) }) : null);

function begin(text = "") {
  for (const name of Object.keys(timers)) clearTimeout(timers[name]);
  [person, found, two, appeal] = [null, null, null, null];
  state = "typing";
  field.value = text;
  show("idle", say.idle(status));
}

function settle(kind, texts, keys = []) {
  clearTimeout(timers.gone);
  state = "told";
  show(kind, texts, keys);
  timers.clear = setTimeout(begin, TOLD_MS);
}

// ---- one person

async function look(national_id) {
  clearTimeout(timers.clear);
  state = "busy";
  field.value = national_id;
  paint();
  const answered = await post("/api/desk/look", { national_id });
  if (!answered.ok) {
    tone("no");
    return settle("ask", { word: answered.fa, next: "کد ملی را دوباره وارد کنید" });
  }
  person = national_id;
  traits = { document: 0, companion: "", finger: null };
  return decide(answered);
}

function decide(answered) {
  found = answered;
  if (found.decision === "eligible") {
    clearTimeout(timers.gone);
    timers.gone = setTimeout(() => withdraw("left"), OPEN_MS);
    tone("yes");
    open();
    return found.biometric ? finger() : undefined;
  }
  tone("no");
  const { kind, texts, appeal: may } = say.refusal(found);
  appeal = may;
  return settle(kind, texts, may ? [[say.APPEAL[may], "+", hearAppeal]] : []);
}

function open() {
  state = "open";
  clearTimeout(timers.clear);
  timers.clear = setTimeout(cover, TOLD_MS);
  const texts = {
    word: found.serial ? "تعرفه‌اش صادر شده؛ چاپ دوباره" : "می‌تواند رأی بدهد",
    name: digits(found.name_fa), facts: say.facts(found), next: "نام و سال تولد را با سند، و چهره را با عکس بسنجید",
  };
  const rows = [trait("به", say.booth(found.ballot_terminal), "", "booth")];
  if (!found.serial) {
    rows.push(trait("سند", say.DOCUMENTS[traits.document], "1-5"), trait("همراه", say.COMPANIONS[traits.companion], "*"));
    if (traits.finger) rows.push(trait("اثر انگشت", say.fingerWords(traits.finger), traits.finger.tries_left ? "+" : "", traits.finger.result));
  }
  const doubt = traits.finger && traits.finger.result !== "matched";
  const yes = doubt ? ["پذیرش با دو مسئول", "Enter", issue] : ["صدور تعرفه", "Enter", issue];
  show("yes", texts, [yes, ["این شخص نیست", "Esc", why]], rows);
}

/** After fifteen seconds nothing of the person is on the screen; the clerk may have them shown again. */
function cover() {
  state = "covered";
  show("idle", { word: "پاسخ پوشیده شد", next: "هنوز تعرفه‌ای صادر نشده است" },
    [["نمایش دوباره", "Enter", () => look(person)], ["این شخص نیست", "Esc", why]]);
}

function why() {
  state = "why";
  clearTimeout(timers.clear);
  const back = ["برگشت", "Esc", () => (found ? open() : begin())];
  show("ask", { word: "چرا تعرفه صادر نمی‌شود؟", next: "دلیل ثبت می‌شود" },
    [...say.WHY_NOT.map(([reason, words], place) => [words, String(place + 1), () => withdraw(reason)]), back]);
}

async function withdraw(reason) {
  state = "busy";
  const gone = await post("/api/desk/withdraw", { national_id: person, reason });
  if (!gone.ok) return settle("ask", { word: gone.fa });
  return settle("ask", { word: "ثبت شد: این شخص نبود", next: "تعرفه‌ای صادر نشد. کد ملی بعدی را وارد کنید" });
}

async function finger() {
  const before = traits.finger;
  if (before && (before.result === "wait" || before.result === "matched" || !before.tries_left)) return;
  const whose = person;
  traits.finger = { result: "wait", tries_left: 0 };
  open();
  const answered = await post("/api/desk/verify", { national_id: whose });
  if (person !== whose) return;
  traits.finger = answered.ok ? answered : { result: "failed", tries_left: 0 };
  tone(traits.finger.result === "matched" ? "yes" : "no");
  if (state === "open") open();
}

// ---- the permit

function issue() {
  if (traits.finger?.result === "wait") return undefined;
  if (traits.finger && traits.finger.result !== "matched") {
    return askTwo("اثر انگشت تأیید نشد: دو مسئول چهره و سند را می‌بینند", (officers) => order({ officers }));
  }
  return order({});
}

function hearAppeal() {
  if (appeal === "replace") {
    return askTwo("تعرفهٔ پیشین باطل است: دو مسئول تعرفهٔ جایگزین می‌دهند", (officers) => replace(found.voided_serial, "returned", officers));
  }
  return askTwo("اعتراض: دو مسئول سند و چهره را دیده‌اند", (officers) => order({ officers }));
}

async function order(more) {
  clearTimeout(timers.clear);
  clearTimeout(timers.gone);
  state = "busy";
  paint();
  const { document, companion } = traits;
  const issued = await post("/api/desk/issue", { national_id: person, document, companion, ...more });
  if (issued.ok && issued.decision !== "eligible") return decide(issued); // news came between the look and this Enter
  return handOut(issued);
}

async function replace(serial, reason, officers) {
  return handOut(await post("/api/desk/replace", { serial, reason, officers }));
}

function handOut(issued) {
  if (!issued.ok) {
    tone("no");
    return settle("ask", { word: issued.fa, next: "اگر تعرفه چاپ نشد، همین کد ملی را دوباره وارد کنید یا سرپرست را صدا بزنید" });
  }
  if (issued.approval && issued.approval !== "approved") return awaitPad(issued);
  settle("told", { word: "تعرفه چاپ شد", name: say.booth(issued.ballot_terminal), next: "تعرفه و سند را به رأی‌دهنده بدهید. نفر بعد: کد ملی را وارد کنید" });
  field.value = "";
  return paint();
}

/** The observer approves on their own pad; the state stands on both screens, and the slip waits for it (C-9). */
function awaitPad(issued) {
  state = "pad";
  const { kind, texts } = say.approval(issued);
  if (issued.approval === "refused") {
    tone("no");
    return settle(kind, texts);
  }
  show(kind, texts, [["کنار گذاشتن", "Esc", aside]]);
  timers.pad = setTimeout(async () => {
    const now = await post("/api/desk/approval", { serial: issued.serial });
    if (state !== "pad") return;
    if (now.approval === "approved") tone("yes");
    handOut({ ...issued, ...now });
  }, PAD_MS);
  return undefined;
}

/** The person steps aside; the same id typed again goes on with the same permit. */
function aside() {
  post("/api/desk/aside");
  begin();
}

// ---- two officers, alarms

function askTwo(title, done) {
  clearTimeout(timers.clear);
  two = new TwoOfficers(status.officers, (officers) => {
    state = "busy";
    field.value = "";
    done(officers);
  });
  state = "officers";
  field.value = "";
  drawTwo(title);
}

function drawTwo(title, next = "هر دو در دفتر ثبت می‌شوند") {
  two.title = title;
  show("ask", { word: title, next }, [["ادامه", "Enter", takeOfficer], ["برگشت", "Esc", cancelTwo]], two.rows());
}

function takeOfficer() {
  const taken = two.take(field.value);
  field.value = "";
  if (state === "officers") drawTwo(two.title, taken ? undefined : "دو نفر جدا، هر کدام یک بار");
}

function cancelTwo() {
  two.forget();
  field.value = "";
  if (found?.decision === "eligible") return open();
  return begin();
}

async function onAlarm(name, alarm) {
  if (name === "seen") {
    await post("/api/desk/seen", { serial: alarm.serial });
    return;
  }
  if (!["typing", "told"].includes(state)) {
    $("#hint").textContent = "نخست کار این نفر را تمام کنید";
    return;
  }
  begin();
  if (name === "replace") askTwo(`تعرفهٔ جایگزین · ${alarm.fa}`, (officers) => replace(alarm.serial, alarm.kind, officers));
  else askTwo(`ابطال تعرفه · ${alarm.fa}`, (officers) => voidPermit(alarm, officers));
}

async function voidPermit(alarm, officers) {
  const answered = await post("/api/desk/void", { serial: alarm.serial, reason: alarm.kind, officers });
  if (!answered.ok) {
    tone("no");
    settle("ask", { word: answered.fa });
    return;
  }
  settle("told", { word: "تعرفه باطل شد", next: "اگر رأی‌دهنده برگشت، کد ملی را بزنید: دو مسئول تعرفهٔ جایگزین می‌دهند" });
}

// ---- keys

/** A reader typed: a national id is asked for, anything else is said and lands nowhere. */
function onBurst({ text, before }) {
  if (state === "officers") field.value = before;
  if (state !== "typing") return;
  const read = foldDigits(text).replace(/[ ;,=%?-]/g, "");
  const all = before + read;
  if (!/^\d*$/.test(read)) return stray();
  if (all.length < LENGTH) {
    field.value = all;
    return paint();
  }
  const id = all.length === LENGTH ? all : idIn(read.length >= LENGTH ? read : all);
  return id ? look(id) : stray();
}

function stray() {
  if (state !== "typing") return;
  begin();
  settle("ask", { word: "آنچه خوانده شد کد ملی نیست", next: "رمزینهٔ کارت ملی را بخوانید، یا کد ملی را وارد کنید" });
}

let scanning = false;
function onScan(scan) {
  if (!scanning && state === "officers") field.value = field.value.slice(0, -2); // its first two letters were taken for writing
  scanning = scan === "";
  if (scan) stray();
}

/** Acts on a key by what is shown; a digit that chooses waits a moment, in case that a reader is typing. */
function onAct(press) {
  const act = acts.find(([, key]) => key === press)?.[2];
  if (!act) return false;
  if (/^[1-9]$/.test(press)) timers.single = setTimeout(act, SINGLE_MS);
  else act();
  return true;
}

function onEnter(event) {
  if (event.timeStamp - lastDigit < SCANNER_ENTER_MS && state !== "officers") return;
  if (state === "typing" && [8, 9].includes(field.value.length)) look(field.value.padStart(LENGTH, "0"));
  else if (!onAct("Enter") && state === "told") begin();
}

function onSign(event) {
  if (state === "open" && (event.key === "*" || event.code === "NumpadMultiply") && !found.serial) {
    const all = Object.keys(say.COMPANIONS);
    traits.companion = all[(all.indexOf(traits.companion) + 1) % all.length];
    open();
  } else if (event.key === "+" || event.code === "NumpadAdd") {
    if (state === "open" && traits.finger) finger();
    else if (!onAct("+")) return false;
  } else return false;
  return true;
}

function onDigit(pressed) {
  if (pressed === null) return false;
  if (state === "typing") type(field.value + pressed);
  else if (state === "told") {
    begin();
    type(pressed);
  } else if (state === "open" && say.DOCUMENTS[pressed - 1] && !found.serial) {
    timers.single = setTimeout(() => { traits.document = pressed - 1; open(); }, SINGLE_MS);
  } else onAct(pressed);
  return true;
}

function type(text) {
  if (text.length === 1) post("/api/desk/present"); // a document is here: news may come before the tenth digit
  field.value = text.slice(0, LENGTH);
  paint();
  if (text.length === LENGTH) look(text);
}

const digit = (event) => (["*", "+"].includes(event.key) ? null : digitOf(event));

const KEYS = {
  Escape: () => onAct("Esc") || begin(),
  Tab: () => {}, // there is one field, and it keeps the focus
};

function onKey(event) {
  const known = isEnter(event) ? onEnter : KEYS[event.code];
  if (known) known(event);
  else if (!alarmKey(event, onAlarm) && (state === "officers" || !(onSign(event) || onDigit(digit(event))))) return;
  if (digit(event) === null) bursts.restart();
  event.preventDefault();
}

document.addEventListener("keydown", (event) => {
  if (symbolOf(event) || isEnter(event)) clearTimeout(timers.single);
  const burst = bursts.take(event);
  const scan = scans.take(event);
  if (scan !== null) onScan(scan);
  if (burst || scan !== null) return event.preventDefault();
  onKey(event);
  if (digit(event) !== null) lastDigit = event.timeStamp;
  return undefined;
});

field.addEventListener("input", () => {
  if (state === "officers") return;
  const typed = foldDigits(field.value).replace(/\D/g, "");
  if (state === "typing") type(typed);
  else field.value = person ?? "";
});
field.addEventListener("blur", () => setTimeout(() => field.focus(), 0));

async function readCard() {
  const card = await post("/api/desk/card");
  if (state !== "typing" || field.value) return;
  if (card.ok && card.national_id) look(card.national_id);
  else settle("ask", { word: "کارت خوانده نشد", next: "کارت را دوباره بگذارید، یا کد ملی را وارد کنید" });
}

watchStatus((now) => {
  if (!now.ok) return;
  const cardCame = now.card && !status.card;
  const halted = (one) => `${one.paused ?? ""} ${Boolean(one.ended)}`;
  const changed = halted(now) !== halted(status);
  status = now;
  if (changed && state === "typing" && !field.value) begin();
  drawBooths(now.booths ?? []);
  drawAlarms(now.alarms ?? [], onAlarm);
  if (now.state !== "open") {
    state = "closed";
    show("ask", { word: now.state === "closed" ? "شعبه بسته شده است" : "شعبه هنوز گشوده نشده است", next: "در صفحهٔ سرپرست" });
  } else if (state === "closed") begin();
  if (cardCame && state === "typing" && !field.value) readCard();
});
begin();
field.focus();
