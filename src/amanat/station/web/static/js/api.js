// Questions to this terminal; an answer that did not come is an answer too, and says so in words.
const SILENT = { ok: false, code: "no-answer", fa: "دستگاه پاسخ نداد. چیزی گم نشده است؛ دوباره امتحان کنید یا مسئول شعبه را صدا بزنید.",
  en: "The terminal did not answer. Nothing is lost; try again or call the staff." };
const WAIT_MS = 30_000;

async function ask(path, options) {
  try {
    const answer = await fetch(path, { ...options, cache: "no-store", signal: AbortSignal.timeout(WAIT_MS) });
    return await answer.json();
  } catch (fault) {
    if (fault instanceof TypeError || fault instanceof DOMException || fault instanceof SyntaxError) return SILENT;
    throw fault;
  }
}

export const get = (path) => ask(path, {});

export const post = (path, body = {}) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** Draws `text` as a QR code into an <img>; `forget` must be called when the screen is wiped. */
export async function drawQr(image, text) {
  const answer = await fetch("/api/qr", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text }) });
  if (!answer.ok) return;
  forgetQr(image);
  image.src = URL.createObjectURL(await answer.blob());
}

export function forgetQr(image) {
  if (image.src) URL.revokeObjectURL(image.src);
  image.removeAttribute("src");
}
