// The booth by ear: every screen, act and refusal is spoken from the package's files, and a number pad is enough.
// Speech begins with headphones, the «صدا» button or `/` held; speed, darkness and sound end with the visit.
import { fill } from "./dom.js";
import { EVENTS, labelKeys, nameKey, numberKey, reviewSteps } from "./ear-words.js";
import { FEW, PadNames } from "./letters-by-pad.js";
import * as speech from "./speech.js";
import { screen, tray, visit } from "./visit.js";

const HOLD_MS = 1500;
const NOBODY_MS = 120_000; // so long after the sound came on, somebody has begun or nobody is there
const NO_AUDIO = "در بستهٔ این انتخابات صدا نیست؛ مسئول شعبه را صدا بزنید";
const VISITS = ["tray", "review", "seal", "opened", "done", "curtain"]; // screens of a voter who has begun

const LEAVING = ["tray", "review", "seal", "opened"];

const ear = { on: false, index: {}, letters: null, step: -1, visited: false, slip: "", muted: false, blank: 0, shown: "" };

const say = (...keys) => ear.on && !ear.muted && speech.say(...keys);

// ---- sound

async function turnOn() {
  if (ear.on) return;
  ear.index = await speech.prompts();
  ear.on = Object.keys(ear.index).length > 0;
  setTimeout(() => ear.visited || forget(), NOBODY_MS);
  if (!ear.on) fill({ welcome: NO_AUDIO, say: NO_AUDIO, "review-say": NO_AUDIO, "seal-say": NO_AUDIO });
  say("sound-on", ...(EVENTS[{ seal: "sealed" }[screen()] ?? screen()] ? nowKeys() : []));
}

function turnOff() {
  say("sound-off");
  ear.on = false;
  ear.letters = null;
  light();
}

/** The screen as it stands, for whoever turns the sound on in the middle. */
function nowKeys() {
  const now = tray();
  const detail = { chosen: now?.chosen.length, max: now?.contest.max_choices, place: visit.at, of: visit.trays.length, tests_left: visit.testsLeft };
  return EVENTS[screen() === "seal" ? "sealed" : screen()](detail, ear.index);
}

const light = () => delete document.documentElement.dataset.dark;

function toggleDark() {
  const { dataset } = document.documentElement;
  if ("dark" in dataset) light();
  else dataset.dark = "";
  say("dark" in dataset ? "dark" : "light");
}

/** The next voter begins in the light, in silence and at the usual speed; nothing of this one is left. */
function forget() {
  Object.assign(ear, { on: false, letters: null, step: -1, visited: false });
  light();
  speech.forget();
}

// ---- what the booth tells

function heard({ detail: { what, ...detail } }) {
  if (what === "sound") return ear.on ? turnOff() : turnOn();
  if (ear.visited && visit.slip && visit.slip !== ear.slip) forget(); // another card lifted the curtain
  if (visit.slip) ear.slip = visit.slip;
  const ended = what === "welcome" && ear.visited;
  if (VISITS.includes(screen())) ear.visited = true;
  if (what === "review") reviewed();
  if (what === "tray") ear.letters = null;
  if (what === "help") return say(helpKey());
  say(...(EVENTS[what]?.(detail, ear.index) ?? ["look"]));
  ear.shown = screen();
  if (ended) afterLast();
  return undefined;
}

/** The review is drawn anew: its steps begin again, and a white vote that was said or taken back is heard. */
function reviewed() {
  const { size } = visit.blank;
  if (ear.shown === "review" && size !== ear.blank) say(size > ear.blank ? "blank-confirmed" : "blank-withdrawn");
  Object.assign(ear, { step: -1, blank: size });
}

/** What is being said to the voter who leaves is said to its end. */
async function afterLast() {
  Object.assign(ear, { visited: false, slip: "" });
  await speech.heardOut();
  if (!ear.visited) forget();
}

const helpKey = () => (ear.letters ? "help-letters" : `help-${screen()}`);

// ---- the pad

function stepReview() {
  const steps = reviewSteps();
  ear.step = Math.min(ear.step + 1, steps.length - 1);
  say(...steps[ear.step]);
}

function silently(act) {
  ear.muted = true;
  act();
  ear.muted = false;
}

function toggleLetters() {
  if (screen() !== "tray") return;
  ear.letters = ear.letters ? null : new PadNames(tray().candidates);
  silently(() => tray().text && window.booth.act("clear"));
  say(ear.letters ? "letters-on" : "letters-off");
}

function tellFound(first = []) {
  const { length } = ear.letters.found;
  if (length === 0) return say(...first, ear.letters.text ? "no-hits" : "cleared");
  if (length > FEW) return say(...first, "letters-more");
  return say(...first, "hits", numberKey(length), nameKey(ear.letters.next()), ...(length === 1 ? ["letters-this"] : []));
}

/** The name that was heard last goes into the tray by its code, as if it had been typed; nothing typed: onwards. */
function takeName() {
  const row = ear.letters.current;
  if (!ear.letters.text) return window.booth.act("review");
  if (!row) return say("letters-more");
  ear.letters.clear();
  silently(() => [...row.code.slice(0, -1)].forEach(window.booth.digit));
  return window.booth.digit(row.code.at(-1));
}

function nextName() {
  const row = ear.letters.next();
  return row ? say(nameKey(row)) : say("no-hits");
}

const LETTER_KEYS = {
  Enter: nextName, "*": takeName,
  digit: (value) => { ear.letters.digit(value); tellFound([numberKey(value)]); },
};

const REVIEW_KEYS = {
  Enter: stepReview, "*": () => window.booth.act("seal"),
  digit: (value) => (value === "1" ? window.booth.act("back") : window.booth.digit(value)),
};

const TRAY_KEYS = { Enter: () => window.booth.act("review"), "*": () => window.booth.act("review"), digit: (value) => window.booth.digit(value) };

const tableNow = () => (screen() === "review" ? REVIEW_KEYS : screen() === "tray" ? (ear.letters ? LETTER_KEYS : TRAY_KEYS) : {});

function undo() {
  if (!ear.letters) return screen() === "tray" && window.booth.act("undo");
  ear.letters.back();
  return tellFound();
}

const tell = (step) => say("speed", numberKey(speech.change(step)));

/** Keys that are one thing when tapped and another when held. */
const HELD = {
  "/": { tap: () => say(helpKey()), hold: turnOff },
  ".": { tap: () => speech.repeat(), hold: undo },
  "-": { tap: () => tell(-1), hold: toggleLetters },
  "+": { tap: () => tell(1), hold: () => LEAVING.includes(screen()) && window.booth.act("leave") },
  0: { tap: () => tableNow().digit?.("0"), hold: toggleDark },
};

const PAD = { NumpadDivide: "/", NumpadDecimal: ".", NumpadSubtract: "-", NumpadAdd: "+", NumpadMultiply: "*", NumpadEnter: "Enter" };
const symbolOf = (code) => PAD[code] ?? /^Numpad([0-9])$/.exec(code)?.[1] ?? null;
const down = { code: null, timer: 0, done: false };

function letGo() {
  clearTimeout(down.timer);
  down.code = null;
}

function press(event, { hold }) {
  letGo();
  Object.assign(down, { code: event.code, done: false });
  if (hold) down.timer = setTimeout(() => { down.done = true; hold(); }, HOLD_MS);
}

/** Whether the key is ours; a silent booth leaves all of them to the screen, but for `/` held. */
function take(event) {
  const symbol = symbolOf(event.code);
  if (symbol === null || document.activeElement?.tagName === "BUTTON") return false;
  if (!ear.on) {
    if (symbol === "/" && !event.repeat) press(event, { hold: () => { document.querySelector("#help").close(); turnOn(); } });
    return false;
  }
  if (symbol in HELD) {
    if (!event.repeat) press(event, HELD[symbol]);
    return true;
  }
  const table = tableNow();
  const act = table[symbol] ?? (/[0-9]/.test(symbol) && table.digit);
  if (!act) return false;
  if (!event.repeat) act(symbol);
  return true;
}

document.addEventListener("keydown", (event) => {
  if (!take(event)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  window.booth.act("awake");
}, true);

document.addEventListener("keyup", (event) => {
  if (event.code !== down.code) return;
  const { done } = down;
  letGo();
  if (!done && ear.on) HELD[symbolOf(event.code)].tap();
}, true);

window.heardOut = speech.heardOut;
document.addEventListener("booth", heard);
document.addEventListener("focusin", ({ target }) => say(...labelKeys(target, ear.index)));
document.addEventListener("scanned-group", ({ detail }) => say(detail)); // two switches stand before a group of keys
navigator.mediaDevices?.addEventListener("devicechange", turnOn);
