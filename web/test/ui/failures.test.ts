// Failures: each cause its own words, and none on a healthy call.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FailureCause, FailureEvidence } from '../../src/call/events.ts';
import { makeT } from '../../src/i18n/index.ts';
import { failureCards, type FailureCard } from '../../src/ui/reduce/failures.ts';
import { stonesOf } from '../../src/ui/reduce/stones.ts';
import { reduce } from '../../src/ui/reduce/reduce.ts';
import type { Text } from '../../src/ui/reduce/state.ts';
import { Log } from '../../stories/log.ts';
import { chatting, direct, gaveUp, group, joined, kMina, lobby, noPath, relayed, talking } from '../../stories/logs.ts';

const en = makeT('en');
const ko = makeT('ko');
const words = (card: FailureCard): string =>
  [card.what, ...card.evidence, card.remedy].map((said: Text) => en(said.key, said.params)).join(' ');
const cards = (log: Log): FailureCard[] => failureCards(reduce(log.events));

test('a healthy call shows no failure at any moment', () => {
  for (const log of [talking(direct(), 5), talking(relayed('tls'), 5), chatting(talking(direct(), 3)), group(5)]) {
    for (let n = 0; n <= log.events.length; n++) assert.deepEqual(failureCards(reduce(log.events, n)), []);
  }
});

test('no path says what, evidence, remedy, in the words of the design', () => {
  const [card, ...more] = cards(noPath('credentials'));
  assert.ok(card);
  assert.deepEqual(more, []);
  assert.equal(card.cause, 'no-pair-answered');
  assert.equal(en(card.what.key, card.what.params), 'No path to Mina.');
  assert.match(words(card), /14 pairs were tried and none answered\. The relay refused the password\..*Ask the host to check the server’s clock\./);
});

test('a relay that was not reached is not said to have refused', () => {
  const [card] = cards(noPath('unreachable'));
  assert.ok(card);
  assert.match(words(card), /The relay could not be reached/);
  assert.doesNotMatch(words(card), /password|clock/);
});

test('without a relay error the relay is not blamed', () => {
  const [card] = cards(noPath('none'));
  assert.ok(card);
  assert.doesNotMatch(words(card), /relay refused|could not be reached/);
});

const kCauses: [FailureCause, FailureEvidence, RegExp][] = [
  ['no-camera', { source: 'camera', code: 'NotFoundError' }, /No camera was found/],
  ['no-microphone', { source: 'microphone' }, /No microphone was found/],
  ['permission-refused', { source: 'camera' }, /told not to use the camera/],
  ['permission-refused', { source: 'microphone' }, /told not to use the microphone/],
  ['device-busy', { source: 'camera' }, /Another program is using the camera/],
  ['page-not-secure', {}, /not secure/],
  ['server-gone', { attempts: 1 }, /server cannot be reached.*1 attempt failed/],
  ['room-full', {}, /is full/],
  ['room-refused', {}, /did not let you into/],
  ['room-locked', {}, /is locked/],
  ['server-refused', { code: 'rate', text: 'slow down' }, /server refused.*slow down/],
  ['no-stun-answer', { stunUrls: ['stun:a:1'] }, /No UDP reply/],
  ['relay-refused', { relayErrors: [{ url: 'turn:a:1', code: 486, text: '', why: 'quota' }] }, /no room left/],
  ['no-pair-answered', { pairsTried: 3, pairsAnswered: 0 }, /No path to Mina/],
  ['connection-lost', { downMs: 4000 }, /connection to Mina is lost/],
  ['media-failed', { text: 'bad' }, /could not be set up/],
];

test('every cause is told apart, in both languages, with nothing left to fill in', () => {
  const seen = new Set<string>();
  for (const [cause, evidence, expected] of kCauses) {
    const ofPeer = ['no-pair-answered', 'connection-lost', 'media-failed'].includes(cause);
    const log = ofPeer ? joined(lobby(), [{ id: kMina, name: 'Mina' }]) : lobby();
    log.add('failure', { cause, evidence }, ofPeer ? kMina : undefined);
    const list = cards(log);
    assert.equal(list.length, 1, cause);
    const card = list[0];
    assert.ok(card);
    assert.equal(card.cause, cause);
    assert.match(words(card), expected);
    seen.add(en(card.what.key, card.what.params));
    for (const said of [card.what, ...card.evidence, card.remedy]) {
      for (const t of [en, ko]) assert.doesNotMatch(t(said.key, said.params), /\{\w+[|#}]|undefined/);
    }
  }
  assert.equal(seen.size, kCauses.length);
});

test('a failure that is over is not shown', () => {
  const log = gaveUp(talking(direct(), 2));
  assert.equal(cards(log).length, 1);
  log.after(10).add('recovered', { cause: 'connection-lost' }, kMina);
  assert.deepEqual(cards(log), []);
});

test('no STUN answer is not held against a call that stands', () => {
  const log = talking(direct(joined(lobby({ stun: 'none' }), [{ id: kMina, name: 'Mina' }])), 2);
  assert.deepEqual(cards(log), []);
});

test('a member who left takes their failure along', () => {
  const log = noPath('none').after(5).add('peer-left', { reason: 'left' }, kMina);
  assert.deepEqual(cards(log), []);
});

test('a server that goes during a call says that the call goes on', () => {
  const [card] = cards(talking(direct(), 2).add('failure', { cause: 'server-gone', evidence: {} }));
  assert.ok(card);
  assert.equal(card.place, 'note');
  assert.match(words(card), /Calls that stand go on/);
});

test('a refusing relay as the verdict on one member says so, and fails steps 5 and 6', () => {
  const log = joined(lobby(), [{ id: kMina, name: 'Mina' }]).add('connection-made', { role: 'caller', polite: true }, kMina);
  const relayErrors = [{ url: 'turn:a:1', code: 401, text: '', why: 'credentials' as const }];
  log.after(30_000).add('failure', { cause: 'relay-refused', evidence: { pairsTried: 0, pairsAnswered: 0, relayErrors } }, kMina);
  const state = reduce(log.events);
  const [card, ...more] = failureCards(state);
  assert.ok(card);
  assert.deepEqual(more, []);
  assert.deepEqual([card.cause, card.place], ['relay-refused', 'member']);
  assert.match(words(card), /No path to Mina\..*refused the password.*clock/);
  const peer = state.peers.get(kMina);
  assert.ok(peer);
  assert.deepEqual(stonesOf(state, peer).slice(4).map((stone) => stone.state), ['failed', 'failed']);
});
