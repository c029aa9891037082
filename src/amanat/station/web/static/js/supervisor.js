// The supervisor's page: one next step in big type, and what can be done besides (J-6, J-9, J-10, S-6, C-1, C-7).
import { drawQr, forgetQr, get, post } from "./api.js";
import { $, $$, fill, make } from "./dom.js";
import { ScanWatch } from "./keys.js";
import { drawOfficers, forgetSecrets, officersOf } from "./officer-fields.js";
import { digits, foldDigits, number } from "./persian.js";
import { watchStatus } from "./status.js";
import { endWords, equationWords, healthRows, hour, lookUpWords, nextStep, permitWords, terminalWords } from "./supervisor-words.js";

const DAY_EVERY_MS = 3000;
const ARMED_MS = 6000;
const COUNTS = { permits: "تعرفه", cast: "در صندوق", prepared: "مُهرشده", tested: "آزموده", dropped: "رهاشده", refused: "پذیرش‌نشده" };
const ALSO = {
  hourly: "برگهٔ ساعتی", usb: "خروجی USB", replace: "غرفه مانده", end: "پایان رأی‌گیری", close: "بستن شعبه",
  pause: "ایست", resume: "ادامه", incident: "رویداد", extension: "تمدید", more: "بیشتر",
};
const KEYS = { hourly: "F2", usb: "F3", replace: "F4", end: "F5", close: "F5", pause: "F6", resume: "F6", incident: "F7", extension: "F8", more: "F9" };
const MORE = { paper: "رأی کاغذی و ذخیرهٔ آن", appeal: "اعتراض: «پیش‌تر پذیرش شده»", reprint: "چاپ دوباره", lookups: "جست‌وجوهای بی‌تعرفه", list: "فهرست پذیرش‌شدگان روی کاغذ", spare: "دستگاه یدکی", medium: "حافظهٔ تازه", head: "آخرین برگهٔ چاپ‌شده" };
const DESK_ONLY = ["appeal", "replace", "lookups", "list"];
const OPEN_ONLY = ["paper", "appeal", "lookups", "list", "spare"];
const ROLE_CHECK_IN = 1;
const SHEETS = { open: "برگهٔ صفر چاپ شد", hourly: "برگهٔ ساعتی چاپ شد", close: "شعبه بسته شد؛ برگهٔ پایانی چاپ شد", reprint: "برگه دوباره چاپ شد، با نشان رونوشت" };
const EXPLAINED = ["booths-behind", "permits-open", "paper-uncounted", "account-unbalanced", "early-end", "two-officers"];

const scans = new ScanWatch();
let status = null;
let day = null;
let panel = "home";
let shown = "";
let armed = 0;

// ---- what is shown

const mode = () => [status.state, status.paused, status.ended].join();

function realPanel() {
  if (panel === "home") return status.state === "new" ? "open" : "running";
  return panel;
}

function show(name) {
  panel = name;
  for (const part of $$("[data-panel]")) part.hidden = part.dataset.panel !== realPanel();
  if (name !== "sheet") forgetQr($("#sheet-qr"));
  fill({ say: "" });
  forgetSecrets();
  disarm();
  ENTER[name]?.();
  $$(`[data-panel="${realPanel()}"] :is(input, select, button, [tabindex])`).find((place) => place.offsetParent && !place.matches(":disabled"))?.focus();
  drawAlso();
}

const isAllowed = (act) => status.roles & ROLE_CHECK_IN || !DESK_ONLY.includes(act);

function acts() {
  if (status.state === "new") return ["more"];
  if (status.state === "closed") return ["usb", "close", "more"];
  return ["hourly", "usb", "replace", status.ended ? "close" : "end", status.paused ? "resume" : "pause", "incident", "extension", "more"];
}

function drawAlso() {
  const label = (act) => (act === "close" && status.state === "closed" ? "چاپ دوبارهٔ برگهٔ پایانی" : ALSO[act]);
  $("#also").replaceChildren(...acts().filter(isAllowed).map((act) =>
    make("button", { type: "button", "data-go": act, "data-key": KEYS[act], "aria-current": panel === act ? "true" : null }, label(act), make("kbd", { text: digits(KEYS[act]) }))));
}

const ENTER = {
  more() {
    const names = Object.keys(MORE).filter((act) => isAllowed(act) && (status.state === "open" || !OPEN_ONLY.includes(act)));
    $("#more").replaceChildren(...names.map((act, place) =>
      make("li", {}, make("button", { type: "button", "data-go": act, "data-digit": place + 1 }, make("kbd", { text: digits(place + 1) }), MORE[act]))));
  },
  end() {
    $("#early").hidden = status.now_ms >= (status.extended_until_ms ?? status.legal_end_ms);
    $("[name=reason]", $("#early")).required = !$("#early").hidden;
  },
  close: drawClosing,
  paper() {
    const form = $("[data-panel=paper]");
    const stock = status.paper?.stock ?? {};
    for (const name of ["used", "spoiled", "left"]) form[name].value = stock[name] ?? "";
    form.first.value = "";
    form.last.value = "";
    form.on.checked = status.paper ? status.paper.mode : true;
    const batches = (status.paper?.serials ?? []).map(([first, last]) => `${number(first)} تا ${number(last)}`);
    fill({ batches: batches.length ? `دریافت‌شده: ${batches.join("؛ ")} (${number(stock.received)} برگه)` : "هنوز دسته‌ای ثبت نشده است." });
  },
  lookups() {
    const rows = day?.look_ups ?? [];
    $("#lookups").replaceChildren(...(rows.length ? rows.map((row) => make("li", { text: lookUpWords(row) })) : [make("li", { text: "تا این لحظه هیچ." })]));
  },
};

const isSettled = () => !day || (day.equations.every((row) => row.holds) && !day.open_permits.length && !day.behind.length);

function drawClosing() {
  const closed = status.state === "closed";
  $("#close-text").textContent = closed ? "این دستگاه بسته است؛ برگهٔ پایانی دوباره با نشان رونوشت چاپ می‌شود." : "پس از آن هیچ رأیی روی این دستگاه گرفته نمی‌شود. کسی در صف یا غرفه نباشد.";
  $("#equations").replaceChildren(...(day?.equations ?? []).map((row) => {
    const { good, text, verdict } = equationWords(row);
    return make("li", { class: good ? null : "warn" }, make("span", { text }), make("strong", { text: verdict }));
  }));
  $("#waiting").replaceChildren(...(closed ? [] : day?.open_permits ?? []).map((permit) =>
    make("li", {}, make("button", { type: "button", title: "توضیح فقط برای این تعرفه", onclick: () => explainOne(permit.serial) },
      make("bdi", { dir: "ltr", class: "code", text: `…${permit.serial.slice(-4)}` }), ` ${permitWords(permit, status.now_ms)}`))));
  askExplanation(!closed && !isSettled());
}

function askExplanation(needed) {
  const isThere = $("#explain").contains(document.activeElement);
  $("#close-text").hidden = needed;
  $("#explain").hidden = !needed;
  $("#explain").disabled = !needed;
  if (isThere && !needed) $("#close-do").focus();
}

function drawStatus() {
  const rows = healthRows(status, day).map(([name, state]) =>
    make("div", {}, make("dt", { text: name }), make("dd", { class: state.good ? null : "warn", text: state.text })));
  $("#health").replaceChildren(...rows);
  $("#counts").replaceChildren(...Object.entries(COUNTS).map(([name, words]) =>
    make("div", {}, make("dt", { text: words }), make("dd", { text: number(status.counts[name]) }))));
  const step = nextStep(status, day);
  const others = day && day.terminals.length > 1 ? `دستگاه‌های شعبه: ${terminalWords(day)}` : "";
  fill({ terminal: digits(status.terminal ?? status.device), "step-title": step.title, "step-text": step.text, ends: endWords(status), terminals: others });
  const button = $("#step-do");
  button.dataset.go = step.do ?? step.act;
  const words = step.label ?? ALSO[step.act];
  if (button.dataset.words !== words) button.replaceChildren(words, make("kbd", { text: "Enter" }));
  button.dataset.words = words;
}

function disarm() {
  clearTimeout(armed);
  armed = 0;
  $("#close-do").replaceChildren(status?.state === "closed" ? "چاپ دوبارهٔ برگهٔ پایانی" : "بستن شعبه", make("kbd", { text: status?.state === "closed" ? "Enter" : "دو بار Enter" }));
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
  seeDay();
  const silent = answer.silent?.length ? `. دستگاه ${answer.silent.map((terminal) => number(terminal)).join("، ")} نشنید؛ همان‌جا هم انجام دهید` : "";
  return fill({ told: `${words(answer)}${silent}` });
};

const permitTold = (answer) => (answer.serial ? `تعرفه چاپ شد: غرفهٔ ${number(answer.ballot_terminal)}` : "تعرفه صادر نشد؛ در صفحهٔ پذیرش ببینید");

const whole = (text) => (/^\d+$/.test(foldDigits(text.trim())) ? Number(foldDigits(text.trim())) : null);

function paperBody(form) {
  const batch = [whole(form.first.value), whole(form.last.value)];
  const counts = { used: whole(form.used.value), spoiled: whole(form.spoiled.value), left: whole(form.left.value) };
  const received = [...(status.paper?.serials ?? []), ...(form.first.value.trim() || form.last.value.trim() ? [batch] : [])];
  const isCounted = ["used", "spoiled", "left"].some((name) => form[name].value.trim());
  return { on: form.on.checked, received, counts: isCounted ? counts : null };
}

async function explainOne(serial) {
  const form = $("[data-panel=close]");
  const answer = await post("/api/left", { serials: [serial], reason: form.explanation.value, officers: officersOf(form) });
  if (!answer.ok) return fill({ say: answer.fa });
  fill({ say: "" });
  day = await get("/api/day");
  drawClosing();
  return $("#explain input, #close-do", form)?.focus();
}

const DO = {
  async open(form) {
    const body = { officers: officersOf(form), witnesses: form.witnesses.value, other_day: form.other_day.checked };
    const answer = await post("/api/open", body);
    if (answer.code === "opening-on-another-day") $("#other-day").hidden = false;
    return sheet("open", answer);
  },
  hourly: async () => sheet("hourly", await post("/api/hourly")),
  pause: async (form) => told(await post("/api/pause", { officers: officersOf(form), reason: form.reason.value }), () => "رأی‌گیری ایستاد"),
  resume: async (form) => told(await post("/api/resume", { officers: officersOf(form) }), () => "رأی‌گیری ادامه دارد"),
  incident: async (form) => told(await post("/api/incident", { kind: form.kind.value, text: form.text.value }), () => "رویداد ثبت شد"),
  extension: async (form) => told(await post("/api/extension", { slip: form.slip.value }), (answer) => `رأی‌گیری تا ${hour(answer.until_ms)} تمدید شد`),
  usb: async (form) => told(await post("/api/supervisor/usb", { path: form.path.value }), () => "پرونده نوشته شد؛ حافظه را به ستاد برسانید"),
  replace: async (form) => told(await post("/api/desk/replace", { serial: form.serial.value.trim(), reason: form.reason.value, officers: officersOf(form) }), permitTold),
  appeal: async (form) => told(await post("/api/desk/issue", {
    national_id: foldDigits(form.national_id.value).replace(/\D/g, ""), document: 0, officers: officersOf(form),
  }), permitTold),
  end: async (form) => told(await post("/api/end", { officers: officersOf(form), reason: form.reason.value }), () => "پایان رأی‌گیری اعلام شد"),
  paper: async (form) => told(await post("/api/paper", paperBody(form)), () => "ثبت شد"),
  reprint: async (form) => sheet("reprint", await post("/api/reprint", { kind: form.kind.value })),
  list: async (form) => told(await post("/api/supervisor/checked-in-list", { all: form.all.checked }), () => "فهرست چاپ شد"),
  medium: async (form) => told(await post("/api/supervisor/medium", { which: form.which.value, path: form.path.value, officers: officersOf(form) }), () => "حافظهٔ تازه پر شد و به کار رفت"),
  head: async (form) => told(await post("/api/supervisor/head", { slip: form.slip.value }), () => "برگه با دفتر این دستگاه می‌خواند"),
  async close(form) {
    if (!armed && status.state === "open") {
      armed = setTimeout(disarm, ARMED_MS);
      $("#close-do").classList.add("armed");
      return $("#close-do").replaceChildren("یک بار دیگر Enter: بسته می‌شود");
    }
    disarm();
    const isExplained = !$("#explain").disabled;
    const answer = await post("/api/close", isExplained ? { explanation: form.explanation.value, officers: officersOf(form) } : {});
    if (EXPLAINED.includes(answer.code)) askExplanation(true);
    return sheet("close", answer);
  },
};

for (const form of $$("form[data-panel]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const buttons = $$("button", form);
    for (const button of buttons) button.disabled = true; // one press, one act
    await DO[form.dataset.panel](form);
    for (const button of buttons) button.disabled = false;
    if (!form.hidden && document.activeElement === document.body) $("button.primary", form).focus();
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

const SCANNED = { AP1: "replace", AE1: "extension", AH1: "head" };

/** A paper before the reader opens the panel where it belongs; Enter is still the supervisor's. */
function scanned(text) {
  const target = SCANNED[text.slice(0, 3)];
  if (!target || !status || !isAllowed(target) || (status.state !== "open" && target !== "head")) return;
  if (panel !== target) show(target);
  const form = $(`[data-panel=${target}]`);
  if (target === "replace") form.serial.value = serialOf(text);
  else form.slip.value = text;
  $("button.primary", form).focus();
}

document.addEventListener("keydown", (event) => {
  const scan = scans.take(event);
  if (scan !== null) {
    event.preventDefault();
    if (scan) scanned(scan);
    return;
  }
  const digit = panel === "more" ? /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1] : null;
  const button = $(`#also [data-key="${event.code}"]`) ?? (digit && $(`#more [data-digit="${digit}"]`));
  if (button) button.click();
  else if (event.code === "Escape") show("home");
  else return;
  event.preventDefault();
});

async function seeDay() {
  const answer = await get("/api/day");
  if (answer.ok) {
    const first = day === null;
    day = answer;
    if (first) $("#kinds").replaceChildren(...Object.entries(day.incidents).map(([kind, words]) => make("option", { value: kind, text: words })));
    if (status) drawStatus();
    if (panel === "close" && !armed) drawClosing();
  }
}

async function watchDay() {
  await seeDay();
  setTimeout(watchDay, DAY_EVERY_MS);
}

watchStatus((answer) => {
  if (!answer.ok) return fill({ say: answer.fa });
  if (answer.locked) return fill({ say: "کلید این دستگاه هنوز با دو مسئول باز نشده است." });
  if (status === null) drawOfficers(answer.officers ?? null);
  status = answer;
  drawStatus();
  if (shown !== mode()) {
    const first = shown === "";
    shown = mode();
    if (first || panel === "home") show("home");
    else {
      if (panel === "more") ENTER.more();
      drawAlso();
    }
  }
  return undefined;
});
watchDay();
