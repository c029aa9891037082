// Keys and touches of the booth, each to one act; `window.booth` offers the same acts to the ear and to switches.
import { $ } from "./dom.js";
import { ScanWatch, digitOf, letterOf, symbolOf } from "./keys.js";
import { plain } from "./booth-events.js";
import { screen, tray, visit } from "./visit.js";

const ARMED_MS = 6000;
const HOLD_MS = 1000;
const isEnter = (event) => event.code === "Enter" || event.code === "NumpadEnter";
const isStar = (event) => event.code === "NumpadMultiply" || event.key === "*";

/** An act that needs a second press: `confirms` is true at the second one. */
export class Arm {
  #act = null;
  #timer = 0;
  #drawn;

  constructor(drawn) {
    this.#drawn = drawn;
  }

  confirms(act) {
    if (this.#act === act) return true;
    this.#set(act);
    this.#timer = setTimeout(() => this.#set(null), ARMED_MS);
    return false;
  }

  drop() {
    this.#set(null);
  }

  #set(act) {
    clearTimeout(this.#timer);
    this.#act = act;
    this.#drawn(act);
  }
}

function trayDigit(acts, digit) {
  if (!visit.slate) return acts.draw(tray().digit(digit));
  return { 1: acts["slate-add"], 2: acts["slate-replace"] }[digit]?.();
}

/** Each answers whether the key was its own. */
const keysOf = (acts) => ({
  welcome(event) {
    const symbol = symbolOf(event);
    if (isEnter(event)) acts.permit();
    else if (event.code === "Escape") acts.forget();
    else if (event.code === "Backspace") acts.erase();
    else if (symbol && !event.ctrlKey && !event.altKey) acts.type(symbol);
    else return false;
    return true;
  },
  tray(event) {
    const digit = digitOf(event);
    const chosen = document.activeElement?.dataset?.code;
    const plainKey = !event.ctrlKey && !event.altKey;
    if (event.code === "Delete" && chosen) acts.draw(tray().remove(chosen));
    else if (event.code === "Backspace") acts.undo();
    else if (event.code === "Escape") acts.clear();
    else if (isEnter(event) || event.code === "NumpadMultiply") acts.review();
    else if (event.code === "Slash" || event.code === "NumpadDivide") acts.help();
    else if (event.code === "PageDown") acts.later();
    else if (event.code === "PageUp") acts.earlier();
    else if (digit !== null) trayDigit(acts, digit);
    else if (letterOf(event) && plainKey) acts.draw(tray().letter(letterOf(event)));
    else return false;
    return true;
  },
  review(event) {
    if (isEnter(event)) acts.seal();
    else if (event.code === "Backspace" || event.code === "Escape") acts.back();
    else if (digitOf(event) === "0") acts.toggleBlank();
    else return false;
    return true;
  },
  seal(event) {
    if (isEnter(event)) acts.cast();
    else if (isStar(event)) acts.test();
    else return false;
    return true;
  },
  curtain(event) {
    if (!visit.code) return false;
    if (digitOf(event) !== null) acts.type(digitOf(event));
    else if (event.code === "Backspace") acts.erase();
    else if (isEnter(event)) acts.permit();
    else return false;
    return true;
  },
  opened: (event) => isEnter(event) && (acts.again(), true),
  done: (event) => isEnter(event) && (acts.finish(), true),
});

function pressed(acts, keys, scans, event) {
  acts.awake();
  if (screen() !== "welcome") {
    const scan = scans.take(event, screen() === "curtain" ? Infinity : undefined);
    if (scan !== null) {
      event.preventDefault();
      if (scan) acts.scanned(scan);
      else if (screen() === "tray") acts.draw(tray().clear()); // its first two symbols looked like letters
      return;
    }
  }
  if ($("#help").open || event.isComposing || event.metaKey) return;
  const focus = document.activeElement;
  const onButton = focus?.tagName === "BUTTON" && focus.dataset.do !== "cast";
  if (onButton && (isEnter(event) || event.code === "Space")) return; // the button that has the focus is pressed
  if (event.repeat && event.code !== "Backspace") event.preventDefault(); // a key held down is pressed once
  else if (keys[screen()]?.(event)) event.preventDefault();
}

/** What a button does, by its data-… name; the first that it has. */
const touchesOf = (acts) => ({
  digit: (value) => (screen() === "tray" ? acts.draw(tray().digit(value)) : acts.type(value)),
  letter: (value) => acts.draw(tray().letter(value)),
  board(value) {
    visit.letters = value === "letters";
    acts.draw(tray().clear());
  },
  hit: (value) => acts.draw(tray().pick(Number(value))),
  contest: (value) => acts.openTray(Number(value)),
  blank: (value) => acts.toggleBlank(value),
  skip: (value) => acts.skip(value),
  remove: (value, button) => acts.removeInReview(Number(button.dataset.of), value),
  code(value, button) {
    if (button.id === "card-remove") return acts.draw(tray().remove(value));
    tray().last = tray().candidates.byCode.get(value);
    return acts.draw(tray().clear());
  },
  practice: (value) => acts.practice(value),
});

function touched(acts, touches, event) {
  const button = event.target.closest("button");
  acts.awake();
  if (!button) return;
  if (event.detail > 0) button.blur(); // touched: Enter belongs to the screen again
  const act = button.dataset.do;
  if (act === "cast" && event.detail > 0) return; // touch holds, see below
  if (act) return void acts[act]();
  const kind = Object.keys(touches).find((name) => name in button.dataset);
  if (kind) touches[kind](button.dataset[kind], button);
}

function holdToCast(acts) {
  const button = $("[data-do=cast]");
  let timer = 0;
  button.addEventListener("pointerdown", () => {
    button.classList.add("holding");
    timer = setTimeout(acts["cast-held"], HOLD_MS);
  });
  for (const end of ["pointerup", "pointerleave", "pointercancel"]) {
    button.addEventListener(end, () => { button.classList.remove("holding"); clearTimeout(timer); });
  }
}

function offer(acts) {
  const digit = (value) => {
    if (screen() === "tray") trayDigit(acts, String(value));
    else if (screen() === "review" && String(value) === "0") acts.toggleBlank();
  };
  const state = () => {
    const now = tray();
    const hits = now?.hits.shown.map(plain) ?? [];
    return { screen: screen(), contest: now?.contest.title_fa ?? null, text: now?.text ?? "", hits, chosen: now?.chosen.map(plain) ?? [], max: now?.contest.max_choices ?? 0 };
  };
  const letter = (value) => acts.draw(tray().letter(value));
  window.booth = { act: (name) => acts[name](), digit, letter, pick: (place) => acts.draw(tray().pick(place)), state };
}

export function listen(acts) {
  const [keys, touches, scans] = [keysOf(acts), touchesOf(acts), new ScanWatch()];
  document.addEventListener("keydown", (event) => pressed(acts, keys, scans, event));
  document.addEventListener("click", (event) => touched(acts, touches, event));
  document.addEventListener("pointerdown", acts.awake);
  document.addEventListener("contextmenu", (event) => event.preventDefault());
  $("#typed").addEventListener("submit", (event) => { event.preventDefault(); acts.permit(); });
  holdToCast(acts);
  offer(acts);
}
