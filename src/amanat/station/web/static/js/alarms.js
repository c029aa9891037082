// Booths in words, busy or free and no more, and the alarm when a voter went: words, shape, colour and sound.
import { $, make, tone } from "./dom.js";
import { digits, number } from "./persian.js";

const RING_MS = 3000;
const ACTS = [["seen", "دیدم", "F7"], ["void", "ابطال تعرفه", "F8"], ["replace", "تعرفهٔ جایگزین", "F9"]];

let shown = [];
let ringing = 0;

function boothWords({ alive, busy, waiting }) {
  if (!alive) return ["silent", "پاسخ نمی‌دهد"];
  const way = waiting && !(busy && waiting === 1) ? ` · ${number(busy ? waiting - 1 : waiting)} نفر در راه` : "";
  return busy ? ["busy", `پر${way}`] : ["free", `آزاد${way}`];
}

export function drawBooths(booths) {
  $("#booths").hidden = booths.length === 0;
  $("#booths").replaceChildren(...booths.map((booth) => {
    const [kind, words] = boothWords(booth);
    return make("span", { class: `booth-state ${kind}`, text: `غرفهٔ ${number(booth.terminal)} ${words}` });
  }));
}

function ring() {
  if (shown.length && navigator.userActivation?.hasBeenActive) tone("alarm");
}

/** The first alarm stands in the bar with its keys; how many more there are is said. */
export function drawAlarms(alarms, act) {
  const key = (one) => `${one.serial} ${one.since_ms} ${one.kind}`;
  const same = shown.map(key).join() === alarms.map(key).join();
  const isNew = alarms.some((one) => !shown.map(key).includes(key(one)));
  shown = alarms;
  if (same) return;
  const [first] = alarms;
  $("#alarms").hidden = !first;
  clearInterval(ringing);
  if (!first) return $("#alarms").replaceChildren();
  const more = alarms.length > 1 ? ` (و ${number(alarms.length - 1)} هشدار دیگر)` : "";
  $("#alarms").replaceChildren(
    make("span", { class: "shape", "aria-hidden": "true" }),
    make("strong", { text: `${first.fa}${more}` }),
    ...ACTS.map(([name, words, press]) =>
      make("button", { type: "button", tabindex: -1, onclick: () => act(name, first) }, words, make("kbd", { text: digits(press) }))));
  if (isNew) ring();
  ringing = setInterval(ring, RING_MS);
  return undefined;
}

/** F7 to F9 act on the alarm that is shown; whether the key was one of them. */
export function alarmKey(event, act) {
  const found = ACTS.find(([, , press]) => press === event.code);
  if (found && shown.length) act(found[0], shown[0]);
  return Boolean(found);
}
