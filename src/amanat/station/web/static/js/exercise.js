// The page on which an exercise is chosen; the work itself is done on the real pages (M-8).
import { get, post } from "./api.js";
import { $, $$, fill, make } from "./dom.js";
import { digits, number } from "./persian.js";
import { watchStatus } from "./status.js";

const ROLES = { clerk: "منشی", head: "رئیس شعبه", "computer-user": "کاربر رایانه", guide: "راهنما" };

const show = (name, visible) => { $(`[data-panel="${name}"]`).hidden = !visible; };

function draw(answer) {
  if (!answer.ok) return fill({ say: answer.fa });
  if (!$("#scenarios").children.length) {
    $("#scenarios").replaceChildren(...answer.scenarios.map((one, place) => make("li", {}, make("label", {},
      make("input", { type: "radio", name: "scenario", value: one.id, checked: place === 0 }),
      make("b", { text: ROLES[one.role] ?? one.role }), make("span", { text: one.title.fa })))));
  }
  const running = answer.step !== null;
  show("choose", !running);
  show("under-way", running);
  show("last", !running && answer.last !== null);
  if (running) {
    fill({
      "where-we-are": `${answer.person} · گام ${number(answer.step)} از ${number(answer.of)} · ${answer.mistakes ? `${number(answer.mistakes)} اشتباه` : "بی‌اشتباه"}`,
      step: answer.say.fa,
    });
  } else if (answer.last) {
    const title = answer.scenarios.find((one) => one.id === answer.last.scenario)?.title.fa ?? "";
    fill({
      last: `${digits(answer.last.person)} «${title}» را به پایان رساند: ${answer.last.mistakes ? `${number(answer.last.mistakes)} اشتباه` : "بی‌اشتباه"}`,
      "last-file": "گواهی امضاشدهٔ این تمرین در دستگاه است و به ستاد داده می‌شود.",
    });
  }
  return undefined;
}

const look = async () => draw(await get("/api/exercise"));

$("#begin").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  draw(await post("/api/exercise/begin", { person: form.get("person"), scenario: form.get("scenario") }));
});
$("#stop").addEventListener("click", async () => draw(await post("/api/exercise/stop")));

watchStatus(() => look());
$$("input")[0]?.focus();
