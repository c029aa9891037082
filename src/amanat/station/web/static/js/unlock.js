// The page of a locked terminal: two officers, each with a name and a secret (K-10).  Enter goes on, the last one sends.
import { get, post } from "./api.js";
import { $, $$, fill } from "./dom.js";
import { digits } from "./persian.js";

const form = $("#unlock");
const places = $$("input", form);

form.addEventListener("keydown", (press) => {
  const next = places[places.indexOf(press.target) + 1];
  if (press.key !== "Enter" || !next) return;
  press.preventDefault();
  if (press.target.value) next.focus();
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const officer = (place) => ({ name: form.elements[place].value, secret: form.elements[`${place}-secret`].value });
  const button = $("button", form);
  button.disabled = true;
  fill({ say: "" });
  const answer = await post("/api/unlock", { officers: [officer("first"), officer("second")] });
  for (const place of ["first-secret", "second-secret"]) form.elements[place].value = "";
  button.disabled = false;
  if (answer.ok) return location.replace("/");
  fill({ say: digits(answer.fa) });
  form.elements["first-secret"].focus();
});

const status = await get("/api/status");
if (status.ok && !status.locked) location.replace("/");
fill({ station: "شعبهٔ", "station-id": status.station ?? "" });
