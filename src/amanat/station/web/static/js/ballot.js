// The booth, screen by screen: welcome, tray, review, seal, done (B-6, B-7, B-9).  Choices live in this page's memory
// alone, and never share a screen with the ballot's code (B-10); after casting both are wiped.
import { drawQr, forgetQr, get, post } from "./api.js";
import { Arm, listen } from "./ballot-input.js";
import { plain, tell, tellTray } from "./booth-events.js";
import { Card, isCode } from "./card.js";
import { forgetComfort, nextColours, nextSize } from "./comfort.js";
import { $, fill, make, showScreen, tone } from "./dom.js";
import { number } from "./persian.js";
import { beginInNewProcess, enciphered, takeMark } from "./private.js";
import { reviewLists } from "./review-view.js";
import { Candidates } from "./search.js";
import { putSlate, slateFor } from "./slate.js";
import { watchStatus } from "./status.js";
import { Tray } from "./tray.js";
import { drawBoard, drawCard, drawCodePad, drawField, drawHits, drawSlateOffer, drawSlots } from "./tray-view.js";
import { forgetVisit, screen, tray, undecided, visit } from "./visit.js";
import { inEnglish, speak, t, told, translated } from "./words.js";

const IDLE_MS = 60_000;
const WIPE_SECONDS = 10;
const GUARDED = ["tray", "review", "seal", "opened"]; // screens that an idle minute covers
const SHUT = { new: "شعبه هنوز گشوده نشده است", closed: "رأی‌گیری در این شعبه پایان یافته است" };
const FAREWELL = { left: "رأیی به صندوق نیفتاد؛ تعرفهٔ شما هنوز معتبر است" };
const STILL_GOOD = "هنوز رأی نداده‌اید؛ تعرفهٔ شما معتبر است";

const armed = new Arm(drawArmed);
const card = new Card((text) => once(() => (screen() === "curtain" ? resume(text) : permit(text))));
const timers = { idle: 0, wipe: 0 };
let lists = null;
let busy = false;
let covered = null; // the screen under the curtain

// ---- moving between screens

function go(name) {
  armed.drop();
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
  fill({ say: "", "card-name": "", "card-mark": "", "card-code": "", initials: "", offer: "" });
  $("#photo").removeAttribute("src");
  $("#field").value = "";
}

function awake() {
  clearTimeout(timers.idle);
  if (GUARDED.includes(screen())) timers.idle = setTimeout(cover, IDLE_MS);
  else if (screen() === "welcome" && inEnglish()) timers.idle = setTimeout(() => toLanguage("fa"), IDLE_MS);
}

function cover() {
  $("#help").close();
  covered = screen();
  $("#curtain-typed").hidden = !visit.code;
  go("curtain");
  tell("curtain");
  post("/api/booth/away");
}

function toLanguage(language) {
  speak(language);
  for (const pad of ["#code-pad", "#curtain-pad"]) drawCodePad($(pad));
}

/** The first screen keeps the language that its voter asked for; a new visit begins in Persian. */
function wipe(keepsLanguage = screen() === "welcome") {
  if (!keepsLanguage) toLanguage("fa");
  clearInterval(timers.wipe);
  for (const image of [$("#opening"), $("#receipt-qr")]) forgetQr(image);
  forgetVisit();
  covered = null;
  $("#contests").replaceChildren();
  forgetTray();
  fill({ receipt: "", welcome: "", "review-say": "", "seal-say": "" });
  card.forget();
}

function welcome(sentence = "") {
  wipe();
  forgetComfort();
  go("welcome");
  fill({ welcome: sentence });
  tell("welcome", { sentence });
}

/** The visit is over: this process of the browser ends, with whatever its memory held. */
function gone(mark = "") {
  wipe();
  if (!beginInNewProcess(mark)) welcome(FAREWELL[mark]);
}

function wait(sentence) {
  fill({ wait: sentence });
  go("wait");
}

function drawArmed(act) {
  fill({
    "cast-word": "به صندوق انداختن",
    "cast-how": act === "cast" ? "یک بار دیگر Enter" : "دو بار Enter، یا یک ثانیه نگه دارید",
  });
  $("[data-do=cast]").classList.toggle("armed", act === "cast");
  for (const button of document.querySelectorAll("[data-do=leave]")) button.textContent = translated(act === "leave" ? "دوباره: خروج" : "خروج");
  if (act) tell("armed", { act });
}

// ---- permit

const opened = (text) => (isCode(text) ? post("/api/booth/code", { code: text }) : post("/api/booth/permit", { slip: text }));

/** Whoever left a vote unfinished here loses nothing: their card stays good, and nobody sees their choices. */
async function accept(text) {
  const answer = await opened(text);
  if (answer.code !== "booth-busy") return answer;
  await post("/api/booth/leave");
  return opened(text);
}

/** `text`: what the reader read of the card, or the digits of its code. */
async function permit(text) {
  card.forget();
  lists ??= await candidates();
  const answer = lists ? await accept(text) : { ok: false, fa: "فهرست نامزدها خوانده نشد؛ دوباره امتحان کنید" };
  if (answer.told === "cast") return done({ ...answer, code: answer.receipt });
  if (!answer.ok) {
    tone("no");
    return welcome(told(answer));
  }
  wipe();
  forgetComfort();
  visit.slip = answer.slip ?? text;
  visit.code = isCode(text) ? text : "";
  visit.key = answer.key ?? "";
  visit.testsLeft = answer.tests_left;
  visit.trays = answer.contests.map((contest) => new Tray(contest, lists.candidates[contest.id]));
  return answer.sealed ? sealed() : openTray(0, answer.interrupted ? STILL_GOOD : undefined);
}

async function candidates() {
  const answer = await get("/api/candidates");
  if (!answer.ok) return null;
  const search = Object.entries(answer.contests).map(([id, rows]) => [id, new Candidates(rows)]);
  return { ...answer, candidates: Object.fromEntries(search) };
}

/** The same card lifts the curtain; another card begins another vote, and nobody sees what was under it. */
async function resume(text) {
  card.forget();
  if (![visit.slip, visit.code].includes(text)) return permit(text);
  const answer = await post("/api/booth/back");
  if (answer.code === "no-permit") return reconcile();
  if (!answer.ok) return fill({ "curtain-say": told(answer) });
  const under = covered;
  covered = null;
  if (under === "tray") openTray(visit.at);
  else if (under === "review") review();
  else go(under);
  return tell("resumed");
}

/** The terminal started again under our hands: it knows whether the vote is in the box, and this page says so. */
async function reconcile() {
  const answer = await post("/api/booth/permit", { slip: visit.slip });
  if (answer.told === "cast") return done({ ...answer, code: answer.receipt });
  if (!answer.ok) return welcome(told(answer));
  covered = null;
  visit.key = answer.key ?? "";
  visit.testsLeft = answer.tests_left;
  return answer.sealed ? sealed() : openTray(visit.at, STILL_GOOD);
}

// ---- tray

function openTray(place, say) {
  visit.at = place;
  visit.slate = null;
  go("tray");
  draw({ what: "tray", say: say ?? (visit.trays.length > 1 ? t`${number(place + 1)} از ${number(visit.trays.length)} انتخابات` : "") });
}

function drawContests() {
  $("#contests").replaceChildren(...visit.trays.map((one, place) =>
    make("li", {}, make("button", { type: "button", "data-contest": place, "aria-current": place === visit.at && screen() === "tray" ? "step" : null },
      make("bdi", { text: one.contest.title_fa }), make("b", { text: t`${number(one.chosen.length)} از ${number(one.contest.max_choices)}` })))));
}

function draw(happened) {
  const now = tray();
  if (now.searching) visit.letters = true;
  drawContests();
  drawField(now);
  drawSlots(now, happened.pulse);
  drawHits(now);
  drawCard(now.searching || now.contest.max_choices === 1 ? null : now.last, now, happened.added);
  drawBoard(now, visit.letters);
  drawSlateOffer(visit.slate, now);
  fill({ say: happened.say ?? "" });
  $("[data-do=review]").firstChild.textContent = translated(visit.trays[visit.at + 1] ? "بعدی " : "بازبینی ");
  tellTray(now, happened, visit.at, visit.trays.length);
}

function onwards() {
  const now = tray();
  if (visit.slate) return useSlate(false);
  if (now.text || now.browsing) return draw({ say: now.searching ? "یکی را با شماره‌اش برگزینید، یا نوشته را پاک کنید" : "کد کامل نیست" });
  if (visit.at + 1 === visit.trays.length) return review();
  return openTray(visit.at + 1, now.chosen.length ? undefined : t`در «${now.contest.title_fa}» نامی ننوشتید؛ این هنوز رأی سفید نیست`);
}

function colours(next) {
  const say = next();
  if (screen() === "tray") draw({ say });
  else tell("say", { text: say });
}

/** The ear is Persian, and so is the screen beside it. */
function sound() {
  toLanguage("fa");
  if (screen() === "tray") draw({});
  tell("sound");
}

// ---- slate: a list that was prepared at home

function slate(text) {
  const found = slateFor(text, lists, visit.trays);
  if (found.fault) return draw({ ...tray().clear(), what: null, say: found.fault });
  tray().clear();
  if (found.place !== visit.at) openTray(found.place);
  visit.slate = found;
  if (tray().chosen.length === 0) return useSlate(false);
  return draw({ say: "این فهرست به نام‌های شما افزوده شود یا جای آن‌ها را بگیرد؟" });
}

function useSlate(replace) {
  const { slate: found } = visit;
  visit.slate = null;
  return draw({ say: putSlate(tray(), found, { replace }) });
}

function dropSlate() {
  visit.slate = null;
  draw({ say: "فهرست کنار گذاشته شد؛ نام‌های شما همان است" });
}

/** Any paper before the reader: a permit opens, a slate fills, everything else is swallowed and says so. */
function scanned(text) {
  const at = screen();
  if (at === "curtain") return once(() => resume(text));
  if (at === "done") return once(() => permit(text));
  if (at === "tray" && text.startsWith("AL1")) return slate(text);
  if (at === "tray") return draw({ ...tray().clear(), say: text === visit.slip ? "کارت تعرفهٔ شما پیش‌تر خوانده شده است" : "این برگه این‌جا به کار نمی‌آید" });
  return undefined;
}

// ---- review

function review(say = "") {
  go("review");
  drawContests();
  $("#lists").replaceChildren(...reviewLists(visit.trays, visit.blank));
  const [only] = visit.trays;
  const unused = only.contest.max_choices - only.chosen.length;
  fill({ "review-say": say, unused: visit.trays.length === 1 && only.chosen.length && unused ? t` · ${number(unused)} جای خالی ماند` : "" });
  $("[data-do=seal]").classList.toggle("waiting", undecided().length > 0);
  const contests = visit.trays.map((one) => ({ title: one.contest.title_fa, rows: one.chosen.map(plain), max: one.contest.max_choices, blank: visit.blank.has(one.contest.id) }));
  tell("review", { contests, say });
}

function toggleBlank(id = undecided()[0]?.contest.id) {
  if (id === undefined) return;
  if (!visit.blank.delete(id)) visit.blank.add(id);
  review();
}

function removeInReview(place, code) {
  const { say } = visit.trays[place].remove(code);
  visit.blank.clear();
  review(t`${say}. اگر نمی‌خواستید: «برگشت و تغییر»`);
}

/** Not taking part in one of the contests is no white vote: it needs another card, and that is said (B-12). */
function skip(id) {
  const { contest } = visit.trays.find((one) => one.contest.id === id);
  review(t`شرکت نکردن در «${contest.title_fa}» رأی سفید نیست و با این تعرفه شدنی نیست: بی‌رأی «خروج» کنید و از میز پذیرش تعرفه‌ای بدون آن بگیرید`);
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
  const [open] = undecided();
  if (open) return review(t`در «${open.contest.title_fa}» هیچ نامی نیست: اگر رأی سفید می‌دهید، ۰ را بزنید`);
  const choices = Object.fromEntries(visit.trays.map((one) => [one.contest.id, one.codes]));
  wait("رأی مُهر می‌شود…"); // the choices leave the screen before anything is sealed
  const answer = await post("/api/booth/seal", visit.key ? { sealed: await enciphered(choices, visit.key) } : { choices });
  if (answer.code === "no-permit") return reconcile();
  return answer.ok ? sealed() : review(told(answer));
}

function sealed(say = "") {
  go("seal");
  $("[data-do=test]").disabled = visit.testsLeft < 1;
  fill({ "seal-say": say, tests: visit.testsLeft ? t`رأی باز می‌شود و شمرده نمی‌شود؛ ${number(visit.testsLeft)} بار دیگر` : "آزمون‌ها تمام شد" });
  tell("sealed", { tests_left: visit.testsLeft, say });
}

async function test() {
  if (visit.testsLeft < 1) return;
  wait("رأی باز می‌شود…");
  const answer = await post("/api/booth/test");
  if (answer.code === "no-permit") return reconcile();
  if (!answer.ok) return sealed(told(answer));
  visit.testsLeft = answer.tests_left;
  go("opened");
  picture($("#opening"), answer.opening);
  return tell("opened");
}

/** Nobody waits for a drawing: the next key counts at once, and a drawing that comes too late is forgotten. */
async function picture(image, text) {
  const at = screen();
  await drawQr(image, text);
  if (screen() !== at) forgetQr(image);
}

function again() {
  forgetQr($("#opening"));
  visit.blank.clear();
  openTray(0);
}

async function cast() {
  wait("رأی روی دو حافظه نوشته می‌شود…"); // whatever happens to the answer, asking again gives the same receipt and casts nothing twice
  const answer = await post("/api/booth/cast");
  if (answer.ok) return done(answer);
  return ["no-permit", "nothing-sealed"].includes(answer.code) ? reconcile() : sealed(told(answer));
}

async function done(answer) {
  wipe(true); // no choice is left in this page before the code comes on
  go("done");
  const paper = answer.receipt ? "این هم برگه، دوباره. هیچ نامی در آن نیست" : "کد رسید روی کارت دوم هم هست؛ هیچ نامی در آن نیست";
  fill({ receipt: answer.code, slip: answer.printed ? paper : "کارت دوم چاپ نشد: همین تعرفه را دوباره جلوی خواننده بگیرید تا چاپ شود" });
  tone("yes");
  let left = WIPE_SECONDS;
  const count = () => {
    fill({ wiped: t`برگه را بردارید. این صفحه ${number(left)} ثانیهٔ دیگر پاک می‌شود` });
    if (left < 1) gone();
    left -= 1;
  };
  count();
  timers.wipe = setInterval(count, 1000);
  tell("done", { code: answer.code });
  return void picture($("#receipt-qr"), answer.code);
}

async function leave() {
  if (!armed.confirms("leave")) {
    const say = "خروج بدون رأی؟ دوباره بزنید؛ تعرفه معتبر می‌ماند";
    return screen() === "tray" ? draw({ say }) : fill({ "review-say": say });
  }
  await post("/api/booth/leave");
  tell("left");
  await window.heardOut?.(); // a voter who listens hears that the permit is still good
  return gone("left");
}

// ---- what keys, touches, switches and the ear press

const acts = {
  once, awake, scanned, draw, openTray, toggleBlank, removeInReview, skip, review: onwards, help: () => { $("#help").showModal(); tell("help"); }, "close-help": () => $("#help").close(),
  undo: () => (visit.slate ? dropSlate() : draw(tray().back())), clear: () => (visit.slate ? dropSlate() : draw(tray().clear())),
  browse: () => draw(tray().browse()), later: () => draw(tray().browse(1)), earlier: () => draw(tray().browse(-1)),
  "slate-add": () => useSlate(false), "slate-replace": () => useSlate(true), "slate-drop": dropSlate,
  leave: () => once(leave), seal: () => once(seal), back: () => openTray(visit.trays.length - 1), test: () => once(test), again, finish: () => gone(),
  colours: () => colours(nextColours), size: () => colours(nextSize), sound,
  language: () => { toLanguage(inEnglish() ? "fa" : "en"); awake(); }, blank: () => toggleBlank(),
  cast: () => armed.confirms("cast") && once(cast), "cast-held": () => once(cast), permit: () => card.present(),
  practice: (slip) => once(() => permit(slip)),
  type: (symbol) => card.type(symbol), erase: () => card.erase(), forget: () => card.forget(),
};

toLanguage("fa");
listen(acts);
watchStatus((status) => {
  const why = status.stopped ? "این غرفه از کار ایستاده است؛ سرپرست را صدا بزنید" : SHUT[status.state];
  if (screen() === "welcome" && why) fill({ welcome: why });
});
welcome(FAREWELL[takeMark()]);
