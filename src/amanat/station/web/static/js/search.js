// Candidates of one contest by code and by name.  Alphabetical, never by popularity; a guess is never an addition.
import { searchKey } from "./persian.js";

export const HITS_MAX = 6;
export const LETTERS_MIN = 2;

export class Candidates {
  /** `rows` [{code, name, mark, key}] in the order of the alphabet, as /api/candidates gives them. */
  constructor(rows) {
    this.rows = rows.map((row) => {
      const tokens = row.key.split(" ");
      // Whoever types «میر تاج» for «میرتاج» or the other way round finds the same person: tails without spaces.
      return { ...row, tokens, tails: tokens.map((_, place) => tokens.slice(place).join("")) };
    });
    this.byCode = new Map(this.rows.map((row) => [row.code, row]));
    this.codeLength = rows[0]?.code.length ?? 0;
  }

  #matches(row, parts, joined) {
    if (row.tails.some((tail) => tail.startsWith(joined))) return true;
    return parts.every((part) => row.tokens.some((token) => token.startsWith(part)));
  }

  /** Every candidate some of whose name's words begin with each of the words typed. */
  matching(text) {
    const key = searchKey(text);
    const parts = key.split(" ").filter(Boolean);
    const joined = parts.join("");
    return joined ? this.rows.filter((row) => this.#matches(row, parts, joined)) : [];
  }

  /** At most six, and how many more there are; people of one name are shown together or not yet. */
  hits(text) {
    if (searchKey(text).replaceAll(" ", "").length < LETTERS_MIN) return { shown: [], more: 0 };
    const found = this.matching(text);
    let end = Math.min(HITS_MAX, found.length);
    while (end < found.length && end > 0 && found[end].key === found[end - 1].key) end -= 1;
    if (end === 0) end = HITS_MAX; // seven of one name: their codes tell them apart
    return { shown: found.slice(0, end), more: Math.max(0, found.length - end) };
  }

  /** The letters after which somebody is still found. */
  nextLetters(text) {
    const key = searchKey(text);
    const found = key.trim() ? this.matching(text) : this.rows;
    const last = key.split(" ").at(-1);
    const joined = key.replaceAll(" ", "");
    const letters = new Set();
    for (const row of found) {
      for (const token of row.tokens) if (token.startsWith(last) && token.length > last.length) letters.add(token[last.length]);
      for (const tail of row.tails) if (tail.startsWith(joined) && tail.length > joined.length) letters.add(tail[joined.length]);
    }
    return letters;
  }

  #beginning(text) {
    const key = searchKey(text);
    return key ? this.rows.filter((row) => row.key.startsWith(key)) : this.rows;
  }

  /** For whoever browses: the names that begin with these letters, six at a time. */
  page(text, place) {
    const found = this.#beginning(text);
    return { shown: found.slice(place * HITS_MAX, (place + 1) * HITS_MAX), more: Math.max(0, found.length - (place + 1) * HITS_MAX) };
  }

  pages(text) {
    return Math.max(1, Math.ceil(this.#beginning(text).length / HITS_MAX));
  }

  nextInNames(text) {
    const { length } = searchKey(text);
    return new Set(this.#beginning(text).map((row) => row.key[length]));
  }
}
