// The review: every contest's names on one page, and white votes as acts of their own.
import { code, make } from "./dom.js";
import { digits, number } from "./persian.js";
import { columns, nameOf } from "./tray-view.js";
import { t } from "./words.js";

/** So many columns that all names of all contests stand on one page with targets of 12 mm. */
function widths(count, several) {
  if (count <= 5) return { narrow: 1, wide: 1 };
  if (several) return { narrow: 4, wide: 5 };
  return { narrow: count > 20 ? 3 : 2, wide: 3 };
}

function listOf(one, place, { blank, several }) {
  const { contest, chosen } = one;
  const unused = contest.max_choices - chosen.length;
  const heading = make("h3", {}, make("b", {}, make("bdi", { text: contest.title_fa })), " · ", t`${number(chosen.length)} از ${number(contest.max_choices)}`,
    chosen.length && unused ? t` · ${number(unused)} جای خالی ماند` : "");
  if (chosen.length === 0) {
    const sure = blank.has(contest.id);
    return make("div", { class: "list" }, heading, make("p", { class: "blank" }, "هیچ نامی ننوشته‌اید. ",
      make("button", { type: "button", "data-blank": contest.id, "aria-pressed": String(sure) }, sure ? "✓ رأی سفید می‌دهم" : "رأی سفید می‌دهم ", sure ? "" : make("kbd", { text: "۰" })),
      several && !sure ? make("button", { type: "button", "data-skip": contest.id, text: "شرکت نمی‌کنم" }) : null));
  }
  const rows = chosen.map((row, index) => make("li", {}, make("span", { class: "place", text: number(index + 1) }),
    nameOf(row),
    make("span", { class: "about" }, row.mark ? make("bdi", { text: row.mark }) : "", row.mark ? " · " : "", code(digits(row.code))),
    make("button", { type: "button", class: "remove", "data-remove": row.code, "data-of": place, text: "✕", "aria-label": t`برداشتن ${row.name}` })));
  const list = make("ol", { class: several ? "names dense" : chosen.length > 5 ? "names" : "names few" }, ...rows);
  columns(list, chosen.length, widths(chosen.length, several));
  return make("div", { class: "list" }, several ? heading : null, list);
}

/** One block a contest; `blank` is the set of contests whose white vote the voter has confirmed. */
export const reviewLists = (trays, blank) => trays.map((one, place) => listOf(one, place, { blank, several: trays.length > 1 }));
