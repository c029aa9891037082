// Key presses by place, not by letter (C-8): whatever layout the machine has, a scanner's and a voter's keys mean the same.

// The Persian standard layout (ISIRI 9147), by the place of the key.
const LETTERS = {
  KeyQ: "ض", KeyW: "ص", KeyE: "ث", KeyR: "ق", KeyT: "ف", KeyY: "غ", KeyU: "ع", KeyI: "ه", KeyO: "خ", KeyP: "ح",
  BracketLeft: "ج", BracketRight: "چ", Backslash: "\\",
  KeyA: "ش", KeyS: "س", KeyD: "ی", KeyF: "ب", KeyG: "ل", KeyH: "ا", KeyJ: "ت", KeyK: "ن", KeyL: "م",
  Semicolon: "ک", Quote: "گ",
  KeyZ: "ظ", KeyX: "ط", KeyC: "ز", KeyV: "ر", KeyB: "ذ", KeyN: "د", KeyM: "پ", Comma: "و", Backquote: "ژ",
};
const SHIFTED = { KeyH: "آ", KeyC: "ژ" };

/** The digit of a key of either row, or null. */
export function digitOf(event) {
  const found = /^(?:Digit|Numpad)([0-9])$/.exec(event.code);
  return found && !event.shiftKey ? found[1] : null;
}

/** The Persian letter (or space) of a key, or null; a Persian layout's own letter goes first. */
export function letterOf(event) {
  if (/^[\u0621-\u06cc\u200c]$/.test(event.key)) return event.key;
  if (event.code === "Space") return " ";
  return (event.shiftKey && SHIFTED[event.code]) || LETTERS[event.code] || null;
}

/** What a scanner types: digits and capital letters; every other key is null. */
export function symbolOf(event) {
  const found = /^(?:Digit|Numpad|Key)([0-9A-Z])$/.exec(event.code);
  return found ? found[1] : null;
}

const SCAN_BEGINS_MS = 100; // three such keys so quickly are a scanner, not fingers
const SCAN_PAUSE_MS = 1000;

/** Sees a scanner's burst, `AP1…` a permit, `AL1…` a slate, in the stream of keys, whatever has the focus. */
export class ScanWatch {
  #text = "";
  #times = [];
  #last = 0;

  /** null: not (yet) a scan; "" : inside one, swallow the key; a text: the whole scan, Enter seen. */
  take(event, beginsWithin = SCAN_BEGINS_MS) {
    const now = event.timeStamp;
    const broken = now - this.#last > SCAN_PAUSE_MS;
    this.#last = now;
    if (this.#text && !broken) return this.#inside(event);
    const symbol = symbolOf(event);
    this.#text = "";
    if (symbol === null) return null;
    this.#times = [...this.#times.slice(-2), { symbol, now }];
    const opening = this.#times.map((key) => key.symbol).join("");
    if (!/^A[PSHLE]1$/.test(opening) || now - this.#times[0].now > beginsWithin) return null;
    this.#text = opening;
    this.#times = [];
    return "";
  }

  #inside(event) {
    if (event.code === "Enter" || event.code === "NumpadEnter") {
      const whole = this.#text;
      this.#text = "";
      return whole;
    }
    this.#text += symbolOf(event) ?? "";
    return "";
  }
}
