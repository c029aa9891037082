// What the desk says: every sentence of the check-in page that depends on an answer.
import { digits, number } from "./persian.js";

export const DOCUMENTS = ["کارت ملی", "شناسنامه", "گذرنامه", "گواهینامه", "کارت پایان خدمت"];
export const COMPANIONS = { "": "ندارد", relative: "خویشاوند", trusted: "معتمد رأی‌دهنده" };
export const WHY_NOT = [["typed-wrong", "شماره اشتباه زده شد"], ["other-document", "سند از آنِ دیگری است"], ["left", "رفت"]];

const REASONS = {
  dead: "در ثبت احوال، درگذشته ثبت شده است",
  "not-citizen": "تابعیت ایرانی ثبت نشده است",
  abroad: "بیرون از کشور ثبت شده است",
  "under-age": "به سن رأی نرسیده است",
  barred: "از رأی دادن محروم ثبت شده است",
  elsewhere: "در دور نخست در حوزهٔ دیگری رأی داده است",
};

/** What an idle desk says: what to do, or why nobody new is taken just now (J-9). */
export function idle({ paused = null, ended = false }) {
  if (ended) return { word: "رأی‌گیری پایان یافته است؛ کسی تازه پذیرفته نمی‌شود", next: "هر که تعرفه در دست دارد، رأی می‌دهد" };
  if (paused !== null) return { word: "رأی‌گیری درنگ کرده است؛ کسی تازه پذیرفته نمی‌شود", next: digits(paused) };
  return { word: "سند شناسایی را بگیرید و کد ملی را وارد کنید", next: "کد ملیِ هشت یا نُه رقمی: در پایان Enter" };
}

export const facts = (found) => (found.birth_year ? `زادهٔ ${digits(found.birth_year)} · ${number(found.age)} ساله` : "");

export const booth = (n) => (n ? `غرفهٔ ${number(n)}` : "هیچ غرفه‌ای آماده نیست");

/** «پیش‌تر پذیرش شده: شعبه ۱۴، ۱۰:۱۲»; what came as news has a place and no time. */
function already(found) {
  const place = found.reason === "here" ? "همین شعبه" : digits(found.place_fa) || "شعبهٔ دیگر";
  return `پیش‌تر پذیرش شده: ${place}${found.time_fa ? `، ${digits(found.time_fa)}` : ""}`;
}

export const APPEAL = { appeal: "اعتراض با دو مسئول", replace: "تعرفهٔ جایگزین با دو مسئول" };

/** Kind, texts and what two officers may do about it, for every decision but *eligible*. */
export function refusal(found) {
  if (found.decision === "checked-in-already") {
    if (found.voided_serial) {
      const next = "اگر خود او برگشته است، دو مسئول تعرفهٔ جایگزین می‌دهند";
      return { kind: "ask", appeal: "replace", texts: { word: "تعرفه‌اش پیش از رأی دادن باطل شده است", next } };
    }
    const next = "اگر می‌گوید نیامده است: دو مسئول سند و چهره را ببینند و همین‌جا پاسخ‌گو شوند";
    return { kind: "no", appeal: "appeal", texts: { word: already(found), next } };
  }
  if (found.decision === "not-eligible") {
    const word = `واجد شرایط نیست: ${REASONS[found.reason] ?? found.reason}`;
    return { kind: "no", appeal: null, texts: { word, next: "می‌تواند به هیأت اجرایی شکایت کند" } };
  }
  const next = "رقم‌ها را با سند بسنجید و دوباره وارد کنید؛ اگر همان است، سرپرست را صدا بزنید";
  return { kind: "ask", appeal: null, texts: { word: "سرپرست: این کد ملی در دفتر رأی‌دهندگان نیست", next } };
}

export const FINGER = {
  wait: "انگشت را روی دستگاه بگذارید",
  matched: "تطبیق شد",
  "not-matched": "تطبیق نشد",
  nothing: "خوانده نشد",
  failed: "دستگاه پاسخ نداد",
};

export const fingerWords = ({ result, tries_left: left }) =>
  result === "matched" || result === "wait" ? FINGER[result] : `${FINGER[result]}؛ ${left ? `${number(left)} بار دیگر` : "دو مسئول"}`;

const OBSERVER = { "observer-document": "با سند نمی‌خواند", "observer-face": "چهره با عکس نمی‌خواند", "observer-other": "دلیل دیگر" };

/** Kind and texts of a permit that the observer has not approved: waiting, refused, or no pad answers. */
export function approval({ approval: state, reason, fa, ballot_terminal: n }) {
  if (state === "waiting") {
    const next = "تعرفه پس از تأیید چاپ می‌شود";
    return { kind: "ask", texts: { word: "در انتظار تأیید ناظر", name: booth(n), next } };
  }
  if (state === "refused") {
    const why = OBSERVER[reason];
    const word = why ? `ناظر تأیید نکرد: ${why}` : "این تعرفه باطل شده است";
    return { kind: "no", texts: { word, next: "تعرفه باطل است؛ سرپرست را صدا بزنید" } };
  }
  return { kind: "ask", texts: { word: fa, next: "این نفر را کنار بگذارید یا منتظر بمانید؛ کد ملی‌اش دوباره از همین‌جا ادامه می‌دهد" } };
}
