// Plays files of the package one after another.  A new utterance cuts the old; what is said in one go stays together.
// No voice engine and no cache: each file is fetched, played and let go, and `window.transcript` dies with the visit.
import { get } from "./api.js";

const SPEEDS = [0.8, 1, 1.25, 1.5, 2, 2.5];
const NORMAL = 1;
const POLL_MS = 50;

export const transcript = (window.transcript = []); // keys in the order in which they began to sound

const player = new Audio();
let turn = 0; // of the utterance that may sound; an older one stops
let waiting = null; // keys said in this task and not begun yet
let last = [];
let speed = NORMAL;
let index = null;

/** The package's prompts {key: sentence}; none: headquarters made no audio, or nobody answers. */
export async function prompts() {
  index ??= await get("/audio/prompts/index.json");
  return index.ok === false ? {} : index;
}

const address = (key) => `/audio/${key.includes("/") ? key : `prompts/${key}`}.opus`;

async function load(key) {
  const answer = await fetch(address(key), { cache: "no-store" });
  return answer.ok ? answer.blob() : null;
}

/** Until it ends or is cut. */
function play(blob) {
  const source = URL.createObjectURL(blob);
  return new Promise((ended) => {
    player.onended = player.onerror = player.onpause = ended;
    player.src = source;
    player.playbackRate = SPEEDS[speed];
    player.play().catch(ended); // cut before it began, or a browser that was told to be silent
  }).finally(() => URL.revokeObjectURL(source));
}

async function utter(keys) {
  const mine = ++turn;
  player.pause();
  window.speaking = true;
  const blobs = keys.map(load);
  for (const [place, key] of keys.entries()) {
    const blob = await blobs[place];
    if (mine !== turn) return;
    transcript.push(key);
    if (blob) await play(blob);
    if (mine !== turn) return;
  }
  window.speaking = false;
}

/** Says prompts ("added") and names ("majlis/1001"); what sounded before stops. */
export function say(...keys) {
  if (waiting) return void waiting.push(...keys);
  waiting = keys;
  window.speaking = true;
  queueMicrotask(() => {
    last = waiting;
    waiting = null;
    utter(last);
  });
}

export const repeat = () => say(...last);

/** One step quicker (1) or slower (-1); the step from 1. */
export function change(step) {
  speed = Math.max(0, Math.min(SPEEDS.length - 1, speed + step));
  return speed + 1;
}

/** Resolves when what is being said is said. */
export const heardOut = () => new Promise((done) => {
  const look = () => (window.speaking ? setTimeout(look, POLL_MS) : done());
  look();
});

export function hush() {
  turn += 1;
  player.pause();
  window.speaking = false;
}

export function forget() {
  hush();
  last = [];
  speed = NORMAL;
  player.removeAttribute("src");
  transcript.length = 0;
}
