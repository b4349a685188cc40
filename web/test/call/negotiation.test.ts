import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventBodies } from '../../src/call/events.ts';
import { Negotiation } from '../../src/call/negotiation.ts';
import type { PairData } from '../../src/call/signal_messages.ts';
import { FakeConnection } from './fake_connection.ts';
import { seeded, settle, VirtualTime } from './virtual_time.ts';

interface Side {
  connection: FakeConnection;
  negotiation: Negotiation;
  events: EventBodies['description'][];
  candidates: string[];
  failures: string[];
  wantsOffer: boolean;
}

/** Two ends; what one sends reaches the other in order, later. */
function ends(random: () => number = () => 0.5): { polite: Side; impolite: Side; time: VirtualTime } {
  const time = new VirtualTime();
  const wait = (): Promise<void> => new Promise((resolve) => void time.after(random() * 10, resolve));
  const sides: Side[] = [];
  let lastArrival = [0, 0];
  const make = (index: number, polite: boolean): Side => {
    const connection = new FakeConnection(polite ? 'p' : 'i', wait);
    const side: Side = { connection, events: [], candidates: [], failures: [], wantsOffer: false } as unknown as Side;
    side.negotiation = new Negotiation(connection, polite, {
      send: (data) => {
        const at = Math.max(lastArrival[index]!, time.now() + random() * 30);
        lastArrival[index] = at;
        time.after(at - time.now(), () => deliver(sides[1 - index]!, data));
      },
      record: (body) => side.events.push(body),
      recordCandidate: (stage, candidate) => side.candidates.push(`${stage} ${candidate.type}`),
      beforeAnswer: async () => undefined,
      theirRestart: () => undefined,
      failed: (text) => side.failures.push(text),
    });
    return side;
  };
  sides.push(make(0, true), make(1, false));
  return { polite: sides[0]!, impolite: sides[1]!, time };
}

function deliver(side: Side, data: PairData): void {
  if (data.description) void side.negotiation.receive(data.description);
  if (data.candidate !== undefined) void side.negotiation.receiveCandidate(data.candidate);
}

const kHost = 'candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host';

test('an offer is made, sent, received, applied and answered', async () => {
  const { polite, impolite, time } = ends();
  void polite.negotiation.offer();
  await time.run(1_000);
  assert.deepEqual(polite.events.map(({ type, stage }) => `${type} ${stage}`),
    ['offer made', 'offer sent', 'answer received', 'answer applied']);
  assert.deepEqual(impolite.events.map(({ type, stage }) => `${type} ${stage}`),
    ['offer received', 'offer applied', 'answer made', 'answer sent']);
  assert.deepEqual(polite.connection.agreed, impolite.connection.agreed);
});

test('when both offer at once the impolite offer stands and the polite one yields', async () => {
  const { polite, impolite, time } = ends();
  void polite.negotiation.offer();
  void impolite.negotiation.offer();
  await time.run(1_000);
  assert.equal(polite.connection.signalingState, 'stable');
  assert.equal(impolite.connection.signalingState, 'stable');
  assert.deepEqual(impolite.connection.agreed, ['i1+p2']);
  assert.deepEqual(polite.connection.agreed, ['i1+p2']);
  assert.ok(impolite.events.some(({ type, stage }) => type === 'offer' && stage === 'ignored'));
  assert.ok(polite.events.some(({ type }) => type === 'rollback'));
});

test('offers of both sides at any moment end in one agreement, without a failure', async () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = seeded(seed);
    const { polite, impolite, time } = ends(random);
    for (let round = 0; round < 6; round += 1) {
      // As negotiationneeded does: only when stable, and again later when it was not.
      for (const side of [polite, impolite]) {
        if (random() < 0.6 && side.connection.signalingState === 'stable') void side.negotiation.offer();
        if (random() < 0.5) deliver(side, { candidate: { candidate: kHost, sdpMid: '0' } });
      }
      await time.run(random() * 60);
    }
    await time.run(2_000);
    // One more from each, to see that both still can.
    if (polite.connection.signalingState === 'stable') void polite.negotiation.offer();
    await time.run(1_000);
    for (const side of [polite, impolite]) {
      assert.equal(side.connection.signalingState, 'stable', `seed ${seed}`);
      assert.deepEqual(side.failures.filter((text) => !/offer in/.test(text)), [], `seed ${seed}`);
    }
    assert.equal(polite.connection.agreed.at(-1), impolite.connection.agreed.at(-1), `seed ${seed}`);
  }
});

test('candidates that come before the description wait for it', async () => {
  const { impolite, time } = ends();
  deliver(impolite, { candidate: { candidate: kHost, sdpMid: '0' } });
  await settle();
  assert.deepEqual(impolite.candidates, ['received host']);
  deliver(impolite, { description: { type: 'offer', sdp: 'a=ice-ufrag:x\r\n1' } });
  await time.run(1_000);
  assert.deepEqual(impolite.candidates, ['received host', 'added host']);
  assert.deepEqual(impolite.connection.candidates, [kHost]);
});

test('candidates of an offer that was ignored are no fault', async () => {
  const { impolite, time } = ends();
  void impolite.negotiation.offer();
  await time.run(100);
  deliver(impolite, { description: { type: 'answer', sdp: 'a=ice-ufrag:x\r\n1' } });
  await time.run(100);
  void impolite.negotiation.offer();
  deliver(impolite, { description: { type: 'offer', sdp: 'a=ice-ufrag:x\r\n2' } });
  impolite.connection.refuseCandidates = true;
  deliver(impolite, { candidate: { candidate: kHost, sdpMid: '0' } });
  await time.run(1_000);
  assert.ok(!impolite.candidates.some((text) => text.startsWith('rejected')));
});

test('an answer to nothing is ignored and breaks nothing', async () => {
  const { polite, impolite, time } = ends();
  deliver(polite, { description: { type: 'answer', sdp: 'x' } });
  await time.run(100);
  assert.deepEqual(polite.events.map((event) => event.stage), ['received', 'ignored']);
  void polite.negotiation.offer();
  await time.run(1_000);
  assert.equal(impolite.connection.agreed.length, 1);
});

test('new ICE credentials in an offer are told as a restart', async () => {
  const { impolite, time } = ends();
  deliver(impolite, { description: { type: 'offer', sdp: 'a=ice-ufrag:one\r\n1' } });
  await time.run(100);
  deliver(impolite, { description: { type: 'offer', sdp: 'a=ice-ufrag:two\r\n2' } });
  await time.run(100);
  const offers = impolite.events.filter((event) => event.type === 'offer' && event.stage === 'received');
  assert.deepEqual(offers.map((event) => event.iceRestart ?? false), [false, true]);
});

test('a pending offer can be said again, and its second answer does no harm', async () => {
  const { polite, impolite, time } = ends();
  void polite.negotiation.offer();
  await time.run(5);
  await settle();
  polite.negotiation.repeatOffer();
  await time.run(1_000);
  assert.equal(polite.connection.signalingState, 'stable');
  assert.equal(impolite.connection.signalingState, 'stable');
  assert.deepEqual(polite.failures, []);
});

test('rubbish is not even recorded', async () => {
  const { polite, time } = ends();
  deliver(polite, { description: { type: 'offer' } });
  deliver(polite, { description: { type: 'pranswer', sdp: 'x' } });
  deliver(polite, { description: { type: 'offer', sdp: 'x'.repeat(60_001) } });
  deliver(polite, { candidate: { candidate: 'candidate:nonsense' } });
  await time.run(100);
  assert.deepEqual(polite.events, []);
  assert.deepEqual(polite.candidates, []);
});
