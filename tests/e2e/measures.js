// What the tests measure inside a page; evaluated there, so that the page's own policy stays as it is.
window.measures = {
  tooSmall: (least) =>
    [...document.querySelectorAll("button, input:not(#national-id)")]
      .map((one) => [one, (["radio", "checkbox"].includes(one.type) ? one.closest("label") : one).getBoundingClientRect()])
      .filter(([one, box]) => box.width && !one.disabled && Math.min(box.width, box.height) < least)
      .map(([one, box]) => `${one.textContent.trim() || one.name || one.id} ${box.width.toFixed(1)}×${box.height.toFixed(1)}`),

  overlapping() {
    const seen = [...document.querySelectorAll("button")].map((one) => [one, one.getBoundingClientRect()]);
    const boxes = seen.filter(([, box]) => box.width);
    const apart = (a, b) =>
      a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
    return boxes.flatMap(([one, box], place) =>
      boxes.slice(place + 1).filter(([, other]) => !apart(box, other)).map(([other]) => `${one.textContent} / ${other.textContent}`));
  },

  cutOff: () =>
    [...document.querySelectorAll("main, main *, .strip, .top, dialog[open] *")]
      .filter((one) => one.getClientRects().length && one.tagName !== "INPUT" && !one.matches(".name, .name *"))
      .filter((one) => {
        const box = one.getBoundingClientRect();
        const outside = box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1;
        return outside || (one.scrollHeight > one.clientHeight + 2 && getComputedStyle(one).overflow !== "visible");
      })
      .map((one) => `${one.tagName} ${one.className} ${one.textContent.trim().slice(0, 40)}`),

  /** Names, marks and codes that do not stand whole in their own place and in the button or row that holds them. */
  cutWords: () =>
    [...document.querySelectorAll(".slots :is(.name, .about, .mark, .code), .names :is(.name, .about), .hits :is(.name, .code), .card :is(p, bdi)")]
      .filter((one) => one.getClientRects().length && one.textContent)
      .filter((one) => {
        const [box, holder] = [one.getBoundingClientRect(), one.closest("button, li, .card").getBoundingClientRect()];
        const isLine = getComputedStyle(one).display === "inline"; // its box has the font's height, not the line's
        const beside = box.left < holder.left - 1 || box.right > holder.right + 1;
        const below = !isLine && (box.top < holder.top - 1 || box.bottom > holder.bottom + 1);
        return beside || below || (!isLine && one.scrollWidth > one.clientWidth + 1);
      })
      .map((one) => `${one.className} ${one.textContent}`),

  /** Persian that a reader of English sees, outside names, the letters of the board and the way back. */
  persian() {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const { parentElement: holder, data } = walker.currentNode;
      const names = "bdi, .mark, .card-name, .card-mark, .face, .where, [data-fill=station], [data-fill=place], [data-letter], [data-do=language], script, style, noscript";
      const hidden = !holder.getClientRects().length || holder.closest(names);
      if (/[\u0600-\u06ff]/.test(data.replace(/\u2068[^\u2069]*\u2069/g, "")) && !hidden) found.push(data.trim());
    }
    return found;
  },

  /** Latin digits that a reader of Persian sees, outside codes. */
  asciiDigits() {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const { parentElement: holder, data } = walker.currentNode;
      const hidden = !holder.getClientRects().length || holder.closest(".code, script, style, noscript");
      if (/[0-9]/.test(data) && !hidden) found.push(data.trim());
    }
    return found;
  },

  /** What Tab should stop at, in the order of the document; a hidden or switched-off thing is none. */
  stops: () =>
    [...document.querySelectorAll("a[href], button, input, select, textarea, [tabindex]")]
      .filter((one) => one.getClientRects().length && !one.disabled && one.tabIndex >= 0)
      .map((one, place) => { one.dataset.stop = place; return place; }),

  stop: () => document.activeElement?.dataset?.stop ?? null,

  async axe() {
    const { violations } = await axe.run(document, { rules: { "color-contrast-enhanced": { enabled: true } } });
    return violations.flatMap((one) => one.nodes.map((node) => [one.id, node.html, node.any[0]?.message]));
  },

  /** The least keys for each of the contest's names: letters of the given and the family name, then one of 1 to 6. */
  async keysPerName(contest) {
    const { Candidates } = await import("/static/js/search.js");
    const answer = await (await fetch("/api/candidates")).json();
    const candidates = new Candidates(answer.contests[contest]);
    const shows = (text, code) => candidates.hits(text).shown.some((row) => row.code === code);
    const texts = function* (row, length) {
      const [first, ...rest] = row.tokens;
      const last = rest.join(" ");
      for (let ofLast = 0; ofLast <= Math.min(length, last.length); ofLast += 1) {
        const ofFirst = length - ofLast - (ofLast && ofLast < length ? 1 : 0);
        yield [first.slice(0, ofFirst), last.slice(0, ofLast)].filter(Boolean).join(" ");
      }
    };
    return candidates.rows.map((row) => {
      for (let length = 2; length < 12; length += 1) {
        for (const text of texts(row, length)) if (text.length === length && shows(text, row.code)) return length + 1;
      }
      return 12;
    });
  },

  async inAlphabeticalOrder(contest) {
    const rows = (await (await fetch("/api/candidates")).json()).contests[contest];
    const { compare } = new Intl.Collator("fa");
    return rows.every((row, place) => place === 0 || compare(rows[place - 1].name, row.name) <= 0);
  },
};
