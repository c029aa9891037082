// One contest's tray: the names chosen and the one field.  Digits are a code, letters are a search; no modes, no guesses.
import { digits, number } from "./persian.js";

const isDigits = (text) => /^[0-9]*$/.test(text);

export class Tray {
  text = "";
  chosen = [];
  last = null; // the candidate shown on the big card
  #selected = false; // the digits in the field were refused and the next key replaces them

  constructor(contest, candidates) {
    this.contest = contest;
    this.candidates = candidates;
  }

  get searching() {
    return !isDigits(this.text);
  }

  get selected() {
    return this.#selected;
  }

  get hits() {
    return this.searching ? this.candidates.hits(this.text) : { shown: [], more: 0 };
  }

  get codes() {
    return this.chosen.map((row) => row.code);
  }

  /** Each act answers {say, pulse: code or null, added: bool}. */
  digit(value) {
    if (this.searching) return this.pick(Number(value));
    this.text = (this.#selected ? "" : this.text) + value;
    this.#selected = false;
    if (this.text.length < this.candidates.codeLength) return { say: "" };
    const row = this.candidates.byCode.get(this.text);
    if (row) return this.add(row);
    this.#selected = true;
    return { say: `نامزدی با کد ${digits(this.text)} نیست` };
  }

  letter(value) {
    if (!this.searching) this.clear(); // a letter after digits begins a search
    if (this.text === "" && value === " ") return { say: "" };
    this.text += value;
    const { shown, more } = this.hits;
    if (shown.length) return { say: more ? `و ${number(more)} نام دیگر؛ نوشتن را ادامه دهید` : "" };
    return { say: this.candidates.matching(this.text).length ? "" : "نامی با این حروف نیست" };
  }

  pick(place) {
    const row = this.hits.shown[place - 1];
    return row ? this.add(row) : { say: "این شماره در فهرست نیست" };
  }

  add(row) {
    if (this.chosen.some((one) => one.code === row.code)) {
      this.clear();
      return { say: `«${row.name}» پیش‌تر افزوده شده است`, pulse: row.code };
    }
    const most = this.contest.max_choices;
    if (this.chosen.length >= most) {
      this.#selected = !this.searching;
      return { say: `${most === 1 ? "جای نام" : `${number(most)} نام`} پر است؛ یکی را بردارید` };
    }
    this.clear();
    this.chosen.push(row);
    this.last = row;
    return { say: `افزوده شد: ${row.name}`, added: true };
  }

  /** Backspace: the last letter; in an empty field, the last name. */
  back() {
    if (this.#selected) return this.clear();
    if (this.text) {
      this.text = this.text.slice(0, -1);
      return { say: "" };
    }
    return this.chosen.length ? this.remove(this.chosen.at(-1).code) : { say: "نامی نیست که برداشته شود" };
  }

  remove(code) {
    const row = this.chosen.find((one) => one.code === code);
    this.chosen = this.chosen.filter((one) => one.code !== code);
    if (this.last?.code === code) this.last = null;
    return { say: `برداشته شد: ${row.name}` };
  }

  clear() {
    this.text = "";
    this.#selected = false;
    return { say: "" };
  }
}
