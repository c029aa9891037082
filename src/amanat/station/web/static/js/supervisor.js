// The supervisor's page: one next step in big type, and what can be done besides (J-6, S-6, C-1, C-7).
import { drawQr, forgetQr, post } from "./api.js";
import { $, $$, fill, make } from "./dom.js";
import { ScanWatch } from "./keys.js";
import { digits, duration, foldDigits, number } from "./persian.js";
import { mediaWords, queueWords, watchStatus } from "./status.js";

const LATE_MS = 3_600_000; // undelivered for an hour: carry it by hand
const ARMED_MS = 6000;
const COUNTS = { permits: "تعرفه", refused: "پذیرش‌نشده", prepared: "رأی مُهرشده", cast: "رأی در صندوق", tested: "آزموده", dropped: "رهاشده" };
const ALSO = { hourly: "برگهٔ ساعتی", usb: "خروجی USB", appeal: "اعتراض", replace: "تعرفهٔ جایگزین", close: "بستن شعبه", open: "چاپ دوبارهٔ برگهٔ صفر" };
const BY_STATE = { new: [], open: ["hourly", "usb", "appeal", "replace", "close"], closed: ["usb", "close"] };
const DESK_ONLY = ["appeal", "replace"];
const ROLE_CHECK_IN = 1;
const SHEETS = { open: "برگهٔ صفر چاپ شد", hourly: "برگهٔ ساعتی چاپ شد", close: "شعبه بسته شد؛ برگهٔ پایانی چاپ شد" };

const scans = new ScanWatch();
let status = null;
let panel = "home";
let shown = "";
let armed = 0;

// ---- what is shown

function show(name) {
  panel = name;
  const real = name === "home" ? (status.state === "new" ? "open" : "running") : name;
  for (const part of $$("[data-panel]")) part.hidden = part.dataset.panel !== real;
  if (name !== "sheet") forgetQr($("#sheet-qr"));
  fill({ say: "" });
  disarm();
  $$(`[data-panel="${real}"] :is(input, button)`).find((place) => place.offsetParent)?.focus();
  drawAlso();
}

function drawAlso() {
  const acts = BY_STATE[status.state].filter((act) => status.roles & ROLE_CHECK_IN || !DESK_ONLY.includes(act));
  const label = (act) => (act === "close" && status.state === "closed" ? "چاپ دوبارهٔ برگهٔ پایانی" : ALSO[act]);
  $("#also").replaceChildren(...acts.map((act, place) =>
    make("button", { type: "button", "data-go": act, "aria-current": panel === act ? "true" : null }, label(act), make("kbd", { text: `F${place + 2}` }))));
}

/** The one thing to do now. */
function nextStep() {
  const media = mediaWords(status.media);
  if (status.stopped) return { title: "این دستگاه نمی‌نویسد", text: "رأی‌های پیشین امن است. رأی‌دهندگان را به غرفهٔ دیگر بفرستید و ستاد را خبر کنید.", act: "usb" };
  if (!media.good) return { title: media.text, text: "ادامه دهید و جانشین بخواهید؛ اکنون یک نسخه روی USB بردارید.", act: "usb" };
  if (status.queue.undelivered && (status.queue.oldest_ms > LATE_MS || (status.state === "closed" && !status.link.up))) {
    return { title: "نوشته‌ها را با USB به ستاد برسانید", text: `${number(status.queue.undelivered)} نوشته هنوز به ستاد نرسیده است.`, act: "usb" };
  }
  if (status.state === "closed") return { title: "کار این دستگاه پایان یافت", text: queueWords(status).text, act: "close" };
  return { title: "رأی‌گیری در جریان است", text: "سر هر ساعت برگهٔ ساعتی بگیرید و به ناظران بدهید.", act: "hourly" };
}

function drawStatus() {
  const media = mediaWords(status.media);
  const queue = queueWords(status);
  const rows = [
    ["شعبه", { good: status.state === "open", text: { new: "گشوده نشده", open: "باز", closed: "بسته" }[status.state] }],
    ["شبکه", { good: status.link.up, text: digits(status.link.words_fa || "این دستگاه خود به ستاد وصل نمی‌شود؛ از دستگاه پذیرش می‌رسد") }],
    ["تحویل", { good: !(status.queue.oldest_ms > LATE_MS), text: queue.text }],
    ["حافظه‌ها", media],
  ];
  $("#health").replaceChildren(...rows.map(([name, state]) =>
    make("div", {}, make("dt", { text: name }), make("dd", { class: state.good ? null : "warn", text: state.text }))));
  $("#counts").replaceChildren(...Object.entries(COUNTS).map(([name, words]) =>
    make("tr", {}, make("td", { text: words }), make("td", { text: number(status.counts[name]) }))));
  const { prepared, cast, tested, dropped } = status.counts;
  const balanced = prepared === cast + tested + dropped ? "برابر است ✓" : "برابر نیست ✗";
  fill({
    terminal: digits(status.terminal ?? status.device),
    equation: `مُهرشده ${number(prepared)} = در صندوق ${number(cast)} + آزموده ${number(tested)} + رهاشده ${number(dropped)} · ${balanced}`,
  });
  const step = nextStep();
  fill({ "step-title": step.title, "step-text": step.text });
  const button = $("#step-do");
  button.dataset.go = step.act;
  button.replaceChildren(status.state === "closed" && step.act === "close" ? "چاپ دوبارهٔ برگهٔ پایانی" : ALSO[step.act], make("kbd", { text: "Enter" }));
}

function disarm() {
  clearTimeout(armed);
  armed = 0;
  $("#close-do").replaceChildren(status?.state === "closed" ? "چاپ دوبارهٔ برگهٔ پایانی" : "بستن شعبه", make("kbd", { text: "دو بار Enter" }));
  $("#close-do").classList.remove("armed");
}

// ---- what is done

function sheet(kind, answer) {
  if (!answer.ok) return fill({ say: answer.fa });
  show("sheet");
  const lines = `تعرفه ${number(answer.permits)} · مُهرشده ${number(answer.prepared)} · در صندوق ${number(answer.cast)} · آزموده ${number(answer.tested)} · رهاشده ${number(answer.dropped)}`;
  fill({ "sheet-title": SHEETS[kind], "sheet-text": `${lines}. از رمزینه عکس بگیرید: باید با نتیجهٔ منتشرشده بخواند.` });
  return drawQr($("#sheet-qr"), answer.sheet);
}

const told = (answer, words) => {
  if (!answer.ok) return fill({ say: answer.fa });
  show("told");
  return fill({ told: words(answer) });
};

const permitWords = (answer) => (answer.serial ? `تعرفه چاپ شد: غرفهٔ ${number(answer.ballot_terminal)}` : "تعرفه صادر نشد؛ در صفحهٔ پذیرش ببینید");

const DO = {
  open: async (form) => sheet("open", await post("/api/open", { officers: [form.get("first"), form.get("second")] })),
  hourly: async () => sheet("hourly", await post("/api/hourly")),
  usb: async (form) => told(await post("/api/supervisor/usb", { path: form.get("path") }), () => "پرونده نوشته شد؛ حافظه را به ستاد برسانید"),
  replace: async (form) => told(await post("/api/desk/replace", { serial: form.get("serial").trim(), reason: form.get("reason") }), permitWords),
  appeal: async (form) => told(await post("/api/desk/issue", {
    national_id: foldDigits(form.get("national_id")).replace(/\D/g, ""), document: 0, appeal: [form.get("first"), form.get("second")],
  }), permitWords),
  async close(form) {
    if (!armed && status.state === "open") {
      armed = setTimeout(disarm, ARMED_MS);
      $("#close-do").classList.add("armed");
      return $("#close-do").replaceChildren("یک بار دیگر Enter: بسته می‌شود");
    }
    disarm();
    const answer = await post("/api/close", { explanation: form.get("explanation") });
    if (answer.code === "account-unbalanced") $("#explain").hidden = false;
    return sheet("close", answer);
  },
};

for (const form of $$("form[data-panel]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const buttons = $$("button", form);
    for (const button of buttons) button.disabled = true; // one press, one act
    await DO[form.dataset.panel](new FormData(form));
    for (const button of buttons) button.disabled = false;
    if (!form.hidden) $("button", form).focus();
  });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-go]");
  if (button) show(button.dataset.go);
});

/** The serial inside a scanned permit: AP1 + base32 of CBOR([P, …]) where P opens with [1, serial of 16 bytes, …]. */
function serialOf(scan) {
  const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  let bits = "";
  for (const symbol of scan.slice(3, 63)) bits += ALPHABET.indexOf(symbol).toString(2).padStart(5, "0");
  const hex = bits.match(/[01]{8}/g).map((byte) => Number.parseInt(byte, 2).toString(16).padStart(2, "0")).join("");
  return /^..58..880150(.{32})/.exec(hex)?.[1] ?? "";
}

document.addEventListener("keydown", (event) => {
  const scan = scans.take(event);
  if (scan !== null) {
    event.preventDefault();
    if (scan.startsWith("AP1") && panel === "replace") $("[name=serial]").value = serialOf(scan);
    else if (panel === "replace") $("[name=serial]").value = "";
    return;
  }
  const chosen = /^F([2-9])$/.exec(event.code);
  const button = chosen && $$("#also button")[chosen[1] - 2];
  if (button) button.click();
  else if (event.code === "Escape") show("home");
  else return;
  event.preventDefault();
});

watchStatus((answer) => {
  if (!answer.ok) return fill({ say: answer.fa });
  status = answer;
  drawStatus();
  if (shown !== status.state) {
    const first = shown === "";
    shown = status.state;
    if (first || panel === "home") show("home");
    else drawAlso();
  }
  return undefined;
});
