// Two officers in a form: two names, or where officers are appointed two of them by name and their secrets.
import { $, $$, make } from "./dom.js";

const WHICH = { first: "نخست", second: "دوم" };

function choice(name, people) {
  const options = ["", ...people].map((person) => make("option", { value: person, text: person || "—" }));
  return make("div", { class: "officer" },
    make("label", {}, `مسئول ${WHICH[name]}`, make("select", { name, required: true }, ...options)),
    make("label", {}, "رمز", make("input", { name: `${name}_secret`, type: "password", autocomplete: "off", required: true })));
}

const typed = (name) => make("label", {}, `مسئول ${WHICH[name]}`, make("input", { name, autocomplete: "off", required: true }));

/** Draws the fields into every [data-two] of the page; `people` are the appointed officers or null. */
export function drawOfficers(people) {
  for (const place of $$("[data-two]")) {
    place.className = people ? "two appointed" : "pair two";
    place.replaceChildren(...Object.keys(WHICH).map((name) => (people ? choice(name, people) : typed(name))));
  }
}

/** What was filled in, as the terminal wants it. */
export function officersOf(form) {
  return Object.keys(WHICH).map((name) => {
    const secret = $(`[name=${name}_secret]`, form);
    const officer = $(`[name=${name}]`, form).value.trim();
    return secret ? { name: officer, secret: secret.value } : officer;
  });
}

/** Secrets do not stay on the screen. */
export function forgetSecrets() {
  for (const place of $$("[data-two] input[type=password]")) place.value = "";
}
