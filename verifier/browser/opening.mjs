// Opens a tested ballot (protocol B-9): does the ciphertext hold the names that the voter chose?
// Pure functions over bytes; no network, no storage.  The page (page.mjs) and the tests use them alike.
import { ed25519, ristretto255 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const LIMB_BITS = 246n;
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CHECK = ALPHABET + '*~$=U';
const Point = ristretto255.Point;
const utf8 = new TextEncoder();

/** Evidence that does not hold; `code` names the sentence that the page shows. */
export class Fault extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

export const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const same = (a, b) => hex(a) === hex(b);
const little = (bytes) => bytes.reduceRight((sum, b) => (sum << 8n) | BigInt(b), 0n);

/** Strict CBOR (E-2): unsigned integers, bytes, text, arrays, null.  Returns the items of a sequence. */
export function decode(data) {
  let at = 0;
  const argument = () => {
    const info = data[at++] & 31;
    if (info < 24) return info;
    const width = { 24: 1, 25: 2, 26: 4, 27: 8 }[info];
    if (!width || at + width > data.length) throw new Fault('unreadable');
    let number = 0;
    for (let i = 0; i < width; i++) number = number * 256 + data[at++];
    if (number < 24 || (width > 1 && number < 2 ** (4 * width)) || !Number.isSafeInteger(number)) throw new Fault('unreadable');
    return number;
  };
  const item = (depth) => {
    if (at >= data.length || depth > 16) throw new Fault('unreadable');
    if (data[at] === 0xf6) return at++, null;
    const major = data[at] >> 5;
    if (![0, 2, 3, 4].includes(major)) throw new Fault('unreadable');
    const number = argument();
    if (major === 0) return number;
    if (number > data.length - at) throw new Fault('unreadable');
    if (major === 4) return Array.from({ length: number }, () => item(depth + 1));
    const piece = data.slice(at, (at += number));
    return major === 2 ? piece : new TextDecoder('utf-8', { fatal: true }).decode(piece);
  };
  const items = [];
  while (at < data.length) items.push(item(0));
  return items;
}

const one = (data) => {
  const items = decode(data);
  if (items.length !== 1) throw new Fault('unreadable');
  return items[0];
};

/** `AS1…` to bytes (E-8). */
export function unbase32(text) {
  const symbols = text.toUpperCase().replace(/[\s-]/g, '').replace(/[IL]/g, '1').replace(/O/g, '0');
  const bytes = [];
  let bits = 0;
  let value = 0;
  for (const symbol of symbols) {
    const place = ALPHABET.indexOf(symbol);
    if (place < 0) throw new Fault('unreadable');
    value = (value << 5) | place;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push(value >> bits);
      value &= (1 << bits) - 1;
    }
  }
  if (bits > 4 || value) throw new Fault('unreadable');
  return Uint8Array.from(bytes);
}

/** The code for people, 4-4-4-4-4-1. */
export function ballotCode(id) {
  const number = BigInt('0x' + hex(id)) >> 156n;
  const symbols = Array.from({ length: 20 }, (_, i) => ALPHABET[Number((number >> BigInt(5 * (19 - i))) & 31n)]);
  return (symbols.join('') + CHECK[Number(number % 37n)]).replace(/(.{4})(?=.)/g, '$1-');
}

const identify = (eh, domain, data) => sha256(join(utf8.encode(`amanat/v1/${domain}\0`), eh, data));
const signed = (key, eh, domain, what, signature) =>
  ed25519.verify(signature, join(utf8.encode(`amanat/v1/sign/${domain}\0`), eh, what), key, { zip215: false });

function comb(n, k) {
  if (k < 0 || k > n) return 0n;
  let result = 1n;
  for (let i = 1; i <= k; i++) result = (result * BigInt(n - k + i)) / BigInt(i);
  return result;
}

/** B-1: the rank of a set of candidates' positions. */
export function rank(chosen, n) {
  const sorted = [...chosen].sort((a, b) => a - b);
  let result = 0n;
  for (let j = 0; j < sorted.length; j++) result += comb(n, j);
  sorted.forEach((c, i) => (result += comb(c, i + 1)));
  return result;
}

/** m of B-2. */
export function limbs(n, k) {
  let bound = 0n;
  for (let j = 0; j <= k; j++) bound += comb(n, j);
  const bits = (bound - 1n).toString(2).length;
  return Math.max(1, Math.ceil(bits / Number(LIMB_BITS)));
}

/** B-2: the point of a limb, with the smallest counter that gives one. */
export function embed(limb) {
  for (let counter = 0n; counter < 256n; counter++) {
    let number = 2n * (256n * limb + counter);
    const bytes = new Uint8Array(32);
    for (let i = 0; i < 32; i++, number >>= 8n) bytes[i] = Number(number & 255n);
    try {
      const point = Point.fromBytes(bytes);
      if (!point.equals(Point.ZERO)) return point;
    } catch {
      continue; // about three in four are no points
    }
  }
  throw new Fault('unreadable');
}

/** What the manifest says, and the terminals of devices.seq if that is given. */
export function readElection(manifestBytes, devicesBytes) {
  const manifest = one(manifestBytes);
  const devices = new Map();
  for (const [certificate] of devicesBytes ? decode(devicesBytes) : []) {
    const [, number, station, roles, key] = one(certificate);
    devices.set(number, { station, roles, key });
  }
  return { eh: sha256(manifestBytes), contests: manifest[6], key: Point.fromBytes(manifest[8][3][0]), devices };
}

function openPart(election, contest, pairs, codes, randomness) {
  const [id, , k, , , , candidates] = contest;
  const positions = codes.map((code) => candidates.findIndex((row) => row[0] === code));
  if (positions.includes(-1) || new Set(positions).size !== positions.length || positions.length > k) throw new Fault('choices');
  const width = limbs(candidates.length, k);
  if (pairs.length !== 64 * width || randomness.length !== 32 * width) throw new Fault('unreadable');
  let number = rank(positions, candidates.length);
  for (let i = 0; i < width; i++, number >>= LIMB_BITS) {
    const r = little(randomness.slice(32 * i, 32 * i + 32));
    if (r === 0n || r >= ORDER) throw new Fault('unreadable');
    const a = Point.BASE.multiply(r);
    const b = embed(number & ((1n << LIMB_BITS) - 1n)).add(election.key.multiply(r));
    if (!same(join(a.toBytes(), b.toBytes()), pairs.slice(64 * i, 64 * i + 64))) throw new Fault('cheated');
  }
  return { contest: id, names: positions.map((p) => ({ code: candidates[p][0], fa: candidates[p][1], en: candidates[p][2] })) };
}

/** Checks the text of a test opening; returns code, names and whether the terminal's signature was checked. */
export function checkOpening(election, text) {
  if (!text.toUpperCase().startsWith('AS1')) throw new Fault('unreadable');
  const [kind, id, signature, core, choices, opened] = one(unbase32(text.slice(3)));
  if (kind !== 3) throw new Fault('unreadable');
  if (!same(identify(election.eh, 'ballot', core), id)) throw new Fault('other-election');
  const [, permit, , parts] = one(core);
  const [, , station, , terminal, mask] = one(permit);
  const contests = election.contests.filter((_, i) => (mask >> i) & 1);
  if (contests.length !== parts.length || parts.length !== choices.length || parts.length !== opened.length) throw new Fault('unreadable');
  const device = election.devices.get(terminal);
  if (election.devices.size) {
    if (!device || device.station !== station || !(device.roles & 2)) throw new Fault('terminal');
    if (!signed(device.key, election.eh, 'tested', id, signature)) throw new Fault('terminal');
  }
  const named = contests.map((contest, i) => openPart(election, contest, parts[i], choices[i], opened[i]));
  return { code: ballotCode(id), terminal, station, contests: named, signatureChecked: election.devices.size > 0 };
}

