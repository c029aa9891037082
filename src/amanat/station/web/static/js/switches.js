// The booth by two switches: one goes to the next thing, the other presses it.  What they stand on is outlined and, where
// the sound is on, spoken.  Large groups are entered row by row.  F8 or F9 begin it; Space and Enter then do the same.
import { $, $$ } from "./dom.js";
import { screen, visit } from "./visit.js";

const keysOf = (name, usual) => (document.body.dataset[name] ?? usual).split(" ");
const NEXT = keysOf("switchNext", "F8 Space"); // the first of each begins the scanning
const SELECT = keysOf("switchSelect", "F9 Enter");
const GROUPS = { contests: "group-contests", slots: "group-slots", hits: "group-hits", board: "group-board", "code-pad": "group-board", "curtain-pad": "group-board", lists: "group-lists" };
const SCANNER_MS = 100; // an Enter so soon after a letter ends a scanner's burst and is no switch

const scan = { on: false, place: -1, inside: null, typedAt: -Infinity };

const pressable = (root) => $$("button:not(:disabled)", root).filter((button) => button.checkVisibility({ visibilityProperty: true }));

/** Buttons of a group by rows: those whose tops are level. */
function rowsOf(buttons) {
  const rows = new Map();
  for (const button of buttons) {
    const top = Math.round(button.getBoundingClientRect().top / 8);
    rows.set(top, [...(rows.get(top) ?? []), button]);
  }
  return [...rows.values()];
}

/** What the switches go through: {name, members}; one member is pressed, several are entered. */
function stops() {
  const root = document.querySelector("dialog[open]") ?? document;
  const found = [];
  for (const button of pressable(root)) {
    const group = button.closest(Object.keys(GROUPS).map((id) => `#${id}`).join());
    const open = found.at(-1);
    if (!group) found.push({ name: null, members: [button] });
    else if (open?.group === group) open.members.push(button);
    else found.push({ group, name: GROUPS[group.id], members: [button] });
  }
  return found.flatMap((stop) => (stop.name === "group-board" ? rowsOf(stop.members).map((members) => ({ ...stop, members })) : [stop]));
}

/** Inside a group: its members one by one, and at the end the way out. */
const choices = () => (scan.inside ? [...scan.inside.map((button) => ({ name: null, members: [button] })), { out: true, name: "do-back", members: scan.inside }] : stops());

function show() {
  for (const old of $$(".scanned")) old.classList.remove("scanned");
  const stop = choices()[scan.place];
  if (!stop) return;
  for (const member of stop.members) member.classList.add("scanned");
  if (stop.members.length === 1 && !stop.out) stop.members[0].focus({ preventScroll: true });
  else {
    document.activeElement?.blur();
    document.dispatchEvent(new CustomEvent("scanned-group", { detail: stop.name }));
  }
}

function next() {
  scan.place = (scan.place + 1) % Math.max(1, choices().length);
  show();
}

function select() {
  const stop = choices()[scan.place];
  if (!stop) return next();
  if (stop.out) {
    Object.assign(scan, { inside: null, place: -1 });
    return next();
  }
  if (stop.members.length > 1) {
    Object.assign(scan, { inside: stop.members, place: 0 });
    return show();
  }
  scan.inside = null;
  return stop.members[0].click();
}

/** The screen was drawn anew: stand where the pressed button still is, before what was found, or at the beginning. */
function drawn({ detail: { what } }) {
  if (!scan.on) return;
  if (what === "welcome") return end();
  const pressed = document.activeElement;
  const found = stops();
  scan.inside = null;
  scan.place = found.findIndex(({ members }) => members.includes(pressed));
  if (what === "typing") scan.place = found.findIndex(({ group }) => ["hits", "board", "code-pad", "curtain-pad"].includes(group?.id)) - 1;
  for (const old of $$(".scanned")) old.classList.remove("scanned");
  if (found[scan.place]?.members.includes(pressed)) pressed.classList.add("scanned");
}

function end() {
  Object.assign(scan, { on: false, place: -1, inside: null });
  for (const old of $$(".scanned")) old.classList.remove("scanned");
}

/** A scanner's burst ends with Enter; so does a slip's whole text that was typed. */
const isScanner = (event) => event.timeStamp - scan.typedAt < SCANNER_MS || (screen() === "welcome" && $("#slip").value.startsWith("A"));

/** A letter or digit is the screen's, and the Enter that may follow must not press what the switches stand on. */
function typed({ timeStamp }) {
  scan.typedAt = timeStamp;
  if (document.activeElement?.classList.contains("scanned")) document.activeElement.blur();
}

/** Whether the key was a switch. */
function take(event) {
  const goes = NEXT.includes(event.code);
  if (!goes && !SELECT.includes(event.code)) {
    if (event.key.length === 1) typed(event);
    return false;
  }
  scan.on ||= [NEXT[0], SELECT[0]].includes(event.code);
  if (!scan.on || isScanner(event) || (screen() === "curtain" && !visit.code)) return false;
  if (!event.repeat) (goes ? next : select)();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (!take(event)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  window.booth.act("awake");
}, true);
document.addEventListener("booth", drawn);
