// The six stones: what each says in every kind of call, from recorded-like logs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallEvent } from '../../src/call/events.ts';
import { reduce } from '../../src/ui/reduce/reduce.ts';
import type { Stone, StoneState } from '../../src/ui/reduce/state.ts';
import { addressStatement, stonesOf } from '../../src/ui/reduce/stones.ts';
import { cand } from '../../stories/log.ts';
import {
  direct, gaveUp, joined, kMina, lobby, lost, negotiate, noPath, relayed, talking,
} from '../../stories/logs.ts';

function stones(events: readonly CallEvent[], until?: number): Stone[] {
  const state = reduce(events, until);
  return stonesOf(state, state.peers.get(kMina) ?? null);
}
const states = (list: Stone[]): StoneState[] => list.map((stone) => stone.state);
const reason = (list: Stone[], step: number): string => list[step - 1]?.reason.key ?? '';

test('before anything happened every stone waits', () => {
  assert.deepEqual(states(stones([])), ['waiting', 'waiting', 'waiting', 'waiting', 'waiting', 'waiting']);
});

test('a direct call: five done, the relay not needed and why', () => {
  const list = stones(direct().events);
  assert.deepEqual(states(list), ['done', 'done', 'done', 'done', 'done', 'not-needed']);
  assert.equal(reason(list, 5), 'talk.done');
  assert.equal(reason(list, 6), 'relay.direct-path');
});

test('a relayed call: the relay used and why', () => {
  for (const by of ['udp', 'tcp', 'tls'] as const) {
    const list = stones(relayed(by).events);
    assert.deepEqual(states(list), ['done', 'done', 'done', 'done', 'done', 'done']);
    assert.equal(reason(list, 5), 'talk.doneRelay');
    assert.equal(reason(list, 6), 'relay.no-direct-pair');
  }
});

test('each reason of the relay has its own words', () => {
  for (const why of ['forced', 'forced-by-peer', 'preferred'] as const) {
    const log = relayed().add('relay', { used: true, why, whose: 'yours' }, kMina);
    assert.equal(reason(stones(log.events), 6), `relay.${why}`);
  }
});

test('no STUN answer fails step 1 alone', () => {
  const list = stones(direct(joined(lobby({ stun: 'none' }), [{ id: kMina, name: 'Mina' }])).events);
  assert.deepEqual(states(list), ['failed', 'done', 'done', 'done', 'done', 'not-needed']);
  assert.equal(reason(list, 1), 'address.none');
});

test('different answers mean a symmetric NAT; equal ones say no more than the address', () => {
  const symmetric = addressStatement(reduce(lobby({ stun: 'symmetric' }).events)).map((said) => said.key);
  assert.deepEqual(symmetric, ['address.seen', 'address.symmetric']);
  const same = addressStatement(reduce(lobby({ stun: 'same' }).events));
  assert.deepEqual(same, [{ key: 'address.seen', params: { address: '203.0.113.7:51234' } }]);
});

test('an address that only the server can see is not said to be the internet’s view', () => {
  const said = addressStatement(reduce(lobby({ loopback: true }).events));
  assert.deepEqual(said.map((s) => s.key), ['address.seenNear']);
});

test('while the probe runs step 1 works, and is not done before its end', () => {
  const list = stones(lobby({ stun: 'asking' }).events);
  assert.equal(list[0]?.state, 'working');
  assert.equal(list[0]?.endedAt, null);
});

test('steps that overlap are shown overlapping', () => {
  const list = stones(negotiate(joined(lobby(), [{ id: kMina, name: 'Mina' }])).events);
  const [, offer, answer, candidates, talk, relay] = list;
  assert.deepEqual(states(list), ['done', 'done', 'done', 'working', 'working', 'working']);
  assert.ok(offer && answer && candidates && talk && relay);
  assert.ok((candidates.startedAt ?? 0) < (answer.endedAt ?? 0), 'candidates begin before the answer is in');
  assert.ok((talk.startedAt ?? Infinity) < (relay.startedAt ?? 0), 'checks begin before the relay is ready');
});

test('a sequence is never faked: a stone moves only by events of its own', () => {
  // An answer before any offer was seen, as a log with a hole would have it.
  const log = joined(lobby(), [{ id: kMina, name: 'Mina' }]);
  log.add('connection-made', { role: 'caller', polite: true }, kMina);
  log.after(5).add('description', { type: 'answer', stage: 'received', bytes: 10 }, kMina);
  const list = stones(log.events);
  assert.equal(list[1]?.state, 'waiting');
  assert.equal(list[2]?.state, 'working');
  assert.equal(list[4]?.state, 'waiting');
});

test('no stone is done at any moment before the event that ends it', () => {
  const { events } = direct();
  const end = stones(events);
  for (let n = 0; n <= events.length; n++) {
    const now = Math.max(0, ...events.slice(0, n).map((event) => event.t));
    for (const stone of stones(events, n)) {
      if (stone.state !== 'done') continue;
      assert.ok((stone.endedAt ?? Infinity) <= now, `step ${stone.step} ends in the future after event ${n}`);
      assert.ok((end[stone.step - 1]?.startedAt ?? 0) <= now);
    }
  }
});

test('no path: talk failed with the number of pairs, the relay with its refusal', () => {
  const list = stones(noPath('credentials').events);
  assert.equal(list[4]?.state, 'failed');
  assert.deepEqual(list[4]?.reason, { key: 'talk.failed', params: { n: 14 } });
  assert.equal(list[5]?.state, 'failed');
  assert.equal(reason(list, 6), 'refused.credentials');
  assert.equal(reason(stones(noPath('unreachable').events), 6), 'refused.unreachable');
  assert.equal(reason(stones(noPath('none').events), 6), 'relay.absent');
});

test('after a network change step 5 works again and the old facts are gone', () => {
  const list = stones(lost(talking(direct(), 3), 3).events);
  assert.equal(reason(list, 5), 'talk.reconnecting');
  assert.equal(list[4]?.state, 'working');
  assert.notEqual(list[5]?.state, 'not-needed');
});

test('a connection given up is failed, not waiting', () => {
  const list = stones(gaveUp(talking(direct(), 3)).events);
  assert.equal(list[4]?.state, 'failed');
  assert.equal(reason(list, 5), 'talk.lost');
});

test('an offer made later for a shared screen does not reopen step 2', () => {
  const log = talking(direct(), 2);
  const before = stones(log.events)[1];
  log.after(10).add('description', { type: 'offer', stage: 'made', bytes: 9, sdp: 'v=0' }, kMina);
  assert.deepEqual(stones(log.events)[1], before);
});

test('what the other side tells does not move our own stones', () => {
  const log = joined(lobby(), [{ id: kMina, name: 'Mina' }]);
  log.add('connection-made', { role: 'callee', polite: false }, kMina);
  log.told(kMina, 5, 'candidate', { stage: 'sent', candidate: cand.host('10.0.4.31', 9) });
  log.told(kMina, 5, 'description', { type: 'offer', stage: 'sent', bytes: 10 });
  assert.deepEqual(states(stones(log.events)).slice(1), ['waiting', 'waiting', 'waiting', 'waiting', 'waiting']);
});
