// The booth, screen by screen: welcome, tray, review, seal, done (B-6, B-7, B-9).  Choices live in this page's memory
// alone, and never share a screen with the ballot's code (B-10); after casting both are wiped.
import { drawQr, forgetQr, get, post } from "./api.js";
import { $, fill, make, showScreen, tone } from "./dom.js";
import { ScanWatch, digitOf, letterOf, symbolOf } from "./keys.js";
import { digits, number } from "./persian.js";
import { reviewLists } from "./review-view.js";
import { Candidates } from "./search.js";
import { watchStatus } from "./status.js";
import { Tray } from "./tray.js";
import { drawBoard, drawCard, drawField, drawHits, drawSlots } from "./tray-view.js";

const IDLE_MS = 60_000;
const WIPE_SECONDS = 10;
const ARMED_MS = 6000;
const HOLD_MS = 1000;
const GUARDED = ["tray", "review", "seal", "opened"]; // screens that an idle minute covers

const SHUT = { new: "شعبه هنوز گشوده نشده است", closed: "رأی‌گیری در این شعبه پایان یافته است" };

const visit = { slip: "", trays: [], at: 0, blank: new Set(), testsLeft: 0, letters: false };
const scans = new ScanWatch();
let lists = null;
let typed = "";
let armed = null; // the act that a second Enter does
let busy = false;
let covered = null; // the screen under the curtain
const timers = { idle: 0, arm: 0, wipe: 0, hold: 0 };

const at = () => document.body.dataset.at;
const tray = () => visit.trays[visit.at];

// ---- moving between screens

function go(name) {
  disarm();
  showScreen(name);
  document.activeElement?.blur();
  $("#contests").hidden = !["tray", "review"].includes(name);
  if (name !== "tray") forgetTray();
  if (name !== "review") $("#lists").replaceChildren();
  awake();
}

/** Names leave the page, not only the view; a tray is drawn anew when it comes back. */
function forgetTray() {
  for (const list of ["#slots", "#hits", "#board"]) $(list).replaceChildren();
  fill({ say: "", "card-name": "", "card-mark": "", "card-code": "", initials: "" });
  $("#field").value = "";
}

function awake() {
  clearTimeout(timers.idle);
  if (GUARDED.includes(at())) timers.idle = setTimeout(cover, IDLE_MS);
}

function cover() {
  $("#help").close();
  covered = at();
  go("curtain");
}

function wipe() {
  clearInterval(timers.wipe);
  for (const image of [$("#opening"), $("#receipt-qr")]) forgetQr(image);
  Object.assign(visit, { slip: "", trays: [], at: 0, blank: new Set(), testsLeft: 0, letters: false });
  typed = "";
  covered = null;
  $("#contests").replaceChildren();
  forgetTray();
  fill({ receipt: "", welcome: "", "review-say": "" });
  $("#slip").value = "";
  delete document.documentElement.dataset.colours;
}

function welcome(sentence = "") {
  wipe();
  go("welcome");
  fill({ welcome: sentence });
}

function arm(act, seconds = ARMED_MS) {
  disarm();
  armed = act;
  timers.arm = setTimeout(() => { disarm(); drawArmed(); }, seconds);
  drawArmed();
}

function disarm() {
  clearTimeout(timers.arm);
  armed = null;
  drawArmed();
}

function drawArmed() {
  fill({
    "cast-word": "به صندوق انداختن",
    "cast-how": armed === "cast" ? "یک بار دیگر Enter" : "دو بار Enter، یا یک ثانیه نگه دارید",
  });
  $("[data-do=cast]").classList.toggle("armed", armed === "cast");
  $("[data-do=leave]").textContent = armed === "leave" ? "دوباره: خروج" : "خروج";
}

// ---- permit

/** Whoever left a vote unfinished here loses nothing: their card stays good, and nobody sees their choices. */
async function accept(slip) {
  const answer = await post("/api/booth/permit", { slip });
  if (answer.code !== "booth-busy") return answer;
  await post("/api/booth/leave");
  return post("/api/booth/permit", { slip });
}

async function permit(slip) {
  typed = "";
  $("#slip").value = "";
  lists ??= await candidates();
  const answer = lists ? await accept(slip) : { ok: false, fa: "فهرست نامزدها خوانده نشد؛ دوباره امتحان کنید" };
  if (answer.told === "cast") return done({ ...answer, code: answer.receipt });
  if (!answer.ok) {
    tone("no");
    return welcome(answer.fa);
  }
  wipe();
  visit.slip = slip;
  visit.testsLeft = answer.tests_left;
  visit.trays = answer.contests.map((contest) => new Tray(contest, lists[contest.id]));
  return answer.sealed ? sealed() : openTray(0);
}

async function candidates() {
  const answer = await get("/api/candidates");
  if (!answer.ok) return null;
  return Object.fromEntries(Object.entries(answer.contests).map(([id, rows]) => [id, new Candidates(rows)]));
}

/** The same card lifts the curtain; another card begins another vote, and nobody sees what was under it. */
async function resume(slip) {
  if (slip !== visit.slip) return permit(slip);
  const back = { tray: () => openTray(visit.at), review: () => review() }[covered] ?? (() => go(covered));
  covered = null;
  return back();
}

// ---- tray

function openTray(place) {
  visit.at = place;
  go("tray");
  draw({ say: visit.trays.length > 1 ? `${number(place + 1)} از ${number(visit.trays.length)} انتخابات` : "" });
}

function drawContests() {
  $("#contests").replaceChildren(...visit.trays.map((one, place) =>
    make("li", {}, make("button", { type: "button", "data-contest": place, "aria-current": place === visit.at && at() === "tray" ? "step" : null },
      `${one.contest.title_fa} `, make("b", { text: `${number(one.chosen.length)} از ${number(one.contest.max_choices)}` })))));
}

function draw({ say = "", pulse = null, added = false }) {
  const now = tray();
  if (now.searching) visit.letters = true;
  drawContests();
  drawField(now);
  drawSlots(now, pulse);
  drawHits(now);
  drawCard(now.searching || now.contest.max_choices === 1 ? null : now.last, now.chosen.includes(now.last), added);
  drawBoard(now, visit.letters);
  fill({ say });
  const next = visit.trays[visit.at + 1];
  $("[data-do=review]").firstChild.textContent = next ? "بعدی " : "بازبینی ";
}

function onwards() {
  if (tray().text) return draw({ say: tray().searching ? "یکی را با شماره‌اش برگزینید، یا نوشته را پاک کنید" : "کد کامل نیست" });
  return visit.at + 1 < visit.trays.length ? openTray(visit.at + 1) : review();
}

// ---- review

function review(say = "") {
  go("review");
  drawContests();
  $("#lists").replaceChildren(...reviewLists(visit.trays, visit.blank));
  const [only] = visit.trays;
  const unused = only.contest.max_choices - only.chosen.length;
  fill({ "review-say": say, unused: visit.trays.length === 1 && only.chosen.length && unused ? ` · ${number(unused)} جای خالی ماند` : "" });
  $("[data-do=seal]").classList.toggle("waiting", unconfirmed().length > 0);
}

const unconfirmed = () => visit.trays.filter((one) => one.chosen.length === 0 && !visit.blank.has(one.contest.id));

function toggleBlank(id) {
  if (!visit.blank.delete(id)) visit.blank.add(id);
  review();
}

function removeInReview(button) {
  const { say } = visit.trays[Number(button.dataset.of)].remove(button.dataset.remove);
  visit.blank.clear();
  review(`${say}. اگر نمی‌خواستید: «برگشت و تغییر»`);
}

// ---- seal, test, cast

async function once(work) {
  if (busy) return;
  busy = true;
  try {
    await work();
  } finally {
    busy = false;
  }
}

async function seal() {
  const [open] = unconfirmed();
  if (open) return review(`در «${open.contest.title_fa}» هیچ نامی نیست: اگر رأی سفید می‌دهید، ۰ را بزنید`);
  const choices = Object.fromEntries(visit.trays.map((one) => [one.contest.id, one.codes]));
  fill({ wait: "رأی مُهر می‌شود…" });
  go("wait"); // the choices leave the screen before anything is sealed
  const answer = await post("/api/booth/seal", { choices });
  if (!answer.ok) return review(answer.fa);
  return sealed();
}

function sealed(say = "") {
  go("seal");
  $("[data-do=test]").disabled = visit.testsLeft < 1;
  fill({ "seal-say": say, tests: visit.testsLeft ? `رأی باز می‌شود و شمرده نمی‌شود؛ ${number(visit.testsLeft)} بار دیگر` : "آزمون‌ها تمام شد" });
}

async function test() {
  fill({ wait: "رأی باز می‌شود…" });
  go("wait");
  const answer = await post("/api/booth/test");
  if (!answer.ok) return sealed(answer.fa);
  visit.testsLeft = answer.tests_left ?? visit.testsLeft - 1;
  go("opened");
  return drawQr($("#opening"), answer.opening);
}

function again() {
  forgetQr($("#opening"));
  visit.blank.clear();
  openTray(0);
}

async function cast() {
  fill({ wait: "رأی روی دو حافظه نوشته می‌شود…" });
  go("wait"); // whatever happens to the answer, asking again gives the same receipt and casts nothing twice
  const answer = await post("/api/booth/cast");
  return answer.ok ? done(answer) : sealed(answer.fa);
}

async function done(answer) {
  wipe(); // no choice is left in this page before the code comes on
  go("done");
  fill({ receipt: answer.code, slip: answer.printed ? "کد رسید روی کارت دوم هم هست؛ هیچ نامی در آن نیست" : "کارت دوم چاپ نشد: همین تعرفه را دوباره جلوی خواننده بگیرید تا چاپ شود" });
  tone("yes");
  let left = WIPE_SECONDS;
  const count = () => {
    fill({ wiped: `این صفحه ${number(left)} ثانیهٔ دیگر پاک می‌شود` });
    if (left < 1) welcome();
    left -= 1;
  };
  count();
  timers.wipe = setInterval(count, 1000);
  return drawQr($("#receipt-qr"), answer.code);
}

async function leave() {
  if (armed !== "leave") {
    arm("leave");
    return draw({ say: "خروج بدون رأی؟ دوباره بزنید؛ تعرفه معتبر می‌ماند" });
  }
  await post("/api/booth/leave");
  return welcome("رأیی به صندوق نیفتاد؛ تعرفهٔ شما هنوز معتبر است");
}

// ---- keys and touches

const ACTS = {
  review: onwards, undo: () => draw(tray().back()), help: () => $("#help").showModal(), "close-help": () => $("#help").close(),
  leave: () => once(leave), seal: () => once(seal), back: () => openTray(visit.trays.length - 1), test: () => once(test), again,
  colours: () => { document.documentElement.dataset.colours = document.documentElement.dataset.colours === "dark" ? "" : "dark"; },
  cast: () => (armed === "cast" ? once(cast) : arm("cast")),
};

const isEnter = (event) => event.code === "Enter" || event.code === "NumpadEnter";

const KEYS = {
  welcome(event) {
    const symbol = symbolOf(event);
    if (isEnter(event) && typed) once(() => permit(typed));
    else if (event.code === "Escape") typed = "";
    else if (event.code === "Backspace") typed = typed.slice(0, -1);
    else if (symbol && !event.ctrlKey && !event.altKey) typed += symbol;
    else return false;
    $("#slip").value = typed;
    return true;
  },
  tray(event) {
    const digit = digitOf(event);
    const chosen = document.activeElement?.dataset?.code;
    if (event.code === "Delete" && chosen) draw(tray().remove(chosen));
    else if (event.code === "Backspace") draw(tray().back());
    else if (event.code === "Escape") draw(tray().clear());
    else if (isEnter(event) || event.code === "NumpadMultiply") onwards();
    else if (event.code === "Slash" || event.code === "NumpadDivide") ACTS.help();
    else if (digit !== null) draw(tray().digit(digit));
    else if (letterOf(event) && !event.ctrlKey && !event.altKey) draw(tray().letter(letterOf(event)));
    else return false;
    return true;
  },
  review(event) {
    const [open] = unconfirmed();
    if (isEnter(event)) ACTS.seal();
    else if (event.code === "Backspace" || event.code === "Escape") ACTS.back();
    else if (digitOf(event) === "0" && open) toggleBlank(open.contest.id);
    else return false;
    return true;
  },
  seal(event) {
    if (isEnter(event)) ACTS.cast();
    else if ((event.code === "NumpadMultiply" || event.key === "*") && visit.testsLeft) ACTS.test();
    else return false;
    return true;
  },
  opened: (event) => isEnter(event) && (again(), true),
  done: (event) => isEnter(event) && (welcome(), true),
};

document.addEventListener("keydown", (event) => {
  awake();
  if (at() === "curtain" || (at() === "tray" && !$("#help").open)) {
    const scan = scans.take(event, at() === "curtain" ? Infinity : undefined);
    if (scan !== null) {
      event.preventDefault();
      if (at() === "curtain") return void (scan && once(() => resume(scan)));
      return draw({ ...tray().clear(), say: "کارت تعرفهٔ شما پیش‌تر خوانده شده است" });
    }
  }
  if ($("#help").open || event.isComposing || event.metaKey) return undefined;
  const onButton = document.activeElement?.tagName === "BUTTON" && document.activeElement.dataset.do !== "cast";
  if (onButton && (isEnter(event) || event.code === "Space")) return undefined; // the button that has the focus is pressed
  if (event.repeat && event.code !== "Backspace") return event.preventDefault(); // a key held down is pressed once
  if (KEYS[at()]?.(event)) event.preventDefault();
  return undefined;
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  awake();
  if (!button) return;
  if (event.detail > 0) button.blur(); // touched: Enter belongs to the screen again
  const { act = button.dataset.do, digit, letter, erase, board, hit, code, contest, blank, remove } = button.dataset;
  if (act === "cast" && event.detail > 0) return; // touch holds, see below
  if (act) ACTS[act]();
  else if (digit) draw(tray().digit(digit));
  else if (letter) draw(tray().letter(letter));
  else if (erase !== undefined) draw(tray().back());
  else if (board) { visit.letters = board === "letters"; draw(visit.letters ? {} : tray().clear()); }
  else if (hit) draw(tray().pick(Number(hit)));
  else if (code && button.id === "card-remove") draw(tray().remove(code));
  else if (code) { tray().last = tray().candidates.byCode.get(code); draw(tray().clear()); }
  else if (contest) openTray(Number(contest));
  else if (blank) toggleBlank(blank);
  else if (remove) removeInReview(button);
});

const castButton = $("[data-do=cast]");
castButton.addEventListener("pointerdown", () => {
  castButton.classList.add("holding");
  timers.hold = setTimeout(() => once(cast), HOLD_MS);
});
for (const end of ["pointerup", "pointerleave", "pointercancel"]) {
  castButton.addEventListener(end, () => { castButton.classList.remove("holding"); clearTimeout(timers.hold); });
}
document.addEventListener("pointerdown", awake);
document.addEventListener("contextmenu", (event) => event.preventDefault());
$("#typed").addEventListener("submit", (event) => { event.preventDefault(); if (typed) once(() => permit(typed)); });

watchStatus((status) => {
  const why = status.stopped ? "این غرفه از کار ایستاده است؛ سرپرست را صدا بزنید" : SHUT[status.state];
  if (at() === "welcome" && why) fill({ welcome: why });
});
welcome();
