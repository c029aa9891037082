// The text of a slate (B-11), written by My slate and read at the booth: AL1 + base32 of CBOR([1, election, contest,
// rank, checksum]).  All of it happens in this page; the names never leave it.
import { sha256 } from "./sha256.js";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const DOMAIN = new TextEncoder().encode("amanat/v1/slate");
const HEAD = "AL1";
const CHECKSUM = 4;

// ---- rank (B-1)

/** rows[i][c] = C(c, i) for i ≤ k, c ≤ n. */
function binomials(n, k) {
  const rows = [Array(n + 1).fill(1n)];
  for (let i = 1; i <= k; i += 1) {
    const row = [0n];
    for (let c = 0; c < n; c += 1) row.push(row[c] + rows[i - 1][c]);
    rows.push(row);
  }
  return rows;
}

export function rankOf(numbers, n) {
  const ordered = [...numbers].sort((a, b) => a - b);
  const rows = binomials(n, ordered.length);
  let rank = 0n;
  for (let j = 0; j < ordered.length; j += 1) rank += rows[j][n];
  ordered.forEach((number, place) => { rank += rows[place + 1][number]; });
  return rank;
}

/** The candidate numbers of a rank; null for one that no list of at most k names has. */
export function numbersOf(rank, n, k) {
  const rows = binomials(n, k);
  let rest = rank;
  let size = 0;
  while (size <= k && rest >= rows[size][n]) rest -= rows[size++][n];
  if (size > k) return null;
  const found = [];
  for (let i = size, c = n - 1; i > 0; i -= 1) {
    while (rows[i][c] > rest) c -= 1;
    rest -= rows[i][c];
    found.unshift(c);
  }
  return found;
}

// ---- bytes

const fromHex = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
const toHex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const checksum = (body) => sha256(Uint8Array.of(...DOMAIN, ...body)).slice(0, CHECKSUM);

function toBase32(bytes) {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return bits.match(/.{1,5}/g).map((five) => ALPHABET[parseInt(five.padEnd(5, "0"), 2)]).join("");
}

function fromBase32(text) {
  const places = [...text].map((symbol) => ALPHABET.indexOf(symbol));
  if (places.includes(-1)) return null;
  const bits = places.map((place) => place.toString(2).padStart(5, "0")).join("");
  return Uint8Array.from(bits.slice(0, bits.length - (bits.length % 8)).match(/.{8}/g) ?? [], (byte) => parseInt(byte, 2));
}

// ---- CBOR: small numbers and short byte strings are all that a slate has

const uint = (value) => (value < 24 ? [value] : value < 256 ? [0x18, value] : [0x19, value >> 8, value & 255]);
const byteString = (bytes) => [...(bytes.length < 24 ? [0x40 | bytes.length] : [0x58, bytes.length]), ...bytes];

/** The items of such an array with 4 or 5 items; null for anything else. */
function itemsOf(bytes) {
  const items = [];
  let at = 1;
  while (at < bytes.length) {
    const [kind, small] = [bytes[at] >> 5, bytes[at] & 31];
    const wide = { 24: 1, 25: 2 }[small] ?? 0;
    if (small > 25 || ![0, 2].includes(kind) || at + wide >= bytes.length) return null;
    const value = wide === 2 ? (bytes[at + 1] << 8) | bytes[at + 2] : wide ? bytes[at + 1] : small;
    at += 1 + wide;
    items.push(kind ? bytes.slice(at, at + value) : value);
    if (kind) at += value;
  }
  return bytes[0] === 0x80 + items.length && at === bytes.length ? items : null;
}

const bodyOf = (election, contest, rank) => [...uint(1), ...byteString(election), ...uint(contest), ...byteString(rank)];

/** The QR's text for candidate numbers below n of the contest with this index; `election` in hex. */
export function writeSlate({ election, contest, numbers, n }) {
  const hex = rankOf(numbers, n).toString(16);
  const body = bodyOf(fromHex(election), contest, fromHex(hex.length % 2 ? `0${hex}` : hex));
  return HEAD + toBase32([0x85, ...body, ...byteString(checksum([0x84, ...body]))]);
}

/** {contest: index, numbers} or {fault: "unreadable" | "other"}; `shapes` gives n and k by contest index. */
export function readSlate(text, { election, shapes }) {
  const bytes = text.slice(0, 3).toUpperCase() === HEAD ? fromBase32(text.slice(3).trim().toUpperCase()) : null;
  const items = bytes && bytes.length ? itemsOf(bytes) : null;
  if (items?.length !== 5 || items[0] !== 1) return { fault: "unreadable" };
  const [, prefix, contest, rank, sum] = items;
  if (!(prefix instanceof Uint8Array && rank instanceof Uint8Array && sum instanceof Uint8Array)) return { fault: "unreadable" };
  const body = bodyOf(prefix, contest, rank);
  if (toHex(checksum([0x84, ...body])) !== toHex(sum) || HEAD + toBase32([0x85, ...body, ...byteString(sum)]) !== text.trim().toUpperCase()) return { fault: "unreadable" };
  if (toHex(prefix) !== election) return { fault: "other" };
  const shape = shapes[contest];
  const canonical = rank.length === 1 || rank[0] > 0;
  const numbers = shape && canonical ? numbersOf(BigInt(`0x${toHex(rank)}`), shape.n, shape.k) : null;
  return numbers ? { contest, numbers } : { fault: "unreadable" };
}
