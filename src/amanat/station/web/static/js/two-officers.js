// Two officers answer for an act, in the desk's one field: names as typed, or where officers are appointed each chosen
// by number and with a secret.  Secrets stand in this module's memory until the act is asked for, and are never shown.
import { make } from "./dom.js";
import { digits } from "./persian.js";

const ORDER = ["نخست", "دوم"];
const SHOWN_MAX = 9;

export class TwoOfficers {
  #given = [];
  #chosen = null;

  /** `names`: the appointed officers, or null where names suffice; `done(officers)` gets both. */
  constructor(names, done) {
    this.names = names?.slice(0, SHOWN_MAX) ?? null;
    this.done = done;
  }

  get isSecret() {
    return this.#chosen !== null;
  }

  /** The field's label. */
  get label() {
    const which = ORDER[this.#given.length];
    if (this.isSecret) return `رمز ${this.#chosen}`;
    return this.names ? `شمارهٔ مسئول ${which}` : `نام مسئول ${which}`;
  }

  /** The officers to choose from, as list items. */
  rows() {
    if (!this.names || this.isSecret) return [];
    return this.names.map((name, place) => make("li", {}, make("kbd", { text: digits(place + 1) }), name));
  }

  /** Enter was pressed on `text`; whether it was taken. */
  take(text) {
    const said = text.trim();
    if (this.isSecret) this.#given.push({ name: this.#chosen, secret: text });
    else if (this.names) return this.#choose(Number(said));
    else if (!said || this.#given.includes(said)) return false;
    else this.#given.push(said);
    this.#chosen = null;
    if (this.#given.length === ORDER.length) this.done(this.#given.splice(0));
    return true;
  }

  #choose(number) {
    const name = this.names[number - 1];
    if (!name || this.#given.some((one) => one.name === name)) return false;
    this.#chosen = name;
    return true;
  }

  forget() {
    this.#given = [];
    this.#chosen = null;
  }
}
