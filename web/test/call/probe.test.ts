import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeProbe, sameServer } from '../../src/call/probe.ts';
import type { Mapping, ProbeView } from '../../src/call/probe.ts';

const kA = 'stun:stun.test:3478';
const kB = 'stun:stun.test:3479';
const kBase = '192.168.1.2 50000';

const mapping = (url: string, port: number, base = kBase, address = '203.0.113.7'): Mapping => ({ url, mapped: { address, port }, base });
const view = (mappings: Mapping[], finished = true, errors: ProbeView['errors'] = new Map()): ProbeView => ({ mappings, errors, finished, ms: 20 });
const kTimeout = { code: 701, text: 'STUN binding request timed out.' };

test('two ports that see different ports of one socket: symmetric', () => {
  const both = [mapping(kA, 51234), mapping(kB, 51235)];
  const { verdict, mapped, results } = judgeProbe([kA, kB], view(both), [view([both[0]!]), view([both[1]!])]);
  assert.equal(verdict, 'symmetric');
  assert.deepEqual(mapped, { address: '203.0.113.7', port: 51234 });
  assert.deepEqual(results.map((r) => r.mapped?.port), [51234, 51235]);
});

test('different ports of different sockets prove nothing', () => {
  const both = [mapping(kA, 51234), mapping(kB, 51235, '10.0.0.2 50001')];
  assert.equal(judgeProbe([kA, kB], view(both), [view(both), view(both)]).verdict, 'same');
});

test('different ports when each was asked by its own socket prove nothing', () => {
  const { verdict } = judgeProbe([kA, kB], view([mapping(kA, 51234)], false), [view([mapping(kA, 4)]), view([mapping(kB, 5)])]);
  assert.equal(verdict, 'one-answer');
});

test('an IPv6 answer beside an IPv4 one is no difference', () => {
  const both = [mapping(kA, 51234), mapping(kB, 51235, kBase, '2001:db8::7')];
  assert.equal(judgeProbe([kA, kB], view(both), []).verdict, 'same');
});

test('equal answers, which browsers fold into one', () => {
  const { verdict, results } = judgeProbe([kA, kB], view([mapping(kA, 51234)]), [view([mapping(kA, 1)]), view([mapping(kB, 2)])]);
  assert.equal(verdict, 'same');
  assert.deepEqual(results.map((r) => r.mapped?.port), [51234, 51234]);
});

test('answers equal to a local address: no NAT on the way', () => {
  const { verdict, mapped, results } = judgeProbe([kA, kB], view([]), [view([]), view([])]);
  assert.equal(verdict, 'same');
  assert.equal(mapped, undefined);
  assert.deepEqual(results.map((r) => r.outcome), ['same-as-host', 'same-as-host']);
});

test('no answer from any', () => {
  const silent = view([], false);
  const { verdict, results } = judgeProbe([kA, kB], silent, [silent, view([], false, new Map([[kB, kTimeout]]))]);
  assert.equal(verdict, 'none');
  assert.deepEqual(results.map((r) => r.outcome), ['timeout', 'timeout']);
});

test('one answers, the other is silent', () => {
  const { verdict, results } = judgeProbe([kA, kB], view([], false), [view([]), view([], false)]);
  assert.equal(verdict, 'one-answer');
  assert.deepEqual(results.map((r) => r.outcome), ['same-as-host', 'timeout']);
});

test('a name that does not resolve is an error, not a silence', () => {
  const error = new Map([[kA, { code: 701, text: 'STUN host lookup received error.' }]]);
  const { results } = judgeProbe([kA], view([], true, error), []);
  assert.equal(results[0]!.outcome, 'error');
});

test('one port asked says no more than one answer', () => {
  assert.equal(judgeProbe([kA], view([mapping('', 51234)]), []).verdict, 'one-answer');
});

test('URLs name the same server with and without the default port', () => {
  assert.ok(sameServer('stun:a.test', 'stun:a.test:3478'));
  assert.ok(sameServer('stun:a.test:3478?transport=udp', 'STUN:a.test:3478'));
  assert.ok(!sameServer('stun:a.test:3478', 'stun:a.test:3479'));
  assert.ok(!sameServer('', ''));
});
