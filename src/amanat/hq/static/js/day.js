// The situation room: asks for data.json again and again and draws it.  A failed request is shown, never hidden.
const SECONDS = 5;
const STATES = { open: "باز، در ارتباط", silent: "خاموش", never: "هنوز خبری نیست", closed: "بسته، کامل", apart: "کنار گذاشته" };
const URGENCY = ["apart", "silent", "never", "open", "closed"];
const ATTENTION = [["cases", "مراجعهٔ دوباره (پرونده)"], ["apart", "دستگاه با دو روایت"], ["unsound", "برگ با اثبات نادرست"], ["dead_letters", "پیام خوانده‌نشده"]];
const REASONS = [["checked-in-elsewhere", "آفلاین تعرفه گرفت، پیش‌تر جای دیگر مراجعه کرده بود"], ["not-eligible", "آفلاین تعرفه گرفت، ستاد واجد شرایط نمی‌داند"], ["eligible", "آفلاین رد شد، ستاد واجد شرایط می‌داند"]];
const fa = new Intl.NumberFormat("fa-IR-u-nu-arabext");
const $ = (id) => document.getElementById(id);
const digits = (text) => text.replace(/[0-9]/g, (digit) => "۰۱۲۳۴۵۶۷۸۹"[digit]);
const number = (n) => (n === null || n === undefined ? "—" : fa.format(n));

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function drawing(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function since(seconds) {
  if (seconds === null) return "بی‌ارتباط";
  if (seconds < 60) return "همین حالا";
  if (seconds < 3600) return `${number(Math.floor(seconds / 60))} دقیقه پیش`;
  if (seconds >= 172800) return `${number(Math.floor(seconds / 86400))} روز پیش`;
  return `${number(Math.floor(seconds / 3600))} ساعت و ${number(Math.floor((seconds % 3600) / 60))} دقیقه پیش`;
}

function share({ made, contradicted }) {
  if (!made) return "—";
  return `${new Intl.NumberFormat("fa-IR-u-nu-arabext", { maximumFractionDigits: 2 }).format((100 * contradicted) / made)}٪`;
}

function values(data) {
  const shown = { ...data, offline: { ...data.offline, share: share(data.offline) } };
  for (const place of document.querySelectorAll("[data-value]")) {
    const value = place.dataset.value.split(".").reduce((at, key) => at?.[key], shown);
    place.textContent = typeof value === "string" ? value : number(value);
  }
}

function hours(rows) {
  const width = 720, height = 240, foot = 28, top = 22;
  const svg = drawing("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "نمودار رأی در هر ساعت" });
  if (!rows.length) {
    svg.append(drawing("text", { x: width / 2, y: height / 2 }, "هنوز رأیی نرسیده است"));
    return $("hours").replaceChildren(svg);
  }
  const first = Math.min(8, ...rows.map((row) => row.hour)), last = Math.max(18, ...rows.map((row) => row.hour));
  const counts = new Map(rows.map((row) => [row.hour, row.ballots]));
  const most = Math.max(...counts.values()), step = width / (last - first + 1);
  svg.append(drawing("line", { x1: 0, x2: width, y1: height - foot, y2: height - foot }));
  for (let hour = first; hour <= last; hour += 1) {
    const x = width - (hour - first + 1) * step, count = counts.get(hour) ?? 0; // time runs from right to left
    const tall = (count / most) * (height - foot - top);
    svg.append(drawing("rect", { x: x + step * 0.16, y: height - foot - tall, width: step * 0.68, height: tall, rx: 4 }));
    if (count) svg.append(drawing("text", { x: x + step / 2, y: height - foot - tall - 6, class: "value" }, number(count)));
    svg.append(drawing("text", { x: x + step / 2, y: height - 8 }, number(hour)));
  }
  $("hours").replaceChildren(svg);
}

function lists(data) {
  $("states").replaceChildren(...["open", "silent", "never", "closed"].map((state) => {
    const item = element("li");
    item.append(element("strong", number(data.states[state])), element("span", STATES[state], `badge ${state}`));
    return item;
  }));
  $("reasons").replaceChildren(...REASONS.map(([key, words]) => {
    const item = element("li");
    item.append(element("span", words), element("strong", number(data.offline.by_reason[key] ?? 0)));
    return item;
  }));
  $("attention").replaceChildren(...ATTENTION.map(([key, words]) => {
    const item = element("li");
    item.append(element("span", words), element("span", number(data.totals[key]), data.totals[key] ? "hot" : ""));
    return item;
  }));
}

function narrow({ permits, cast, closed, heard }) {
  const counts = cast === null ? "باز است" : `${closed ? "بسته، " : ""}${number(cast)} رأی، ${number(permits)} تعرفه`;
  return ` پیامک، موقت: ${counts} (${since(heard)})`;
}

function stations(rows) {
  const wanted = $("find").value.trim();
  const shown = rows.filter((row) => !wanted || `${row.name} ${digits(row.name)} ${row.id} ${row.county}`.includes(wanted));
  shown.sort((a, b) => URGENCY.indexOf(a.state) - URGENCY.indexOf(b.state) || a.id.localeCompare(b.id));
  document.querySelector("#stations tbody").replaceChildren(...shown.map((row) => {
    const line = element("tr"), name = element("td", `${digits(row.name)} `), state = element("td");
    name.append(element("bdi", row.id, "id"));
    state.append(element("span", STATES[row.state], `badge ${row.state}`));
    if (row.narrow) state.append(element("span", narrow(row.narrow), "under"));
    line.append(name, state, ...[number(row.ballots), number(row.waiting), number(row.permits), number(row.exposure), since(row.heard)].map((text) => element("td", text, "n")));
    return line;
  }));
}

function counties(rows) {
  document.querySelector("#counties tbody").replaceChildren(...rows.map((row) => {
    const line = element("tr");
    line.append(element("td", row.county), ...["bound", "known", "unheard", "cut_off"].map((key) => element("td", number(row[key]), "n")));
    return line;
  }));
  $("counties").hidden = !rows.length;
}

let latest = JSON.parse($("first").textContent);

function draw() {
  values(latest);
  hours(latest.hours);
  lists(latest);
  counties(latest.exposure.counties);
  stations(latest.stations);
}

async function again() {
  try {
    const answer = await fetch("data.json", { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    latest = await answer.json();
    draw();
    $("offline").hidden = true;
  } catch {
    $("offline").hidden = false;
  }
  $("pulse").classList.toggle("lost", !$("offline").hidden);
  setTimeout(again, SECONDS * 1000);
}

$("find").addEventListener("input", () => stations(latest.stations));
draw();
setTimeout(again, SECONDS * 1000);
