// The few ways in which the pages change what is seen.  Text is set as text, never as markup.
import { translated } from "./words.js";

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** make("li", { class: "x", text: "…", onclick: f }, child, …) */
export function make(tag, traits = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(traits)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") element.textContent = translated(value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : translated(value));
  }
  element.append(...children.filter((child) => child !== null).map(translated));
  return element;
}

/** Shows one screen of the page and hides the others; their content stays where it is. */
export function showScreen(name) {
  for (const screen of $$("[data-screen]")) screen.hidden = screen.dataset.screen !== name;
  document.body.dataset.at = name;
}

/** Fills every [data-fill=name] with the text of that name. */
export function fill(texts, root = document) {
  for (const [name, text] of Object.entries(texts)) {
    for (const place of $$(`[data-fill="${name}"]`, root)) place.textContent = translated(text);
  }
}

/** A code of Latin letters or digits, kept together and left to right inside Persian text. */
export const code = (text, kind = "code") => make("bdi", { dir: "ltr", class: kind, text });

let sound = null;
const PITCHES = { yes: [660, 880], no: [330, 220], alarm: [880, 587, 880, 587] };
/** A short tone for those who do not look: "yes" rises, "no" falls, "alarm" calls. */
export function tone(kind) {
  sound ??= new AudioContext();
  const pitches = PITCHES[kind];
  pitches.forEach((pitch, place) => {
    const source = new OscillatorNode(sound, { frequency: pitch, type: "sine" });
    const volume = new GainNode(sound, { gain: 0.12 });
    source.connect(volume).connect(sound.destination);
    source.start(sound.currentTime + place * 0.12);
    source.stop(sound.currentTime + place * 0.12 + 0.11);
  });
}
