// The desk: one field that always has the focus; the tenth digit asks, Enter issues, Esc is "not this person" (C-1, R-3).
import { post } from "./api.js";
import { $, fill, make, tone } from "./dom.js";
import { digits, foldDigits, number } from "./persian.js";
import { ScanWatch } from "./keys.js";
import { watchStatus } from "./status.js";

const LENGTH = 10;
const TOLD_MS = 15_000; // a final answer leaves the screen
const OPEN_MS = 90_000; // an answer that nobody acted upon is withdrawn: the person has gone
const REASONS = {
  dead: "در ثبت احوال، درگذشته ثبت شده است",
  "not-citizen": "تابعیت ایرانی ثبت نشده است",
  abroad: "بیرون از کشور ثبت شده است",
  "under-age": "به سن رأی نرسیده است",
  barred: "از رأی دادن محروم ثبت شده است",
  elsewhere: "در دور نخست در حوزهٔ دیگری رأی داده است",
};
const field = $("#national-id");
const cells = $(".cells");
const answer = $("#answer");
const scans = new ScanWatch();
let state = "typing"; // closed | typing | busy | open (eligible, waits for the clerk) | told
let person = null;
let timer = 0;

cells.replaceChildren(...Array.from({ length: LENGTH }, () => make("li")));

function paint() {
  const typed = field.value;
  [...cells.children].forEach((cell, place) => {
    cell.textContent = digits(typed[place] ?? "");
    cell.classList.toggle("next", place === typed.length && state === "typing");
  });
  $(".desk").classList.toggle("busy", state === "busy");
}

function show(kind, texts, buttons = {}) {
  answer.dataset.kind = kind;
  fill({ word: "", name: "", facts: "", next: "", ...texts }, answer);
  for (const id of ["yes", "no"]) {
    const button = $(`#${id}`);
    button.hidden = !buttons[id];
    button.replaceChildren(...(buttons[id] ? [buttons[id][0], make("kbd", { text: buttons[id][1] })] : []));
  }
}

function begin(text = "") {
  clearTimeout(timer);
  person = null;
  state = "typing";
  field.value = text;
  show("idle", { word: "سند شناسایی را بگیرید و کد ملی را وارد کنید", next: "کد ملیِ هشت یا نُه رقمی: در پایان Enter" });
  paint();
}

function settle(kind, texts, buttons = {}) {
  state = "told";
  show(kind, texts, buttons);
  paint();
  timer = setTimeout(begin, TOLD_MS);
}

const facts = (found) => (found.birth_year ? `زادهٔ ${digits(found.birth_year)} · ${number(found.age)} ساله` : "");

function already(found) {
  const [where, station] = String(found.reason ?? "here").split(":");
  const place = where === "elsewhere" && station ? `در شعبهٔ ${digits(station)}` : where === "here" ? "در همین شعبه" : "";
  return `پیش‌تر پذیرش شده ${place}`.trim();
}

function decide(found) {
  const who = { name: digits(found.name_fa ?? ""), facts: facts(found) };
  if (found.decision === "eligible") {
    state = "open";
    const word = found.resumed ? "تعرفه‌اش صادر شده؛ چاپ دوباره" : "می‌تواند رأی بدهد";
    show("yes", { ...who, word, next: "نام و سال تولد را با سند، و چهره را با عکس بسنجید" }, { yes: ["صدور تعرفه", "Enter"], no: ["این شخص نیست", "Esc"] });
    paint();
    timer = setTimeout(withdraw, OPEN_MS);
    tone("yes");
    return;
  }
  tone("no");
  if (found.decision === "checked-in-already") {
    settle("no", { ...who, word: already(found), next: "اگر می‌گوید نیامده است: دو مسئول، سند را ببینند و در صفحهٔ سرپرست اعتراض را ثبت کنند" });
  } else if (found.decision === "not-eligible") {
    settle("no", { ...who, word: `واجد شرایط نیست: ${REASONS[found.reason] ?? found.reason}`, next: "می‌تواند به هیأت اجرایی شکایت کند" });
  } else {
    settle("ask", { word: "سرپرست: این کد ملی در دفتر رأی‌دهندگان نیست", next: "رقم‌ها را با سند بسنجید و دوباره وارد کنید؛ اگر همان است، سرپرست را صدا بزنید" });
  }
}

async function look(national_id) {
  state = "busy";
  paint();
  const found = await post("/api/desk/look", { national_id });
  if (!found.ok) {
    tone("no");
    settle("ask", { word: found.fa, next: "کد ملی را دوباره وارد کنید" });
    return;
  }
  person = national_id;
  decide(found);
}

async function issue() {
  clearTimeout(timer);
  state = "busy";
  paint();
  const issued = await post("/api/desk/issue", { national_id: person, document: 0 });
  if (!issued.ok) {
    tone("no");
    settle("ask", { word: issued.fa, next: "اگر تعرفه چاپ نشد، همین کد ملی را دوباره وارد کنید یا سرپرست را صدا بزنید" });
    return undefined;
  }
  if (!issued.serial) return decide(issued); // news came between the look and this Enter
  settle("told", { word: "تعرفه چاپ شد", name: `غرفهٔ ${number(issued.ballot_terminal)}`, next: "تعرفه و سند را به رأی‌دهنده بدهید. نفر بعد: کد ملی را وارد کنید" });
  field.value = "";
  return paint();
}

async function withdraw() {
  clearTimeout(timer);
  state = "busy";
  const gone = await post("/api/desk/withdraw", { national_id: person });
  if (!gone.ok) return settle("ask", { word: gone.fa });
  return settle("ask", { word: "ثبت شد: این شخص نبود", next: "تعرفه‌ای صادر نشد. کد ملی بعدی را وارد کنید" });
}

function onEnter() {
  if (state === "open") issue();
  else if (state === "told") begin();
  else if (state === "typing" && [8, 9].includes(field.value.length)) look(field.value.padStart(LENGTH, "0"));
}

function onEscape() {
  if (state === "open") withdraw();
  else if (state === "told" || state === "typing") begin();
}

document.addEventListener("keydown", (event) => {
  const scan = scans.take(event);
  if (scan !== null) {
    event.preventDefault(); // a paper's code is not a national id; nothing lands in the field
    if (scan && state === "typing") begin();
    return;
  }
  if (event.code === "Enter" || event.code === "NumpadEnter") {
    event.preventDefault();
    onEnter();
  } else if (event.code === "Escape") {
    event.preventDefault();
    onEscape();
  } else if (event.code === "Tab") {
    event.preventDefault(); // there is one field, and it keeps the focus
  }
});

field.addEventListener("input", () => {
  const typed = foldDigits(field.value).replace(/\D/g, "");
  if (state === "told") {
    begin(typed.slice(-1));
    post("/api/desk/present");
    return;
  }
  if (state !== "typing") {
    field.value = person ?? "";
    return;
  }
  if (typed.length === 1) post("/api/desk/present"); // a document is here: news may come before the tenth digit
  field.value = typed.slice(0, LENGTH);
  paint();
  if (field.value.length === LENGTH) look(field.value);
});

field.addEventListener("blur", () => setTimeout(() => field.focus(), 0));
answer.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.id === "yes") onEnter();
  if (button?.id === "no") onEscape();
});

watchStatus((status) => {
  if (status.ok && status.state !== "open") {
    state = "closed";
    show("ask", { word: status.state === "closed" ? "شعبه بسته شده است" : "شعبه هنوز گشوده نشده است", next: "در صفحهٔ سرپرست" });
  } else if (status.ok && state === "closed") {
    begin();
  }
});
begin();
field.focus();
