// What is told of a call: to the other side, in the report, and read out of getStats.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallEvent, CandidateInfo, EventBodies, EventKind, PairEnd, PairInfo } from '../../src/call/events.ts';
import { EventLog } from '../../src/call/log.ts';
import { parsePeerMessage } from '../../src/call/peer_messages.ts';
import type { Json, PeerMessage } from '../../src/call/peer_messages.ts';
import { judgeRelay, RelayErrors, whyRefused } from '../../src/call/relay.ts';
import { addressSort, writeReport } from '../../src/call/report.ts';
import { asReport, PairTracker, readPairs, Sampler } from '../../src/call/stats.ts';
import { Storyteller } from '../../src/call/storyteller.ts';
import { fromWire, toWire } from '../../src/call/told.ts';
import { VirtualTime } from './virtual_time.ts';

const event = <K extends EventKind>(kind: K, body: EventBodies[K]): CallEvent =>
  ({ seq: 1, t: 10, by: 'you', peer: 'p', kind, ...body }) as unknown as CallEvent;

const candidate: CandidateInfo = {
  candidate: 'candidate:1 1 udp 1 198.51.100.4 61000 typ relay raddr 203.0.113.7 rport 51234 ufrag SECRETUF',
  mid: '0', mLine: 0, type: 'relay', protocol: 'udp', relayProtocol: 'tls', address: '198.51.100.4', port: 61000,
  related: { address: '203.0.113.7', port: 51234 }, ufrag: 'SECRETUF', url: 'turns:turn.secret.example:5349',
};

const end = (type: PairEnd['type'], address = '192.0.2.1', port = 1): PairEnd => ({ type, protocol: 'udp', address, port });
const pair = (id: string, more: Partial<PairInfo> = {}): PairInfo => ({
  id, state: 'in-progress', nominated: false, selected: false, local: end('host'), remote: end('host'),
  requestsSent: 1, responsesReceived: 0, requestsReceived: 0, rttMs: null, ...more,
});

// ---- told to the other side -----------------------------------------------------------------------

test('descriptions and candidates cross as what they are, without address or text', () => {
  const [offer] = toWire(event('description', { type: 'offer', stage: 'sent', bytes: 10, sdp: 'a=ice-pwd:secret' }));
  assert.deepEqual(offer, { step: 2, state: 'done', kind: 'offer-sent' });
  const [sent] = toWire(event('candidate', { stage: 'sent', candidate }));
  assert.deepEqual(sent, { step: 4, state: 'working', kind: 'candidate-sent', detail: { kind: 'relay', protocol: 'udp', relayProtocol: 'tls' } });
  const back = fromWire({ v: 1, type: 'event', n: 1, at: 5, ...sent } as unknown as PeerMessage)!;
  assert.equal(back.kind, 'candidate');
  const told = back.body as EventBodies['candidate'];
  assert.deepEqual([told.stage, told.candidate.type, told.candidate.relayProtocol, told.candidate.address], ['sent', 'relay', 'tls', '']);
});

test('nothing that is told carries an address, a name or a secret', () => {
  const all = [
    event('description', { type: 'answer', stage: 'made', bytes: 1, sdp: 'secret' }),
    event('candidate', { stage: 'received', candidate }),
    event('pairs', { pairs: [pair('1', { state: 'failed', local: end('srflx', '203.0.113.7') })], gone: [] }),
    event('path', { pair: pair('1'), previous: null }),
    event('probe-done', { verdict: 'symmetric', mapped: { address: '203.0.113.7', port: 1 }, answered: 2, asked: 2 }),
    event('failure', { cause: 'relay-refused', evidence: { relayErrors: [{ url: 'turn:h', code: 401, text: 'x', why: 'credentials' }] } }),
    event('chat', { id: 'x', text: 'secret' }),
    event('welcome', { self: 'secret', room: 'secret', peers: [], resumed: false, locked: false, iceServers: [] }),
  ];
  const text = JSON.stringify(all.flatMap(toWire));
  assert.doesNotMatch(text, /secret|203\.0|192\.0\.2|198\.51|SECRETUF/i);
  assert.match(text, /"mapping":"different"/);
  assert.match(text, /"relay-refused","detail":\{"reason":"credentials"\}/);
});

test('told events that are not well-formed are dropped', () => {
  const good = { v: 1, type: 'event', n: 1, at: 5, step: 5, kind: 'pair-failed', detail: {} };
  assert.equal(fromWire(good as PeerMessage)?.kind, 'told');
  for (const bad of [{ n: 0 }, { n: 1.5 }, { at: 'x' }, { at: Infinity }, { step: 7 }, { kind: 'No' }, { kind: 'x'.repeat(65) }, { detail: [] }, { detail: { x: 'y'.repeat(9_000) } }]) {
    assert.equal(fromWire({ ...good, ...bad } as unknown as PeerMessage), null, JSON.stringify(bad).slice(0, 50));
  }
});

interface Teller {
  log: EventLog;
  teller: Storyteller;
  signalled: Json[];
}

function teller(time: VirtualTime, epoch: number, deliver: (message: Json) => void): Teller {
  const log = new EventLog(() => time.now());
  const signalled: Json[] = [];
  const made = new Storyteller({
    log, timers: time, epoch, peer: 'them',
    signal: (messages) => {
      signalled.push(...messages);
      for (const message of messages) deliver(JSON.parse(JSON.stringify(message)) as Json);
    },
    state: () => ({ microphone: true, camera: false, screen: false }),
    theirState: (state) => {
      for (const [source, on] of Object.entries(state)) log.record('their-media', { source: source as 'camera', on: Boolean(on) });
    },
  });
  return { log, teller: made, signalled };
}

/** Two pages whose wall clocks differ by 7 s, 20 ms apart. */
function twoPages(): { time: VirtualTime; a: Teller; b: Teller } {
  const time = new VirtualTime();
  const a: Teller = teller(time, 1_000_000, (message) => time.after(20, () => b.teller.receive(message as PeerMessage)));
  const b: Teller = teller(time, 1_007_000, (message) => time.after(20, () => a.teller.receive(message as PeerMessage)));
  return { time, a, b };
}

test('the other side\'s events come at the time they happened, by its estimated clock', async () => {
  const { time, a, b } = twoPages();
  a.teller.start();
  b.teller.start();
  await time.run(100);
  b.teller.tell({ ...event('connected', { ms: 1 }), t: 100 } as CallEvent);
  await time.run(1_000);
  const told = a.log.events.find((found) => found.kind === 'told')!;
  assert.equal(told.by, 'them');
  assert.equal(told.approx, true);
  assert.ok(Math.abs(told.t - 100) <= told.error! + 0.001, `${told.t} ± ${told.error}`);
  const clock = a.log.events.find((found) => found.kind === 'clock') as CallEvent<'clock'>;
  assert.ok(Math.abs(clock.offsetMs - 7_000) <= clock.errorMs);
  assert.equal(clock.over, 'signal');
});

test('both ways may carry an event; it is shown once, in whatever order', () => {
  const { a } = twoPages();
  a.teller.clock.add(0, 0, 0, 1);
  const message = (n: number): PeerMessage => ({ v: 1, type: 'event', n, at: 1_000_000, step: 5, kind: 'connected' });
  for (const n of [2, 1, 2, 3, 1]) a.teller.receive(message(n));
  assert.equal(a.log.events.filter((found) => found.kind === 'told').length, 3);
});

test('a flood is bounded: 2,000 of a peer are kept, and no more than 50 a second are sent', async () => {
  const { time, a, b } = twoPages();
  a.teller.clock.add(0, 0, 0, 1);
  for (let n = 1; n <= 5_000; n += 1) a.teller.receive({ v: 1, type: 'event', n, at: 1, step: 0, kind: 'x' });
  assert.equal(a.log.events.filter((found) => found.kind === 'told').length, 2_000);
  for (let n = 0; n < 1_000; n += 1) b.teller.tell(event('connected', { ms: n }));
  await time.run(1_000);
  assert.ok(b.signalled.filter((message) => message['type'] === 'event').length <= 50);
  await time.run(60_000);
  assert.equal(b.signalled.filter((message) => message['type'] === 'event').length, 200, 'the last 200 wait, the rest is left out');
});

test('clock questions are answered four times a second at most', async () => {
  const { time, a } = twoPages();
  for (let i = 0; i < 20; i += 1) a.teller.receive({ v: 1, type: 'clock', id: `q${i}`, t0: 1 });
  await time.run(10);
  assert.equal(a.signalled.filter((message) => message['type'] === 'clock-reply').length, 4);
});

test('once the channel is open everything goes there, first what one sends', () => {
  const { a } = twoPages();
  const said: PeerMessage[] = [];
  a.teller.attach((message) => said.push(parsePeerMessage(message)!));
  assert.deepEqual(said.map((message) => message.type), ['state', 'clock']);
  assert.equal(said[0]!['microphone'], true);
  assert.equal(a.signalled.length, 0);
});

test('a pair is told once per state', async () => {
  const { time, b } = twoPages();
  const looking = event('pairs', { pairs: [pair('1')], gone: [] });
  for (let i = 0; i < 5; i += 1) b.teller.tell(looking);
  b.teller.tell(event('pairs', { pairs: [pair('1', { state: 'failed' })], gone: [] }));
  await time.run(1_000);
  assert.deepEqual(b.signalled.filter((m) => m['type'] === 'event').map((m) => m['kind']), ['pair-checking', 'pair-failed']);
});

// ---- the report -----------------------------------------------------------------------------------

test('a redacted report names no address, name, secret or text, and equal stays equal', () => {
  const sdp = ['v=0', 'o=- 1 2 IN IP4 203.0.113.7', 'c=IN IP4 203.0.113.7', 'a=ice-ufrag:SECRETUF', 'a=ice-pwd:SECRETPW',
    'a=fingerprint:sha-256 AA:BB', `a=${candidate.candidate}`, 'a=ssrc:1 cname:SECRETCN', 'm=audio 9 UDP/TLS/RTP/SAVPF 111'].join('\r\n');
  const events = [
    event('welcome', { self: 'me', room: 'secret-room', peers: [{ id: 'p', name: 'Mina Secret' }], resumed: false, locked: false, iceServers: [{ urls: ['turn:turn.secret.example:3478?transport=udp'], credential: true }] }),
    event('media-opened', { source: 'camera', label: 'Secret Camera', deviceId: 'SECRETDEVICE' }),
    event('description', { type: 'offer', stage: 'made', bytes: 1, sdp }),
    event('candidate', { stage: 'gathered', candidate }),
    event('path', { pair: pair('1', { local: { ...end('srflx', '203.0.113.7'), url: 'stun:turn.secret.example' } }), previous: null }),
    event('chat', { id: 'x', text: 'a secret text' }),
    event('signal-connecting', { url: 'wss://secret.example/signal', attempt: 1 }),
  ];
  const text = writeReport(events);
  assert.doesNotMatch(text, /secret|203\.0\.113|198\.51\.100|AA:BB/i);
  const report = JSON.parse(text) as { redacted: boolean; events: CallEvent[] };
  assert.equal(report.redacted, true);
  assert.equal(report.events.length, events.length);
  assert.match(text, /m=audio 9 UDP/);
  assert.match(text, /typ relay/);
  // The mapped address of the candidate and the path's local end are one and the same.
  const gathered = report.events[3] as CallEvent<'candidate'>;
  const path = report.events[4] as CallEvent<'path'>;
  assert.equal(gathered.candidate.related!.address, path.pair.local.address);
  assert.match(path.pair.local.address, /public/);
  assert.match(writeReport(events, { redact: false }), /203\.0\.113\.7/);
});

test('what sort of address it is stays visible', () => {
  const sorts = { '127.0.0.1': 'loopback', '::1': 'loopback', '10.1.2.3': 'private', '172.20.0.1': 'private', '172.32.0.1': 'public',
    '100.64.0.1': 'carrier', '169.254.1.1': 'link-local', 'fe80::1': 'link-local', 'fd00::2': 'private6', '2001:db8::1': 'public6',
    'abc.local': 'mdns', '0.0.0.0': 'hidden', 'h.example': 'host' };
  for (const [address, sort] of Object.entries(sorts)) assert.equal(addressSort(address), sort, address);
});

// ---- getStats -------------------------------------------------------------------------------------

const report = (stats: object[]): ReturnType<typeof asReport> =>
  asReport(new Map(stats.map((stat) => [(stat as { id: string }).id, stat])) as unknown as RTCStatsReport);

const chromium = (state: string, selected: boolean, responses: number): object[] => [
  { id: 'T', type: 'transport', ...(selected ? { selectedCandidatePairId: 'P' } : {}), dtlsCipher: 'TLS_X', srtpCipher: 'AES' },
  { id: 'P', type: 'candidate-pair', localCandidateId: 'L', remoteCandidateId: 'R', state, nominated: selected, requestsSent: 2, responsesReceived: responses, requestsReceived: 0, currentRoundTripTime: 0.018 },
  { id: 'L', type: 'local-candidate', candidateType: 'relay', protocol: 'udp', relayProtocol: 'tls', url: 'turns:h', address: '198.51.100.4', port: 5 },
  { id: 'R', type: 'remote-candidate', candidateType: 'srflx', protocol: 'udp', address: '203.0.113.9', port: 6 },
];

test('pairs as Chromium tells them, recorded when something changed', () => {
  const tracker = new PairTracker();
  const waiting = tracker.update(readPairs(report(chromium('waiting', false, 0))));
  assert.equal(waiting?.pairs[0]?.local.relayProtocol, 'tls');
  assert.equal(tracker.update(readPairs(report(chromium('waiting', false, 0)))), null);
  assert.equal(tracker.update(readPairs(report(chromium('in-progress', false, 0))))?.pairs.length, 1);
  assert.deepEqual([tracker.tried, tracker.answered], [1, 0]);
  const [selected] = readPairs(report(chromium('succeeded', true, 1)));
  assert.deepEqual([selected?.selected, selected?.rttMs], [true, 18]);
  tracker.update([selected!]);
  assert.deepEqual([tracker.tried, tracker.answered], [1, 1]);
  // Browsers forget failed pairs; the count of what was tried does not.
  assert.deepEqual(tracker.update([])?.gone, ['P']);
  assert.equal(tracker.tried, 1);
});

test('pairs as Firefox tells them: the pair itself says that it is selected', () => {
  const [found] = readPairs(report([
    { id: 'P', type: 'candidate-pair', localCandidateId: 'L', remoteCandidateId: 'R', state: 'succeeded', nominated: true, selected: true },
    { id: 'L', type: 'local-candidate', candidateType: 'host', protocol: 'udp', address: 'x.local', port: 5 },
    { id: 'R', type: 'remote-candidate', candidateType: 'prflx', protocol: 'udp', address: '192.0.2.9', port: 6 },
  ]));
  assert.deepEqual([found?.selected, found?.rttMs, found?.remote.type], [true, null, 'prflx']);
});

test('samples: rates and losses between two reports', () => {
  const at = (timestamp: number, bytes: number, lost: number, received: number): ReturnType<typeof asReport> => report([
    { id: 'C', type: 'codec', mimeType: 'video/VP8' },
    { id: 'V', type: 'inbound-rtp', kind: 'video', mid: '1', codecId: 'C', timestamp, bytesReceived: bytes, packetsLost: lost, packetsReceived: received, frameWidth: 640, frameHeight: 360, framesPerSecond: 29.7 },
    { id: 'S', type: 'inbound-rtp', kind: 'video', mid: '2', codecId: 'C', timestamp, bytesReceived: 0, frameWidth: 1920, frameHeight: 1080 },
    { id: 'T', type: 'transport', dtlsCipher: 'TLS_X', srtpCipher: 'AES' },
  ]);
  const sampler = new Sampler();
  const lines = { audio: '0', video: '1' };
  assert.equal(sampler.sample(at(1_000, 0, 0, 0), lines, null).lossIn, null);
  const sample = sampler.sample(at(3_000, 250_000, 5, 95), lines, pair('P', { rttMs: 18 }));
  assert.equal(sample.receiveBps, 1_000_000);
  assert.equal(sample.lossIn, 0.05);
  assert.equal(sample.rttMs, 18);
  assert.deepEqual([sample.video?.codec, sample.video?.width, sample.video?.fps, sample.video?.bps], ['VP8', 640, 30, 1_000_000]);
  assert.equal(sample.screen?.width, 1920);
  assert.equal(sample.dtls, 'TLS_X');
});

// ---- stone 6 --------------------------------------------------------------------------------------

test('the relay and its reason', () => {
  const theirs: CandidateInfo[] = [{ ...candidate, type: 'host', address: '192.0.2.1', port: 1 }, candidate];
  const facts = { policy: 'all' as const, directAnswered: false, theirs };
  assert.deepEqual(judgeRelay(pair('1'), facts), { used: false, why: 'direct-path' });
  const ours = pair('1', { local: { ...end('relay'), relayProtocol: 'tcp', url: 'turn:h?transport=tcp' } });
  assert.deepEqual(judgeRelay(ours, facts), { used: true, why: 'no-direct-pair', whose: 'yours', url: 'turn:h?transport=tcp', protocol: 'tcp' });
  assert.equal(judgeRelay(ours, { ...facts, directAnswered: true }).why, 'preferred');
  assert.equal(judgeRelay(ours, { ...facts, policy: 'relay' }).why, 'forced');
  assert.equal(judgeRelay(pair('1', { remote: end('relay') }), { ...facts, theirs: [candidate] }).why, 'forced-by-peer');
});

test('a peer-reflexive end that is their relay counts as relayed', () => {
  const seen = pair('1', { remote: end('prflx', '198.51.100.4', 61000) });
  assert.equal(judgeRelay(seen, { policy: 'all', directAnswered: false, theirs: [candidate] }).whose, 'theirs');
  assert.equal(judgeRelay(seen, { policy: 'all', directAnswered: false, theirs: [] }).used, false);
});

test('why a relay refused: the server\'s word before the silence of another interface', () => {
  const errors = new RelayErrors();
  errors.add('stun:h', 701, 'no');
  errors.add('turn:h', 401, 'Unauthorized');
  errors.add('turn:h', 701, 'timed out');
  errors.add('turn:h?transport=tcp', 701, 'timed out');
  assert.deepEqual(errors.list().map(({ url, why }) => [url, why]), [['turn:h', 'credentials'], ['turn:h?transport=tcp', 'unreachable']]);
  errors.worked('turn:h?transport=tcp');
  assert.equal(errors.list().length, 1);
  assert.deepEqual([401, 403, 486, 508, 701, 500].map(whyRefused), ['credentials', 'forbidden', 'quota', 'quota', 'unreachable', 'other']);
});
