// Draws a tray: slots that are always visible, hits, the card of the last name, and the touch board.
import { $, code, fill, make } from "./dom.js";
import { digits, number } from "./persian.js";
import { t, translated } from "./words.js";

const LETTERS = [..."ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"];
const PAD = [..."123456789"];

const initials = (name) => name.split(" ").map((word) => word[0]).slice(0, 2).join("\u200c ");

/** A name that is drawn as large as its place allows: its length is all that the sheet of styles needs to know. */
export function nameOf(row, ...more) {
  const name = make("span", { class: "name" }, make("bdi", { text: digits(row.name) }), ...more);
  name.style.setProperty("--letters", Math.max(row.name.length, 8));
  return name;
}

function slot(row, place, pulse) {
  const order = make("span", { class: "place", text: number(place + 1) });
  if (!row) return make("li", { class: "empty" }, order, make("span", { class: "hint", text: "هنوز نامی نیست" }));
  const about = make("span", { class: "about" }, code(digits(row.code)), row.mark ? make("span", { class: "mark" }, make("bdi", { text: row.mark })) : null);
  return make("li", {}, make("button", { type: "button", "data-code": row.code, class: `${row.mark ? "marked" : ""} ${row.code === pulse ? "pulse" : ""}` }, order, nameOf(row), about));
}

/** Sets the shape of a list that fills columns downwards: `narrow` and `wide` are its numbers of columns. */
export function columns(list, count, { narrow, wide }) {
  for (const [name, of] of Object.entries({ narrow, wide })) {
    list.style.setProperty(`--columns-${name}`, of);
    list.style.setProperty(`--rows-${name}`, Math.ceil(count / of));
  }
}

/** Thirty slots cost more to lay out than all else of a key, so they are drawn where they changed: the page itself
 * tells what it shows, and nothing else remembers it. */
function isShown(list, tray) {
  const shown = [...list.querySelectorAll("[data-code]")].map((button) => button.dataset.code);
  return list.lang === document.documentElement.lang && list.childElementCount === tray.contest.max_choices && shown.join() === tray.codes.join();
}

export function drawSlots(tray, pulse) {
  const list = $("#slots");
  const most = tray.contest.max_choices;
  if (!pulse && isShown(list, tray)) return;
  list.lang = document.documentElement.lang;
  list.classList.toggle("single", most === 1);
  columns(list, most, most <= 5 ? { narrow: 1, wide: 1 } : most <= 16 ? { narrow: 2, wide: 2 } : { narrow: 2, wide: 3 });
  list.replaceChildren(...Array.from({ length: most }, (_, place) => slot(tray.chosen[place], place, pulse)));
}

export function drawHits(tray) {
  const hits = tray.hits.shown.map((row, place) =>
    make("li", {}, make("button", { type: "button", "data-hit": place + 1 },
      make("kbd", { text: number(place + 1) }),
      nameOf(row, row.mark ? make("small", {}, " ", make("bdi", { text: row.mark })) : null),
      code(digits(row.code)))));
  $("#hits").replaceChildren(...hits);
}

export function drawCard(row, tray, flash) {
  const card = $("#card");
  card.hidden = !row;
  if (!row) return;
  $("#card-remove").hidden = !tray.chosen.includes(row);
  $("#card-remove").dataset.code = row.code;
  const photo = $("#photo");
  photo.hidden = !row.photo;
  if (row.photo) photo.src = `/api/photo/${tray.contest.id}/${row.code}`;
  else photo.removeAttribute("src");
  fill({ initials: row.photo ? "" : initials(row.name), "card-name": digits(row.name), "card-mark": row.mark, "card-code": digits(row.code) }, card);
  card.classList.remove("flash");
  if (flash) requestAnimationFrame(() => card.classList.add("flash"));
}

/** The question that a slate asks where names are chosen already. */
export function drawSlateOffer(slate, tray) {
  $("#offer").hidden = !slate;
  if (!slate) return;
  $("#card").hidden = true;
  fill({ offer: t`فهرست شما ${number(slate.codes.length)} نام دارد و در این‌جا ${number(tray.chosen.length)} نام برگزیده‌اید.` });
}

export function drawField(tray) {
  const field = $("#field");
  field.value = tray.searching ? tray.text : digits(tray.text);
  field.classList.toggle("selected", tray.selected);
  field.placeholder = tray.browsing ? translated("الفبا: حرف نخست") : t`کد ${number(tray.candidates.codeLength)} رقمی یا نام`;
}

/** The pad for a card's code, where no reader reads it. */
export function drawCodePad(board) {
  const key = (text, traits) => make("button", { type: "button", text, ...traits });
  board.replaceChildren(
    ...PAD.map((digit) => key(digits(digit), { "data-digit": digit })),
    key("⌫", { "data-do": "erase", "aria-label": "پاک کردن" }), key(digits("0"), { "data-digit": "0" }), key("✓", { "data-do": "permit", "aria-label": "ادامه" }));
}

/** The touch board: letters after which nobody is found are dimmed; or a number pad. */
export function drawBoard(tray, letters) {
  const key = (text, traits) => make("button", { type: "button", text, ...traits });
  const erase = key("⌫", { "data-do": "undo", "aria-label": "پاک کردن" });
  const board = $("#board");
  const kind = `${document.documentElement.lang} ${letters && (tray.browsing ? "browse" : "letters")}`;
  const isThere = board.dataset.kind === kind && board.childElementCount > 0;
  if (isThere && !letters) return;
  const next = letters ? tray.next : null;
  if (isThere && !tray.browsing) {
    for (const button of board.querySelectorAll("[data-letter]")) button.disabled = button.dataset.letter !== " " && !next.has(button.dataset.letter);
    return;
  }
  board.dataset.kind = kind;
  board.className = letters ? "board letters" : "board pad";
  if (!letters) {
    board.replaceChildren(
      ...PAD.map((digit) => key(digits(digit), { "data-digit": digit })),
      key("حروف", { "data-board": "letters" }), key(digits("0"), { "data-digit": "0" }), erase);
    return;
  }
  const paging = [
    key("▲", { "data-do": "earlier", disabled: tray.page === 0, "aria-label": "نام‌های پیشین" }),
    key("▼", { "data-do": "later", disabled: tray.hits.more === 0, "aria-label": "نام‌های بعدی" })];
  board.replaceChildren(
    ...LETTERS.map((letter) => key(letter, { "data-letter": letter, disabled: !next.has(letter) })),
    key("␣", { "data-letter": " ", "aria-label": "فاصله", disabled: tray.browsing && !next.has(" ") }), erase,
    ...(tray.browsing ? paging : [key("الفبا", { "data-do": "browse" }), key("۱۲۳", { "data-board": "pad" })]));
}
