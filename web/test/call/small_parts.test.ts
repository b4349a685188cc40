import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filterIceServers, isLoopbackHost, parseAddress, relayTransport, roomLink, signalUrl } from '../../src/call/address.ts';
import { describeCandidate } from '../../src/call/candidate.ts';
import { Chat, clip, printable } from '../../src/call/chat.ts';
import type { Text } from '../../src/call/chat.ts';
import { ClockEstimator } from '../../src/call/clock.ts';
import { EventLog, kMaxEvents, kThinTo } from '../../src/call/log.ts';
import { asPeerMessage, parsePeerMessage } from '../../src/call/peer_messages.ts';
import type { PeerMessage } from '../../src/call/peer_messages.ts';
import { kWords, makeRoomName, uniform, wordOf } from '../../src/call/room_name.ts';
import { isLocalPath } from '../../src/call/same_machine.ts';
import type { PairEnd, PairInfo, StatsSample } from '../../src/call/events.ts';
import { seeded } from './virtual_time.ts';

// ---- room names ---------------------------------------------------------------------------------

test('three words carry about 40 bits, and no two numbers give one word', () => {
  const words = new Set(Array.from({ length: kWords }, (_, index) => wordOf(index)));
  assert.equal(words.size, kWords);
  assert.ok(Math.log2(kWords) * 3 > 39);
  for (let i = 0; i < 200; i += 1) assert.match(makeRoomName(), /^[a-z]{4,5}-[a-z]{4,5}-[a-z]{4,5}$/);
});

test('drawing has no bias: values above the last whole multiple are drawn again', () => {
  const values = [0xffff_ffff, 0xffff_fffe, 5];
  let drawn = 0;
  const fill = (into: Uint32Array): void => {
    into[0] = values[drawn++]!;
  };
  // 2^32 = 3 * 1431655765 + 1: only the very last value is outside.
  assert.equal(uniform(3, fill), 0xffff_fffe % 3);
  assert.equal(drawn, 2);
  const random = seeded(7);
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 20_000; i += 1) counts[uniform(10, (into) => (into[0] = random() * 2 ** 32))]! += 1;
  for (const count of counts) assert.ok(Math.abs(count - 2_000) < 200, String(counts));
});

// ---- addresses ----------------------------------------------------------------------------------

test('the page address says room, token and switches', () => {
  assert.deepEqual(parseAddress('http://h/r/solu-mede-tarin?ice=relay&relay=tls#token=a.b.c'),
    { room: 'solu-mede-tarin', token: 'a.b.c', icePolicy: 'relay', relayFilter: 'tls' });
  assert.deepEqual(parseAddress('http://h/?token=q&ice=host&relay=x'),
    { room: null, token: 'q', icePolicy: 'all', relayFilter: null });
  assert.equal(parseAddress('http://h/r/%E0%A4%A').room, null);
  assert.equal(parseAddress('http://h/r/a/b').room, null);
});

test('a room link never carries its maker\'s token', () => {
  assert.equal(roomLink('https://h:8443/r/old?token=x#token=y', 'new'), 'https://h:8443/r/new');
});

test('signalling is encrypted where the page is', () => {
  assert.equal(signalUrl('https://h/r/x?token=1#y'), 'wss://h/signal');
  assert.equal(signalUrl('http://h:8080/'), 'ws://h:8080/signal');
});

test('loopback hosts', () => {
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '[::1]', 'a.localhost']) assert.ok(isLoopbackHost(host), host);
  for (const host of ['example.org', '128.0.0.1', '127.0.0.1.evil.org', '192.168.1.2']) assert.ok(!isLoopbackHost(host), host);
});

test('TURN URLs by transport', () => {
  assert.equal(relayTransport('turn:h:3478'), 'udp');
  assert.equal(relayTransport('turn:h:3478?transport=tcp'), 'tcp');
  assert.equal(relayTransport('turns:h:5349?transport=tcp'), 'tls');
  assert.equal(relayTransport('stun:h'), null);
  const servers = [{ urls: 'stun:h' }, { urls: ['turn:h', 'turn:h?transport=tcp'], username: 'u', credential: 'c' }];
  assert.deepEqual(filterIceServers(servers, 'tcp'), [{ urls: ['stun:h'] }, { urls: ['turn:h?transport=tcp'], username: 'u', credential: 'c' }]);
  assert.deepEqual(filterIceServers(servers, 'tls'), [{ urls: ['stun:h'] }]);
});

// ---- candidates ---------------------------------------------------------------------------------

test('candidates in words', () => {
  const relay = describeCandidate({
    candidate: 'candidate:3 1 udp 41885439 198.51.100.4 61000 typ relay raddr 203.0.113.7 rport 51234 generation 0 ufrag Ab network-cost 50',
    sdpMid: '0', sdpMLineIndex: 0, relayProtocol: 'tls', url: 'turns:h',
  });
  assert.equal(relay?.type, 'relay');
  assert.equal(relay?.relayProtocol, 'tls');
  assert.equal(relay?.ufrag, 'Ab');
  assert.deepEqual(relay?.related, { address: '203.0.113.7', port: 51234 });
  const hidden = describeCandidate({ candidate: 'candidate:1 1 UDP 1 198.51.100.4 61000 typ srflx raddr 0.0.0.0 rport 0' });
  assert.equal(hidden?.related, undefined);
  assert.equal(hidden?.protocol, 'udp');
  const tcp = describeCandidate({ candidate: 'candidate:1 1 tcp 1 abc.local 9 typ host tcptype active' });
  assert.equal(tcp?.tcpType, 'active');
  assert.equal(describeCandidate({ candidate: '' })?.type, 'end');
});

test('rubbish is no candidate', () => {
  for (const candidate of ['x', 'candidate:1 1 udp 1 h 1 typ', 'candidate:1 1 udp 1 h 70000 typ host',
    'candidate:1 1 sctp 1 h 1 typ host', 'candidate:1 1 udp 1 h 1 typ evil', `candidate:1 1 udp 1 h 1 typ host ${'x '.repeat(600)}`]) {
    assert.equal(describeCandidate({ candidate }), null, candidate.slice(0, 40));
  }
});

// ---- clocks -------------------------------------------------------------------------------------

test('the exchange with the shortest round trip counts, and its error bounds the truth', () => {
  const clock = new ClockEstimator();
  const truth = 5_000;
  const random = seeded(3);
  let now = 0;
  for (let i = 0; i < 100; i += 1) {
    const there = 1 + random() * 80;
    const back = 1 + random() * 80;
    const sent = now;
    clock.add(sent, sent + there + truth, sent + there + truth + 2, sent + there + 2 + back);
    const { offsetMs, errorMs } = clock.estimate!;
    assert.ok(Math.abs(offsetMs - truth) <= errorMs + 1e-9);
    now += 1_000;
  }
  assert.ok(clock.estimate!.errorMs < 20);
  assert.ok(Math.abs(clock.toOurs(truth + 100)! - 100) < 20);
});

test('impossible clock answers are dropped', () => {
  const clock = new ClockEstimator();
  assert.equal(clock.add(0, 5, 500, 100), false);
  assert.equal(clock.add(0, NaN, 5, 100), false);
  assert.equal(clock.estimate, null);
  assert.equal(clock.toOurs(5), null);
});

// ---- the log ------------------------------------------------------------------------------------

test('the log stays bounded and keeps what draws the connection', () => {
  let now = 0;
  const log = new EventLog(() => now);
  const held = log.events;
  log.record('log-start', { version: 1, app: '', wall: '', userAgent: '', secure: true, loopback: true, icePolicy: 'all', relayFilter: null });
  log.record('connection-made', { role: 'caller', polite: true }, { peer: 'p' });
  for (let i = 0; i < kMaxEvents * 2; i += 1) {
    now += 1_000;
    log.record('stats', {} as StatsSample, { peer: 'p' });
    assert.ok(log.events.length <= kMaxEvents);
  }
  assert.equal(log.events, held, 'holders keep seeing the live list');
  assert.deepEqual(log.events.slice(0, 2).map((event) => event.kind), ['log-start', 'connection-made']);
  const seqs = log.events.map((event) => event.seq);
  assert.deepEqual(seqs, [...seqs].sort((a, b) => a - b));
  const recent = log.events.filter((event) => event.t > now - 9 * 60_000);
  assert.equal(recent.length, 9 * 60, 'the last minutes are whole');
  for (let i = 0; i < kMaxEvents; i += 1) log.record('candidate-error', { url: '', code: 1, text: '', address: '', port: 0 });
  assert.ok(log.events.length <= kMaxEvents && log.events.length >= kThinTo);
  assert.equal(log.events[0]!.kind, 'log-start');
});

test('listeners hear each event once, in order, until they stop', () => {
  const log = new EventLog(() => 0);
  const heard: number[] = [];
  const stop = log.subscribe((event) => heard.push(event.seq));
  log.record('left', {});
  log.record('left', {});
  stop();
  log.record('left', {});
  assert.deepEqual(heard, [0, 1]);
});

// ---- chat and peer messages ---------------------------------------------------------------------

test('texts survive a new connection, in order, and are shown once', () => {
  const shown: string[] = [];
  const there = new Chat((text) => shown.push(text.text));
  const here = new Chat(() => undefined);
  const wire: string[] = [];
  const text = (n: number): Text => ({ id: `id${n}`, at: n, text: `t${n}` });
  here.attach((message) => wire.push(message));
  here.post(text(1));
  here.detach();
  here.post(text(2)); // no channel: kept
  const answers: string[] = [];
  there.attach((message) => answers.push(message));
  // The first arrived, its answer did not.
  there.receive(parsePeerMessage(wire[0])!);
  wire.length = 0;
  here.attach((message) => wire.push(message));
  for (const message of wire) there.receive(parsePeerMessage(message)!);
  assert.deepEqual(shown, ['t1', 't2']);
  for (const message of answers) here.receive(parsePeerMessage(message)!);
  wire.length = 0;
  here.attach((message) => wire.push(message));
  assert.deepEqual(wire, [], 'what was answered is not said again');
});

test('chat refuses what the protocol does not allow', () => {
  const shown: string[] = [];
  const chat = new Chat((text) => shown.push(text.text));
  for (const fields of [{ id: 'a', at: 1, text: '' }, { id: 'b c', at: 1, text: 'x' }, { id: 'c', at: 'now', text: 'x' },
    { id: 'd', at: 1, text: 'x'.repeat(4_001) }, { id: 'e', at: 1, text: 7 }]) {
    chat.receive({ v: 1, type: 'text', ...fields } as PeerMessage);
  }
  assert.deepEqual(shown, []);
  assert.equal(printable('a\u0000b\nc\u009fd'), 'a\ufffdb\nc\ufffdd');
  assert.equal([...clip('😀'.repeat(5_000))].length, 4_000);
});

test('peer messages: form, version, size and depth', () => {
  assert.ok(parsePeerMessage('{"v":1,"type":"x"}'));
  let deep: unknown = 1;
  for (let i = 0; i < 20; i += 1) deep = { deep };
  for (const raw of ['', '[]', '{"v":2,"type":"x"}', '{"v":1}', `{"v":1,"type":"x","y":"${'x'.repeat(40_000)}"}`, 7]) {
    assert.equal(parsePeerMessage(raw), null);
  }
  assert.equal(asPeerMessage({ v: 1, type: 'x', deep }), null);
});

// ---- one machine --------------------------------------------------------------------------------

test('a path that does not leave the machine', () => {
  const end = (type: PairEnd['type'], address: string): PairEnd => ({ type, protocol: 'udp', address, port: 1 });
  const pair = (local: PairEnd, remote: PairEnd): PairInfo => ({ local, remote } as PairInfo);
  const host = (address: string): PairEnd => end('host', address);
  assert.ok(isLocalPath(pair(host('192.0.2.2'), host('192.0.2.2')), false));
  assert.ok(!isLocalPath(pair(host('192.0.2.2'), host('192.0.2.3')), true));
  assert.ok(isLocalPath(pair(host('192.0.2.2'), host('')), true), 'hidden, but both pages came by loopback');
  assert.ok(!isLocalPath(pair(host('x.local'), host('')), false));
  assert.ok(!isLocalPath(pair(end('relay', '192.0.2.2'), host('192.0.2.2')), true));
  assert.ok(!isLocalPath(pair(end('srflx', '192.0.2.2'), end('srflx', '192.0.2.2')), true), 'two hosts behind one NAT');
});
