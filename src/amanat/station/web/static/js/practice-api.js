// The practice booth's terminal: it answers in the page, seals nothing, stores nothing and sends nothing.
import { drawQr, forgetQr } from "./paper-qr.js";

const data = JSON.parse(document.querySelector("#data").textContent);
const TESTS_MAX = 5;
const CODE = "TAMR-0000-0000-0000-0000-0";
const NEVER = new Promise(() => {}); // the strip of a terminal is asked once and stays as it is
let testsLeft = TESTS_MAX;
let asked = false;

const ANSWERS = {
  "/api/candidates": () => ({ ok: true, ...data.lists }),
  "/api/booth/permit": () => ({ ok: true, contests: data.contests, tests_left: (testsLeft = TESTS_MAX), sealed: false, key: "" }),
  "/api/booth/test": () => ({ ok: true, opening: "AMANAT TAMRIN", printed: true, tests_left: (testsLeft -= 1) }),
  "/api/booth/cast": () => ({ ok: true, told: "cast", code: CODE, printed: true }),
};

function status() {
  if (asked) return NEVER;
  asked = true;
  return { ok: true, state: "open", station_name_fa: "غرفهٔ تمرین", station: "", media: {}, queue: {}, link: { up: true, words_fa: "" }, counts: { permits: 0, cast: 0 } };
}

const answer = (path) => (path === "/api/status" ? status() : (ANSWERS[path]?.() ?? { ok: true }));

export const get = async (path) => answer(path);
export const post = async (path) => answer(path);
export { drawQr, forgetQr };
