// The booth's words in the voter's language.  Persian stands where it is used and is the key; English is one catalogue.
import { ENGLISH } from "./english.js";

const ATTRIBUTES = ["aria-label", "alt", "placeholder"];
const PERSIAN_LETTERS = /[\u0600-\u06ff]/;
const root = document.documentElement;
const before = new Map(); // what was changed in the page: [node, attribute or null] and its Persian

export const inEnglish = () => root.lang === "en";

/** A whole text of the screen; one that the catalogue does not know (a name) stays as it is. */
export function translated(text) {
  const found = inEnglish() && typeof text === "string" ? ENGLISH[text.trim()] : undefined;
  return found === undefined ? text : text.replace(text.trim(), () => found);
}

/** t`${count} از ${most}`: the same with values in it; in English Persian values are kept apart. */
export function t(parts, ...values) {
  const persian = parts.join("{}");
  if (!inEnglish()) return String.raw({ raw: parts }, ...values);
  const apart = values.map((value) => (PERSIAN_LETTERS.test(value) ? `\u2068${value}\u2069` : value));
  return (ENGLISH[persian] ?? persian).replace(/\{\}/g, () => apart.shift());
}

/** A refusal in the voter's language. */
export const told = (answer) => (inEnglish() && answer.en) || answer.fa;

function* texts() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) yield walker.currentNode;
}

export function speak(language) {
  if (root.lang === language) return;
  for (const [node, attributes] of before) {
    for (const [name, text] of Object.entries(attributes)) name === "text" ? (node.data = text) : node.setAttribute(name, text);
  }
  before.clear();
  Object.assign(root, { lang: language, dir: language === "fa" ? "rtl" : "ltr" });
  if (!inEnglish()) return;
  for (const node of [...texts()]) {
    const english = translated(node.data);
    if (english === node.data) continue;
    before.set(node, { text: node.data });
    node.data = english;
  }
  for (const one of document.querySelectorAll(ATTRIBUTES.map((name) => `[${name}]`).join())) {
    const named = ATTRIBUTES.filter((name) => one.hasAttribute(name) && translated(one.getAttribute(name)) !== one.getAttribute(name));
    if (named.length === 0) continue;
    before.set(one, Object.fromEntries(named.map((name) => [name, one.getAttribute(name)])));
    for (const name of named) one.setAttribute(name, translated(one.getAttribute(name)));
  }
}
