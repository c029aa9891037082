// One contest's tray: the names chosen and the one field.  Digits are a code, letters are a search; no modes, no guesses.
import { digits, number } from "./persian.js";
import { t } from "./words.js";

const isDigits = (text) => /^[0-9]*$/.test(text);

export class Tray {
  text = "";
  chosen = [];
  last = null; // the candidate shown on the big card
  browsing = false; // the letters are the beginning of the whole name, and all such names can be paged through
  page = 0;
  #selected = false; // the digits in the field were refused and the next key replaces them

  constructor(contest, candidates) {
    this.contest = contest;
    this.candidates = candidates;
  }

  get searching() {
    return this.browsing || !isDigits(this.text);
  }

  get selected() {
    return this.#selected;
  }

  get hits() {
    if (this.browsing) return this.candidates.page(this.text, this.page);
    return this.searching ? this.candidates.hits(this.text) : { shown: [], more: 0 };
  }

  get codes() {
    return this.chosen.map((row) => row.code);
  }

  get next() {
    return this.browsing ? this.candidates.nextInNames(this.text) : this.candidates.nextLetters(this.searching ? this.text : "");
  }

  /** Each act answers {say, what: the event, row or code, pulse: code, added: bool}. */
  digit(value) {
    if (this.searching) return this.pick(Number(value));
    this.text = (this.#selected ? "" : this.text) + value;
    this.#selected = false;
    if (this.text.length < this.candidates.codeLength) return { say: "", what: "typing" };
    const row = this.candidates.byCode.get(this.text);
    if (row) return this.add(row);
    this.#selected = true;
    return { say: t`نامزدی با کد ${digits(this.text)} نیست`, what: "unknown", code: this.text };
  }

  letter(value) {
    if (!this.searching) this.clear(); // a letter after digits begins a search
    if (this.text === "" && value === " ") return { say: "" };
    this.text += value;
    this.page = 0;
    const { shown, more } = this.hits;
    if (shown.length) return { say: more && !this.browsing ? t`و ${number(more)} نام دیگر؛ نوشتن را ادامه دهید` : "", what: "typing" };
    if (!this.browsing && this.candidates.matching(this.text).length) return { say: "", what: "typing" };
    return { say: "نامی با این حروف نیست", what: "no-hits" };
  }

  /** Pages through the names of one beginning: browsing begins with all. */
  browse(step = 0) {
    if (!this.browsing) this.clear();
    this.browsing = true;
    this.page = Math.max(0, Math.min(this.page + step, this.candidates.pages(this.text) - 1));
    return { say: "", what: "typing" };
  }

  pick(place) {
    const row = this.hits.shown[place - 1];
    return row ? this.add(row) : { say: "این شماره در فهرست نیست" };
  }

  add(row) {
    if (this.chosen.some((one) => one.code === row.code)) {
      this.clear();
      return { say: t`«${row.name}» پیش‌تر افزوده شده است`, what: "repeat", row, pulse: row.code };
    }
    const most = this.contest.max_choices;
    if (this.chosen.length >= most) {
      this.#selected = !this.searching;
      return { say: most === 1 ? t`جای نام پر است؛ یکی را بردارید` : t`${number(most)} نام پر است؛ یکی را بردارید`, what: "full" };
    }
    this.clear();
    this.chosen.push(row);
    this.last = row;
    return { say: t`افزوده شد: ${row.name}`, what: "added", row, added: true };
  }

  /** Many at once, from a slate: {added, known: already there, left: without a place}. */
  take(codes, { replace }) {
    this.clear();
    if (replace) this.chosen = [];
    const told = codes.map((code) => this.add(this.candidates.byCode.get(code)).what);
    this.clear();
    const count = (what) => told.filter((one) => one === what).length;
    return { added: count("added"), known: count("repeat"), left: count("full") };
  }

  /** Backspace: the last letter; in an empty field, the last name. */
  back() {
    if (this.#selected) return this.clear();
    if (this.text) {
      this.text = this.text.slice(0, -1);
      this.page = 0;
      return { say: "", what: "typing" };
    }
    if (this.browsing) return this.clear();
    return this.chosen.length ? this.remove(this.chosen.at(-1).code) : { say: "نامی نیست که برداشته شود" };
  }

  remove(code) {
    const row = this.chosen.find((one) => one.code === code);
    this.chosen = this.chosen.filter((one) => one.code !== code);
    if (this.last?.code === code) this.last = null;
    return { say: t`برداشته شد: ${row.name}`, what: "removed", row };
  }

  clear() {
    this.text = "";
    this.#selected = false;
    this.browsing = false;
    this.page = 0;
    return { say: "", what: "typing" };
  }
}
