// In an exercise: what the scenario asks for now, at the foot of every page.
import { get } from "./api.js";
import { $, make } from "./dom.js";
import { number } from "./persian.js";

const EVERY_MS = 1500;
const ribbon = $("#ribbon");

async function look() {
  const answer = await get("/api/exercise");
  const running = answer.ok && answer.step !== null;
  ribbon.hidden = !running;
  if (running) {
    const place = `گام ${number(answer.step)} از ${number(answer.of)}`;
    const text = `${place}: ${answer.say.fa}`;
    if (ribbon.dataset.text !== text) {
      ribbon.dataset.text = text; // said once to a screen reader, not at every look
      ribbon.replaceChildren(make("b", { text: place }), ` ${answer.say.fa}`);
    }
  }
  setTimeout(look, EVERY_MS);
}

look();
