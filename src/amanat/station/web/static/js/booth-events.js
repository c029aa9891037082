// What the booth's screens say aloud to whoever listens in this page (ear, switches): one CustomEvent "booth" each time,
// after the screen is drawn.  Nothing is kept here.
export const plain = (row) => ({ code: row.code, name: row.name, mark: row.mark });

export function tell(what, detail = {}) {
  document.dispatchEvent(new CustomEvent("booth", { detail: { what, ...detail } }));
}

/** What happened on a tray, in the words of the event. */
export function tellTray(tray, { what, row, code, say }, place, of) {
  const count = { chosen: tray.chosen.length, max: tray.contest.max_choices };
  const details = {
    tray: { contest: tray.contest.title_fa, ...count, place, of },
    added: { row: row && plain(row), ...count },
    repeat: { row: row && plain(row) },
    removed: { row: row && plain(row) },
    full: { max: count.max },
    unknown: { code },
    typing: { text: tray.text, hits: tray.hits.shown.map(plain) },
    "no-hits": {},
  };
  if (what) tell(what, details[what]);
  if (say && (!what || what === "tray")) tell("say", { text: say });
}
