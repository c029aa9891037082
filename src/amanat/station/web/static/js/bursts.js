// Bursts of keys: what a bar code reader types, told from fingers by its speed, so that nothing of it lands where a
// person writes.  A national card's bar code is digits alone and holds the national id; every other burst is a stray.
import { symbolOf } from "./keys.js";

const FAST_MS = 35; // between two keys of a reader; fingers do not keep that up
const LEAST = 4; // so many fast keys are a reader
const END_MS = 90; // a pause that ends a burst without Enter
const LENGTH = 10;

export const isEnter = (event) => event.code === "Enter" || event.code === "NumpadEnter";

/** Calls `ended({text, before})` after each burst; `before` is what `state()` was when it began. */
export class Bursts {
  #keys = [];
  #last = -Infinity;
  #before = "";
  #timer = 0;

  constructor(state, ended) {
    this.state = state;
    this.ended = ended;
  }

  /** Whether this key belongs to a burst: then it must do nothing else. */
  take(event) {
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.key === "Shift") return this.isOpen;
    const fast = event.timeStamp - this.#last <= FAST_MS;
    this.#last = event.timeStamp;
    if (!fast) this.#begin();
    if (isEnter(event) && this.isOpen) {
      this.#end();
      return true;
    }
    const symbol = symbolOf(event) ?? (event.key.length === 1 ? event.key : null);
    if (symbol === null) this.#begin();
    else this.#keys.push(symbol);
    if (!this.isOpen) return false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(), END_MS);
    return true;
  }

  get isOpen() {
    return this.#keys.length >= LEAST;
  }

  /** How the field was before the run of keys that just came. */
  get before() {
    return this.#before;
  }

  /** A key that acted by itself belongs to no burst. */
  restart() {
    this.#begin();
    this.#last = -Infinity;
  }

  #begin() {
    if (this.isOpen) this.#end();
    this.#keys = [];
    this.#before = this.state();
  }

  #end() {
    clearTimeout(this.#timer);
    const text = this.#keys.join("");
    this.#keys = [];
    this.ended({ text, before: this.#before });
  }
}

/** Ten digits whose last one is the check digit of the others, and not one digit ten times. */
export function isNationalId(text) {
  if (!/^\d{10}$/.test(text) || /^(\d)\1{9}$/.test(text)) return false;
  const rest = [...text.slice(0, 9)].reduce((sum, digit, place) => sum + Number(digit) * (LENGTH - place), 0) % 11;
  return Number(text[9]) === (rest < 2 ? rest : 11 - rest);
}

/** The one national id in a longer row of digits: at its beginning or its end, else anywhere; "" if there are two. */
export function idIn(text) {
  const at = (place) => text.slice(place, place + LENGTH);
  const places = Array.from({ length: Math.max(0, text.length - LENGTH + 1) }, (_, place) => place);
  for (const tried of [[0, text.length - LENGTH], places]) {
    const found = new Set(tried.map(at).filter(isNationalId));
    if (found.size) return found.size === 1 ? [...found][0] : "";
  }
  return "";
}
