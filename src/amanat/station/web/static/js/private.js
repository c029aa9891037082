// Choices on their way to the terminal: enciphered here, so that no other process of the browser ever holds them (P-2);
// and this page's own process ends with the visit, because the next voter's page is of another site and gets a new one.
const CURVE = { name: "ECDH", namedCurve: "P-256" };
const INFO = new TextEncoder().encode("amanat/v1/choices");
const SITES = { "127.0.0.1": "localhost", localhost: "127.0.0.1" }; // two names of this machine, two sites to the browser

const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));

/** `choices` for the terminal whose key of this visit is `key`: {key, iv, data}, as `station/private_choices.py` reads it. */
export async function enciphered(choices, key) {
  const theirs = await crypto.subtle.importKey("raw", bytes(key), CURVE, false, []);
  const ours = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  const secret = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, ours.privateKey, 256);
  const base = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  const derived = { name: "HKDF", hash: "SHA-256", salt: bytes(key), info: INFO };
  const aes = await crypto.subtle.deriveKey(derived, base, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const plain = new TextEncoder().encode(JSON.stringify(choices));
  const padded = new Uint8Array(Math.ceil((plain.length + 1) / 4096) * 4096).fill(0x20); // one length whatever was chosen
  padded.set(plain);
  const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, aes, padded);
  return { key: text(await crypto.subtle.exportKey("raw", ours.publicKey)), iv: text(iv), data: text(data) };
}

/** Leave this process and all that its memory holds; false where this machine has no second name in the address. */
export function beginInNewProcess(mark = "") {
  const other = SITES[location.hostname];
  if (!other) return false;
  const port = location.port ? `:${location.port}` : "";
  location.replace(`${location.protocol}//${other}${port}${location.pathname}${mark && `#${mark}`}`);
  return true;
}

/** What the page before this one left in the address for its successor to say; taken out of it. */
export function takeMark() {
  const mark = location.hash.slice(1);
  if (mark) history.replaceState(null, "", location.pathname);
  return mark;
}
