// The vector was made by the verifier's test prover (tests/test_opening_page.py checks that it still is what that makes).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Fault, checkOpening, embed, hex, limbs, rank, readElection } from './opening.mjs';

const vector = JSON.parse(readFileSync(new URL('vector.json', import.meta.url)));
const bytes = (text) => Uint8Array.from(Buffer.from(text, 'hex'));
const election = readElection(bytes(vector.manifest), bytes(vector.devices));

test('limbs and ranks are those of the protocol', () => {
  assert.equal(hex(embed(0n).toBytes()), '04' + '00'.repeat(31));
  assert.equal(hex(embed(1n).toBytes()), '0002' + '00'.repeat(30));
  assert.equal(hex(embed(2n ** 246n - 1n).toBytes()), '08fe' + 'ff'.repeat(29) + '7f');
  assert.equal(limbs(3545, 30), 1);
  assert.equal(rank([0, 1], 4), 5n);
});

test('an honest test opens to the names that were chosen', () => {
  const found = checkOpening(election, vector.honest);
  assert.equal(found.code, vector.code);
  assert.deepEqual(found.contests.map(({ contest, names }) => [contest, names.map((n) => n.code)]), vector.choices);
  assert.equal(found.signatureChecked, true);
});

test('a machine that enciphered another name is found out', () => {
  assert.throws(() => checkOpening(election, vector.cheated), new Fault('cheated'));
});

test('another election, another terminal and a torn text are refused', () => {
  const other = { ...election, eh: new Uint8Array(32) };
  assert.throws(() => checkOpening(other, vector.honest), new Fault('other-election'));
  assert.throws(() => checkOpening(election, vector.unsigned), new Fault('terminal'));
  assert.throws(() => checkOpening(election, vector.honest.slice(0, 200)), Fault);
  assert.throws(() => checkOpening(election, 'nothing'), Fault);
});
