// What is typed of a permit where no reader reads it: the nine digits of its code, or its whole text (C-14).
import { tell } from "./booth-events.js";
import { $, fill } from "./dom.js";
import { digits } from "./persian.js";

const CODE_DIGITS = 9;
const IN_THREES = /(\d{3})(?=\d)/g;

export const isCode = (text) => /^[0-9]+$/.test(text);

/** `whole(card)`: Enter, or the last digit of a code, which needs none. */
export class Card {
  #text = "";
  #whole;

  constructor(whole) {
    this.#whole = whole;
  }

  type(symbol) {
    this.#text += symbol;
    this.#show();
    if (isCode(this.#text)) tell("typing", { text: this.#text, hits: [] });
    if (isCode(this.#text) && this.#text.length === CODE_DIGITS) this.present();
  }

  erase() {
    this.#text = this.#text.slice(0, -1);
    this.#show();
  }

  forget() {
    this.#text = "";
    this.#show();
  }

  present() {
    if (this.#text) this.#whole(this.#text);
  }

  #show() {
    const shown = isCode(this.#text) ? digits(this.#text.replace(IN_THREES, "$1 ")) : this.#text;
    $("#slip").value = shown;
    fill({ "curtain-code": shown, ...(shown && { welcome: "" }) }); // what was said of the last one is over
  }
}
