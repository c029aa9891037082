// A QR drawn by the page itself, where there is no terminal to draw it.
import { qrcode } from "../vendor/qrcode.mjs";

const MODULE = 6; // pixels
const QUIET = 4 * MODULE;

export function drawQr(image, text) {
  const code = qrcode(0, "M");
  code.addData(text, "Alphanumeric");
  code.make();
  image.src = code.createDataURL(MODULE, QUIET);
}

export const forgetQr = (image) => image.removeAttribute("src");
