// The rows of the diagram: an arrow for each real event, and none without.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reduce } from '../../src/ui/reduce/reduce.ts';
import type { Row } from '../../src/ui/reduce/state.ts';
import { maskSecrets } from '../../src/ui/reduce/wire.ts';
import { diagramRows } from '../../src/ui/diagram.ts';
import { cand, Log, sdp } from '../../stories/log.ts';
import { direct, joined, kMina, lobby, lost, negotiate, relayed, talking } from '../../stories/logs.ts';

const rows = (events: ReturnType<typeof direct>['events']): Row[] => reduce(events).peers.get(kMina)?.rows ?? [];
const shape = (row: Row): string => `${row.from}>${row.to} ${row.label.key}`;

test('offer and answer cross the server, in the order of time', () => {
  const list = rows(negotiate(joined(lobby(), [{ id: kMina, name: 'Mina' }])).events);
  const spoken = list.filter((row) => row.step === 2 || row.step === 3).map(shape);
  assert.deepEqual(spoken, ['you>server row.offer', 'server>peer row.offer', 'peer>server row.answer', 'server>you row.answer']);
  const times = list.map((row) => row.at);
  assert.deepEqual(times, [...times].sort((a, b) => a - b));
});

test('what the other side saw is marked approximate, with its error', () => {
  const told = rows(direct().events).filter((row) => row.approx);
  assert.ok(told.length >= 3);
  for (const row of told) assert.equal(row.error, 4);
  assert.ok(told.every((row) => row.from === 'peer' || row.to === 'peer'));
});

test('without word from the other side nothing is drawn on their half', () => {
  const log = negotiate(joined(lobby(), [{ id: kMina, name: 'Mina' }]));
  const own = log.events.filter((event) => event.by === 'you');
  const list = rows(own);
  assert.ok(list.length > 0);
  assert.ok(list.every((row) => row.from !== 'peer' && row.to !== 'peer'));
});

test('candidates that come in a burst share a row and are counted', () => {
  const log = joined(lobby(), [{ id: kMina, name: 'Mina' }]);
  for (let i = 0; i < 5; i++) log.after(3).add('candidate', { stage: 'received', candidate: cand.host('10.0.0.1', i + 1) }, kMina);
  log.after(900).add('candidate', { stage: 'received', candidate: cand.host('10.0.0.1', 9) }, kMina);
  const list = rows(log.events).filter((row) => row.step === 4);
  assert.deepEqual(list.map((row) => row.count), [5, 1]);
});

test('end of candidates is no arrow', () => {
  const log = joined(lobby(), [{ id: kMina, name: 'Mina' }]);
  log.add('candidate', { stage: 'received', candidate: cand.end() }, kMina);
  assert.equal(rows(log.events).filter((row) => row.step === 4).length, 0);
});

test('direct and relayed media are told apart by tone', () => {
  const talk = (list: Row[]): Set<string> => new Set(list.filter((row) => row.label.key === 'row.firstFrame' || row.label.key === 'row.channel').map((row) => row.tone));
  assert.deepEqual(talk(rows(direct().events)), new Set(['direct']));
  assert.deepEqual(talk(rows(relayed().events)), new Set(['relay']));
});

test('step 1 is drawn in the lobby: a question, and each answer', () => {
  const list = reduce(lobby().events).rows.map(shape);
  assert.deepEqual(list, ['you>server row.ask', 'server>you row.mapped', 'server>you row.mapped']);
  const silent = reduce(lobby({ stun: 'none' }).events).rows;
  assert.deepEqual(silent.map((row) => row.tone), ['plain', 'fail', 'fail']);
});

test('a restart begins a section of its own, with its own zero', () => {
  const state = reduce(lost(talking(direct(), 3), 3).events);
  const peer = state.peers.get(kMina);
  const section = peer?.sections.find((known) => known.id === 'restart-1');
  assert.ok(section);
  const offer = peer?.rows.filter((row) => row.section === 'restart-1' && row.step === 2)[0];
  assert.equal(offer && Math.round(offer.at - section.zero), 13);
});

test('the wire masks ICE passwords and the fingerprint, and nothing is left of them', () => {
  const masked = maskSecrets(sdp('offer'));
  assert.ok(!masked.includes('uQ8t3mUq7vXkYcS0fLw2bAzE'));
  assert.ok(!masked.includes('65:5F:78'));
  assert.match(masked, /^a=ice-pwd:•+$/m);
  assert.match(masked, /^a=rtpmap:111 opus\/48000\/2$/m);
  for (const wires of Object.values(reduce(direct().events).peers.get(kMina)?.wire ?? {})) {
    for (const wire of wires) assert.ok(!wire.lines.includes('uQ8t3mUq7vXkYcS0fLw2bAzE'));
  }
});

test('the state at event n is the same, folded at once or on and on', () => {
  const { events } = relayed();
  for (const n of [5, 20, 40, events.length]) {
    assert.deepEqual(reduce(events, n), reduce(events.slice(0, n)));
  }
});

test('rows that one event draws have names of their own', () => {
  const ids = rows(talking(direct(), 1).events).map((row) => row.id);
  assert.equal(new Set(ids).size, ids.length);
});

test('a STUN answer that comes after joining stands where it came, and splits no section', () => {
  const log = new Log().start();
  log.at(30).add('probe-start', { urls: ['stun:a:1', 'stun:a:2'] });
  joined(log, []);
  log.at(13_000).add('peer-joined', { name: 'Mina' }, kMina);
  log.at(13_100).add('probe-result', { url: 'stun:a:1', outcome: 'timeout', ms: 5000 });
  log.at(13_200).add('description', { type: 'offer', stage: 'received', bytes: 9 }, kMina);
  log.told(kMina, 205, 'description', { type: 'offer', stage: 'sent', bytes: 9 });
  const state = reduce(log.events);
  const placed = diagramRows(state, state.peers.get(kMina) ?? null);
  assert.deepEqual(placed.map(({ section, row }) => `${section?.id} ${row.label.key}`), [
    'lobby row.ask', 'arrived row.offer', 'arrived row.peerJoined', 'arrived row.noAnswer', 'arrived row.offer',
  ]);
});
