// The path picture: only what was seen is drawn.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PairInfo } from '../../src/call/events.ts';
import { losingPairs, pathOf, type PathView } from '../../src/ui/reduce/path.ts';
import { weight } from '../../src/ui/path_picture.ts';
import { reduce } from '../../src/ui/reduce/reduce.ts';
import { cand, end, pair } from '../../stories/log.ts';
import { direct, joined, kMina, lobby, lost, relayed, talking } from '../../stories/logs.ts';

function viewOf(events: ReturnType<typeof direct>['events']): PathView {
  const state = reduce(events);
  const peer = state.peers.get(kMina);
  const path = peer ? pathOf(state, peer) : null;
  assert.ok(path);
  return path;
}

function withPair(chosen: PairInfo, local = [cand.host('192.168.0.12', 1)], remote = [cand.host('192.168.0.40', 2)]): PathView {
  const log = joined(lobby({ stun: 'asking' }), [{ id: kMina, name: 'Mina' }]);
  log.add('connection-made', { role: 'caller', polite: true }, kMina);
  for (const candidate of local) log.add('candidate', { stage: 'gathered', candidate }, kMina);
  for (const candidate of remote) log.add('candidate', { stage: 'received', candidate }, kMina);
  log.add('path', { pair: chosen, previous: null }, kMina);
  return viewOf(log.events);
}

test('two routers where host and mapped addresses differ on both sides', () => {
  const path = viewOf(direct().events);
  assert.equal(path.kind, 'direct');
  assert.deepEqual([path.yourRouter, path.internet, path.theirRouter], ['seen', true, 'seen']);
  assert.deepEqual([path.yourAddress, path.yourPublic], ['192.168.0.12', '203.0.113.7']);
});

test('a relayed path is bent through a named server, with its transport', () => {
  const path = viewOf(relayed('tls').events);
  assert.equal(path.kind, 'relay');
  assert.equal(path.relayName, 'call.example.org:5349');
  assert.deepEqual([path.yourTransport, path.whose], ['tls', 'yours']);
});

test('their relay: name and transport cannot be seen, and are not made up', () => {
  const path = withPair(pair('a', end('host', '192.168.0.12', 1), end('relay', '198.51.100.20', 3)));
  assert.equal(path.kind, 'relay');
  assert.deepEqual([path.relayName, path.theirTransport, path.whose], [null, null, 'theirs']);
});

test('one network: no router, no internet', () => {
  const path = withPair(pair('a', end('host', '192.168.0.12', 1), end('host', '192.168.0.40', 2)));
  assert.deepEqual([path.near, path.internet, path.yourRouter, path.theirRouter], ['network', false, 'none', 'none']);
});

test('one machine is told by its loopback address', () => {
  assert.equal(withPair(pair('a', end('host', '127.0.0.1', 1), end('host', '127.0.0.1', 2))).near, 'machine');
});

test('a hidden host address leaves the router unknown', () => {
  const path = withPair(
    pair('a', end('srflx', '203.0.113.7', 1), end('srflx', '198.51.100.77', 2)),
    [cand.host('0b1c.local', 1), cand.srflx('203.0.113.7', 1, '0.0.0.0', 0)],
    [cand.host('77aa.local', 2), cand.srflx('198.51.100.77', 2, '0.0.0.0', 0)],
  );
  assert.deepEqual([path.yourRouter, path.theirRouter], ['unknown', 'unknown']);
  assert.equal(path.yourAddress, '');
});

test('a public host address has no router before it', () => {
  const path = withPair(
    pair('a', end('host', '198.51.100.5', 1), end('srflx', '203.0.113.9', 2)),
    [cand.host('198.51.100.5', 1)], [cand.srflx('203.0.113.9', 2, '10.1.1.1', 2)],
  );
  assert.deepEqual([path.yourRouter, path.theirRouter], ['none', 'seen']);
});

test('each losing pair keeps its reason', () => {
  const peer = reduce(direct().events).peers.get(kMina);
  assert.ok(peer);
  const reasons = Object.fromEntries(losingPairs(peer).map((p) => [p.id, p.reason]));
  assert.deepEqual(reasons['p1'], { key: 'pair.noAnswer', params: { n: 7 } });
  assert.deepEqual(reasons['p5'], { key: 'pair.answeredMs', params: { ms: 31 } });
  assert.deepEqual(reasons['p3'], { key: 'pair.notTried' });
  assert.equal(reasons['p2'], undefined);
});

test('while reconnecting the broken path is kept as it was', () => {
  const log = talking(direct(), 2);
  const before = viewOf(log.events);
  assert.deepEqual(viewOf(lost(log, 3).events), before);
});

test('weight grows with bitrate, within bounds', () => {
  const steps = [0, 40_000, 400_000, 2_000_000, 8_000_000].map(weight);
  assert.deepEqual(steps, [...steps].sort((a, b) => a - b));
  assert.ok(new Set(steps).size === steps.length);
  assert.ok(weight(1e12) <= 9 && weight(0) >= 1);
});
