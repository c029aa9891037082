// Names by the number pad: each digit stands for the letters of an Iranian telephone's key, and the names that are left
// are foretold.  «علی رضایی» is 698, space 0, 454… ; the beginning of any word of a name is enough.
const KEYS = ["", "", "ابپتثآ", "جچحخ", "دذرزژ", "سشصض", "طظعغ", "فقکگ", "لمن", "وهی"];
const DIGIT = new Map(KEYS.flatMap((letters, digit) => [...letters].map((letter) => [letter, String(digit)])));

export const FEW = 9; // so many names and fewer are read one by one

const digitsOf = (word) => [...word].map((letter) => DIGIT.get(letter) ?? "").join("");

export class PadNames {
  text = "";
  #place = -1;

  constructor(candidates) {
    this.rows = candidates.rows.map((row) => ({ row, words: row.tokens.map(digitsOf), tails: row.tails.map(digitsOf) }));
  }

  /** Every candidate some of whose words begin with each part typed; 0 parts them. */
  get found() {
    const parts = this.text.split("0").filter(Boolean);
    const joined = parts.join("");
    if (!joined) return [];
    const fits = ({ words, tails }) => tails.some((tail) => tail.startsWith(joined)) || parts.every((part) => words.some((word) => word.startsWith(part)));
    return this.rows.filter(fits).map(({ row }) => row);
  }

  digit(value) {
    this.text += value;
    this.#place = -1;
  }

  /** Takes the last digit away; whether there was one. */
  back() {
    const had = this.text !== "";
    this.text = this.text.slice(0, -1);
    this.#place = -1;
    return had;
  }

  clear() {
    this.text = "";
    this.#place = -1;
  }

  /** The name that is heard now, or null. */
  get current() {
    return this.found[this.#place] ?? null;
  }

  /** The next of the names, round and round; null where there is none. */
  next() {
    const { found } = this;
    if (found.length) this.#place = (this.#place + 1) % found.length;
    return this.current;
  }
}
