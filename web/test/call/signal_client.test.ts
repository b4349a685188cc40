import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SignalClient } from '../../src/call/signal_client.ts';
import type { SignalListener, Unsent } from '../../src/call/signal_client.ts';
import type { ServerMessage, Welcome } from '../../src/call/signal_messages.ts';
import { FakeSignalServer } from './fake_signal_server.ts';
import { seeded, VirtualTime } from './virtual_time.ts';

class Client implements SignalListener {
  readonly client: SignalClient;
  readonly welcomes: Welcome[] = [];
  readonly messages: ServerMessage[] = [];
  readonly got: unknown[] = [];
  readonly closes: { code: number; retryInMs: number | null }[] = [];
  readonly refusals: string[] = [];
  readonly attempts: { at: number; attempt: number }[] = [];
  unsent: Unsent[] = [];

  constructor(readonly server: FakeSignalServer, name: string, random: () => number = () => 0.5) {
    const { time } = server;
    this.client = new SignalClient({ openSocket: () => server.open(), timers: time, random }, this);
    this.client.start('ws://test/signal', { room: 'r', name, token: null });
  }

  get self(): string {
    return this.welcomes.at(-1)?.self ?? '';
  }

  connecting(_url: string, attempt: number): void {
    this.attempts.push({ at: this.server.time.now(), attempt });
  }
  opened(): void {}
  joining(): void {}
  welcomed(welcome: Welcome, unsent: Unsent[]): void {
    this.welcomes.push(welcome);
    this.unsent = unsent;
  }
  message(message: ServerMessage): void {
    this.messages.push(message);
    if (message.type === 'signal') this.got.push((message.data as { n?: number }).n);
  }
  closed(code: number, _reason: string, retryInMs: number | null): void {
    this.closes.push({ code, retryInMs });
  }
  refused(code: string): void {
    this.refusals.push(code);
  }
}

async function pair(server: FakeSignalServer): Promise<[Client, Client]> {
  const a = new Client(server, 'Ada');
  await server.time.run(200);
  const b = new Client(server, 'Bo');
  await server.time.run(200);
  return [a, b];
}

const say = (from: Client, to: Client, n: number): void => from.client.send(to.self, { n } as object);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

test('messages between two members arrive in order', async () => {
  const time = new VirtualTime();
  const [a, b] = await pair(new FakeSignalServer(time));
  for (const n of upTo(50)) say(a, b, n);
  await time.run(3_000);
  assert.deepEqual(b.got, upTo(50));
});

test('sockets that break at any moment lose and double nothing, either way', async () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const time = new VirtualTime();
    const random = seeded(seed);
    const server = new FakeSignalServer(time, random);
    const [a, b] = await pair(server);
    let sentA = 0;
    let sentB = 0;
    for (let step = 0; step < 60; step += 1) {
      if (random() < 0.7) say(a, b, sentA++);
      if (random() < 0.7) say(b, a, sentB++);
      if (random() < 0.15) {
        const living = server.sockets.filter((socket) => socket.alive);
        living[Math.floor(random() * living.length)]?.break();
      }
      await time.run(random() * 120);
    }
    await time.run(60_000);
    assert.deepEqual(b.got, upTo(sentA), `seed ${seed}: a to b`);
    assert.deepEqual(a.got, upTo(sentB), `seed ${seed}: b to a`);
    assert.equal(new Set(a.welcomes.map((welcome) => welcome.self)).size, 1, `seed ${seed}: one membership`);
    assert.ok(a.welcomes.slice(1).every((welcome) => welcome.resumed));
  }
});

test('a resume carries the last key and the last number received', async () => {
  const time = new VirtualTime();
  const server = new FakeSignalServer(time);
  const [a, b] = await pair(server);
  say(b, a, 0);
  await time.run(100);
  server.places.get(a.self)!.socket!.break();
  await time.run(1_000);
  const join = server.log.filter((message) => message['type'] === 'join').at(-1)!;
  assert.equal(join['resume'], a.welcomes[0]!.resume);
  assert.equal(join['ack'], 2); // peer-joined and one signal
  assert.equal(join['proof'], a.welcomes[0]!.proof);
  assert.notEqual(a.welcomes[1]!.resume, a.welcomes[0]!.resume);
});

test('received messages are acknowledged within a second, sixteen of them at once', async () => {
  const time = new VirtualTime();
  const server = new FakeSignalServer(time, () => 0);
  const [a, b] = await pair(server);
  await time.run(1_000);
  const before = server.log.length;
  for (const n of upTo(16)) say(a, b, n);
  await time.run(300);
  const acks = (): number[] => server.log.slice(before).filter((m) => m['type'] === 'ack').map((m) => m['ack'] as number);
  assert.deepEqual(acks(), [16]);
  say(a, b, 16);
  await time.run(1_000);
  assert.deepEqual(acks(), [16, 17]);
  await time.run(10_000);
  assert.deepEqual(acks(), [16, 17], 'an acknowledgement is never acknowledged');
});

test('it comes back at once, then after 0.5, 1, 2, 4, 5, 5 seconds', async () => {
  const time = new VirtualTime();
  const server = new FakeSignalServer(time, () => 0);
  const [a] = await pair(server);
  server.refuseConnections = true;
  server.places.get(a.self)!.socket!.break();
  await time.run(25_000);
  const gaps = a.closes.map((close) => close.retryInMs);
  assert.deepEqual(gaps.slice(0, 7), [0, 500, 1000, 2000, 4000, 5000, 5000]);
});

test('the online event ends the wait', async () => {
  const time = new VirtualTime();
  const server = new FakeSignalServer(time, () => 0);
  const [a] = await pair(server);
  server.refuseConnections = true;
  server.places.get(a.self)!.socket!.break();
  await time.run(9_000);
  server.refuseConnections = false;
  const attempts = a.attempts.length;
  a.client.networkChanged();
  await time.run(100);
  assert.equal(a.attempts.length, attempts + 1);
  assert.equal(a.welcomes.at(-1)!.resumed, true);
});

test('a half-open socket is found by ping and replaced', async () => {
  const time = new VirtualTime();
  const server = new FakeSignalServer(time);
  const [a, b] = await pair(server);
  await time.run(2_000);
  server.places.get(a.self)!.socket!.freeze();
  say(a, b, 0);
  await time.run(40_000);
  assert.equal(a.welcomes.length, 2);
  assert.deepEqual(b.got, [0]);
});

test('silence is broken by a ping every pingEvery seconds, and the answer keeps the socket', async () => {
  const time = new VirtualTime();
  const server = new FakeSignalServer(time);
  const [a] = await pair(server);
  await time.run(100_000);
  assert.equal(server.log.filter((m) => m['type'] === 'ping').length >= 6, true);
  assert.equal(a.closes.length, 0);
});

test('after a restart of the server it comes back under its id and hands back what was unsent', async () => {
  const time = new VirtualTime();
  const server = new FakeSignalServer(time);
  const [a, b] = await pair(server);
  server.acknowledges = false;
  say(a, b, 1);
  const id = a.self;
  const to = b.self;
  server.restart();
  server.acknowledges = true;
  await time.run(5_000);
  assert.equal(a.welcomes.at(-1)!.returned, true);
  assert.equal(a.self, id);
  assert.deepEqual(a.unsent, [{ to, data: { n: 1 } }]);
  say(a, b, 2);
  await time.run(1_000);
  assert.deepEqual(b.got, [2], 'numbers begin anew and fit');
});

test('a place given up means joining as somebody new, on the same socket', async () => {
  const time = new VirtualTime();
  const server = new FakeSignalServer(time);
  const [a] = await pair(server);
  const id = a.self;
  Object.assign(server.places.get(id)!, { resume: 'gone', resumeBefore: 'gone' });
  server.places.get(id)!.socket!.break();
  const sockets = server.sockets.length;
  await time.run(2_000);
  assert.equal(server.sockets.length, sockets + 1);
  assert.notEqual(a.self, id);
  assert.equal(a.welcomes.at(-1)!.resumed, false);
  assert.equal(a.welcomes.at(-1)!.returned, false);
});

for (const [code, close] of [['room-full', 4403], ['bad-token', 4401], ['bad-room', 4400]] as const) {
  test(`${code} is final`, async () => {
    const time = new VirtualTime();
    const server = new FakeSignalServer(time);
    server.refuseWith = { code, close };
    const a = new Client(server, 'Ada');
    await time.run(60_000);
    assert.deepEqual(a.refusals, [code]);
    assert.deepEqual(a.closes, [{ code: close, retryInMs: null }]);
    assert.equal(server.sockets.length, 1);
    assert.equal(time.pending, 0, 'nothing is left ticking');
  });
}

test('told to slow down it waits at least a second', async () => {
  const time = new VirtualTime();
  const server = new FakeSignalServer(time);
  server.refuseWith = { code: 'server-full', close: 4429 };
  const a = new Client(server, 'Ada');
  await time.run(500);
  assert.ok(a.closes[0]!.retryInMs! >= 1_000);
  assert.deepEqual(a.refusals, []);
});

test('what does not fit the store waits and goes out when there is room', async () => {
  const time = new VirtualTime();
  const server = new FakeSignalServer(time);
  server.limits = { ...server.limits, bufferBytes: 2_000 };
  const [a, b] = await pair(server);
  for (const n of upTo(100)) say(a, b, n);
  await time.run(30_000);
  assert.deepEqual(b.got, upTo(100));
});

test('a store that overflows for good ends the membership', async () => {
  const time = new VirtualTime();
  const server = new FakeSignalServer(time);
  const [a, b] = await pair(server);
  const id = a.self;
  server.acknowledges = false;
  const large = 'x'.repeat(60_000);
  for (let n = 0; n < 12; n += 1) a.client.send(b.self, { session: large });
  server.acknowledges = true;
  await time.run(5_000);
  assert.deepEqual(a.closes.map((close) => close.code), [4413]);
  assert.notEqual(a.self, id);
});

test('leaving says so and stops everything', async () => {
  const time = new VirtualTime();
  const server = new FakeSignalServer(time);
  const [a, b] = await pair(server);
  b.client.leave();
  a.client.leave();
  assert.deepEqual(a.closes, [{ code: 1000, retryInMs: null }]);
  await time.run(60_000);
  assert.equal(time.pending, 0);
});

test('messages that are no messages are ignored', async () => {
  const time = new VirtualTime();
  const server = new FakeSignalServer(time);
  const [a] = await pair(server);
  const socket = server.places.get(a.self)!.socket!;
  for (const data of ['', '{', '[]', 'null', '{"type":7}', '{"type":"signal","from":3,"data":[]}', new ArrayBuffer(3), '{"type":"welcome"}']) {
    socket.onmessage!({ data });
  }
  await time.run(100);
  assert.equal(a.closes.length, 0);
  assert.equal(a.messages.filter((message) => message.type === 'signal').length, 0);
});
