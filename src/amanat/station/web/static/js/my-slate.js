// My slate: up to thirty names prepared at home, printed with their codes and one QR (B-11).  It stores nothing and
// sends nothing: closed, it has forgotten everything.
import { $, code, fill, make } from "./dom.js";
import { drawQr, forgetQr } from "./paper-qr.js";
import { digits, foldDigits, number } from "./persian.js";
import { Candidates } from "./search.js";
import { writeSlate } from "./slate-code.js";
import { Tray } from "./tray.js";

const { lists, contests } = JSON.parse($("#data").textContent);
const trays = contests.map((contest) => new Tray(contest, new Candidates(lists.contests[contest.id])));
let at = 0;

const row = (one, traits, ...more) => make("li", {}, make("button", { type: "button", ...traits }, ...more,
  make("span", { class: "name", text: digits(one.name) }), one.mark ? make("small", { text: one.mark }) : null, code(digits(one.code))));

function draw(say = "") {
  const tray = trays[at];
  const { contest, chosen } = tray;
  $("#contests").replaceChildren(...(trays.length > 1 ? trays.map((one, place) =>
    make("li", {}, make("button", { type: "button", "data-contest": place, text: one.contest.title_fa, "aria-pressed": String(place === at) }))) : []));
  $("#hits").replaceChildren(...tray.hits.shown.map((one, place) => row(one, { "data-hit": place + 1 }, make("kbd", { text: number(place + 1) }))));
  $("#chosen").replaceChildren(...chosen.map((one, place) =>
    row(one, { "data-remove": one.code, "aria-label": `برداشتن ${one.name}` }, make("span", { class: "place", text: number(place + 1) }))));
  fill({ say, contest: contest.title_fa, count: `${number(chosen.length)} از ${number(contest.max_choices)}` });
  $("#print").disabled = chosen.length === 0;
  if (chosen.length === 0) return forgetQr($("#qr"));
  const n = lists.contests[contest.id].length + lists.gone[contest.id].length;
  return drawQr($("#qr"), writeSlate({ election: lists.election, contest: lists.places[contest.id], numbers: chosen.map((one) => one.number), n }));
}

/** The field is read anew at each letter; a whole code, or a digit after letters, adds a name as in the booth. */
function typed() {
  const text = foldDigits($("#field").value);
  const tray = trays[at];
  const [, letters, place] = /^(.*?[^0-9\s].*?)\s*([1-6])$/.exec(text) ?? [];
  let told = { say: "" };
  tray.clear();
  if (place) {
    tray.text = letters;
    told = tray.pick(Number(place));
  } else if (/^[0-9]+$/.test(text)) {
    for (const digit of text) told = tray.digit(digit);
  } else tray.text = text.trimStart();
  if (["added", "repeat"].includes(told.what)) $("#field").value = "";
  draw(told.say);
}

$("#field").addEventListener("input", typed);
document.addEventListener("click", (event) => {
  const { hit, remove, contest } = event.target.closest("button")?.dataset ?? {};
  if (hit) draw(trays[at].pick(Number(hit)).say);
  else if (remove) draw(trays[at].remove(remove).say);
  else if (contest) { at = Number(contest); draw(); }
  else return;
  $("#field").value = "";
  $("#field").focus();
});
$("#print").addEventListener("click", () => print());
draw();
