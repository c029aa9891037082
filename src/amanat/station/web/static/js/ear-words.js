// What the ear hears of each thing on the booth's screens: keys of the package's audio ("added", "majlis/1001").
import { screen, tray, visit } from "./visit.js";

export const numberKey = (value) => `number-${Number(value)}`;
export const digitKeys = (text) => [...text].map(numberKey);
const letterKey = (letter) => `letter-${letter.codePointAt(0).toString(16).padStart(4, "0")}`;
const symbolKey = (symbol) => (/[0-9]/.test(symbol) ? numberKey(symbol) : letterKey(symbol));
export const nameKey = (row, one = tray()) => `${one.contest.id}/${row.code}`;
const contestKey = (one) => `contest-${one.contest.id}`;

const FOLDED = /[؛،.:…!؟\s«»]+/g;
const folded = (text) => text.replace(FOLDED, " ").trim();
const LATIN = (text) => text.replace(/[۰-۹]/g, (digit) => "۰۱۲۳۴۵۶۷۸۹".indexOf(digit));

/** Sentences with a number or a name in them, by their beginning. */
const PATTERNS = [
  [/^[۰-۹]+ از [۰-۹]+ انتخابات$/, () => []], // the tray says its place itself
  [/^([۰-۹]+) نام (?:افزوده شد|جای نام)/, ([text, count]) => ["slate", numberKey(LATIN(count)), ...(text.includes("نامزد نیستند") ? ["slate-missing"] : [])]],
  [/^برداشته شد: /, () => ["removed-in-review"]],
  [/هیچ نامی نیست: اگر رأی سفید/, () => ["review-blank"]],
  [/نامی ننوشتید؛ این هنوز رأی سفید نیست$/, () => ["not-white"]],
  [/^شرکت نکردن در /, () => ["skip"]],
];

let sentences = null; // [fold or pattern of the sentence, key]

function readSentences(index) {
  const said = Object.entries(index).filter(([key]) => /^(said|refused)-/.test(key));
  return said.map(([key, text]) => [new RegExp(`^${folded(text).replace(/[*+?^$()[\]\\|.]/g, "\\$&").replace(/\{\w+\}/g, ".+")}$`), key]);
}

/** A sentence of the screen, by the prompts' index; one that nobody foresaw is announced, never passed over. */
export function sentenceKeys(text, index) {
  if (!text) return [];
  const [, keys] = PATTERNS.find(([pattern]) => pattern.test(text)) ?? [];
  if (keys) return keys(PATTERNS.map(([pattern]) => pattern.exec(text)).find(Boolean));
  sentences ??= readSentences(index);
  const found = sentences.find(([pattern]) => pattern.test(folded(text)));
  return [found ? found[1] : "look"];
}

const countOf = ({ chosen, max }) => (max > 1 ? ["chosen", numberKey(chosen), "of", numberKey(max)] : []);

let typedBefore = "";

function typing({ text, hits }) {
  const before = typedBefore;
  typedBefore = text;
  if (text === "") return before ? ["cleared"] : [];
  const symbol = symbolKey(text.at(-1));
  return hits.length ? [symbol, "hits", numberKey(hits.length)] : [symbol];
}

/** The keys of a "booth" event. */
export const EVENTS = {
  welcome: ({ sentence }, index) => (sentence ? sentenceKeys(sentence, index) : ["welcome"]),
  tray: ({ chosen, max, place, of }) => [
    ...(of > 1 ? ["contest", numberKey(place + 1), "of", numberKey(of)] : []),
    contestKey(tray()),
    ...(max > 1 ? ["most", numberKey(max)] : ["single"]),
    ...(chosen ? ["chosen", numberKey(chosen)] : []),
    "tray",
  ],
  added: (detail) => ["added", nameKey(detail.row), ...countOf(detail)],
  repeat: ({ row }) => ["repeat", nameKey(row)],
  full: () => ["full"],
  unknown: ({ code }) => ["unknown", ...digitKeys(code)],
  removed: ({ row }) => ["removed", nameKey(row)],
  typing,
  "no-hits": () => ["no-hits"],
  review: ({ say }, index) => [...sentenceKeys(say, index), "review"],
  sealed: ({ tests_left: left, say }, index) => [...sentenceKeys(say, index), "sealed", "tests-left", numberKey(left)],
  opened: () => ["opened"],
  left: () => ["said-left"],
  done: () => ["done"],
  curtain: () => ["curtain"],
  resumed: () => ["resumed"],
  armed: ({ act }) => (act === "leave" && screen() === "tray" ? [] : [`armed-${act}`]), // the tray says it itself
  say: ({ text }, index) => sentenceKeys(text, index),
};

/** The review as a list of steps, each a list of keys; the last says what can be done. */
export function reviewSteps() {
  const several = visit.trays.length > 1;
  const steps = visit.trays.flatMap((one) => {
    const sure = visit.blank.has(one.contest.id);
    const heading = [contestKey(one), "chosen", numberKey(one.chosen.length), ...(one.chosen.length ? [] : [sure ? "blank-confirmed" : "review-blank"])];
    const names = one.chosen.map((row, place) => [numberKey(place + 1), nameKey(row, one)]);
    return several || one.chosen.length === 0 ? [heading, ...names] : names;
  });
  return [...steps, ["review-end"]];
}

const rowOf = (code, one = tray()) => one.chosen.find((row) => row.code === code);

/** A named thing on the screen by its data-… : its keys. */
const LABELS = {
  do: (act) => [act === "review" && visit.trays[visit.at + 1] ? "do-next" : `do-${act}`],
  digit: (digit) => [numberKey(digit)],
  letter: (letter) => [letterKey(letter)],
  erase: () => ["do-erase"],
  board: (kind) => [`do-${kind}`],
  hit: (place) => [numberKey(place), nameKey(tray().hits.shown[place - 1])],
  contest: (place) => [contestKey(visit.trays[place])],
  blank: () => ["do-blank"],
  skip: () => ["do-skip"],
  remove: (code, { of }) => ["do-remove", nameKey(rowOf(code, visit.trays[of]), visit.trays[of])],
};

/** What an element that gets the focus is called. */
export function labelKeys(element, index) {
  if (element.id === "card-remove") return ["do-remove", nameKey(rowOf(element.dataset.code))];
  if (element.dataset.code) return [numberKey(tray().chosen.indexOf(rowOf(element.dataset.code)) + 1), nameKey(rowOf(element.dataset.code))];
  if (element.tagName === "INPUT") return ["field"];
  if (element.type === "submit") return ["do-submit"];
  const kind = Object.keys(LABELS).find((name) => name in element.dataset);
  const keys = kind ? LABELS[kind](element.dataset[kind], element.dataset) : ["do-other"];
  return keys.map((key) => (key.includes("/") || key in index ? key : "do-other"));
}
