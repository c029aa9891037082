// One voter's visit: what this page knows while they are here, and nowhere else.
const FRESH = { slip: "", code: "", key: "", at: 0, testsLeft: 0, letters: false, slate: null };

export const visit = { trays: [], blank: new Set(), ...FRESH };

export const tray = () => visit.trays[visit.at];

export const screen = () => document.body.dataset.at;

export function forgetVisit() {
  Object.assign(visit, FRESH, { trays: [], blank: new Set() });
}

/** The contests in which nothing is chosen and no white vote confirmed. */
export const undecided = () => visit.trays.filter((one) => one.chosen.length === 0 && !visit.blank.has(one.contest.id));
