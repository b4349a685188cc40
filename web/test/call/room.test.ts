import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallEvent, EventKind, FailureCause } from '../../src/call/events.ts';
import { EventLog } from '../../src/call/log.ts';
import { Room } from '../../src/call/room.ts';
import { FakePeerConnection } from './fake_peer_connection.ts';
import { FakeSignalServer } from './fake_signal_server.ts';
import { VirtualTime } from './virtual_time.ts';

class Page {
  readonly log: EventLog;
  readonly connections: FakePeerConnection[] = [];
  readonly room: Room;
  ended: FailureCause | null | undefined;

  constructor(readonly server: FakeSignalServer, readonly name: string) {
    const { time } = server;
    this.log = new EventLog(() => time.now());
    this.room = new Room(
      {
        log: this.log,
        timers: time,
        epoch: 0,
        signalEnvironment: { openSocket: () => server.open(), timers: time, random: () => 0.5 },
        configuration: (iceServers) => ({ iceServers: [...iceServers] }),
        createConnection: (configuration) => {
          const made = new FakePeerConnection(`${name}${this.connections.length}`, configuration);
          this.connections.push(made);
          return made as unknown as RTCPeerConnection;
        },
        localTrack: () => null,
        isOn: () => false,
        mediaChanged: () => undefined,
        path: () => undefined,
        memberMade: () => undefined,
        welcomed: () => undefined,
        ended: (cause) => {
          this.ended = cause;
        },
      },
      'ws://test/signal',
      { room: 'r', name, token: null },
    );
  }

  get living(): FakePeerConnection[] {
    return this.connections.filter((connection) => !connection.closed);
  }

  of<K extends EventKind>(kind: K): CallEvent<K>[] {
    return this.log.events.filter((event) => event.kind === kind && event.by === 'you') as unknown as CallEvent<K>[];
  }

  sent(type: 'offer' | 'answer'): number {
    return this.of('description').filter((event) => event.type === type && event.stage === 'sent').length;
  }
}

async function meet(...names: string[]): Promise<{ server: FakeSignalServer; pages: Page[]; time: VirtualTime }> {
  const time = new VirtualTime();
  const server = new FakeSignalServer(time);
  const pages: Page[] = [];
  for (const name of names) {
    pages.push(new Page(server, name));
    await time.run(500);
  }
  return { server, pages, time };
}

function connectAll(pages: readonly Page[]): void {
  for (const page of pages) for (const connection of page.living) connection.become('connected');
}

test('the newcomer calls everyone who is there, and nobody else does', async () => {
  const { pages } = await meet('a', 'b', 'c');
  assert.deepEqual(pages.map((page) => [page.sent('offer'), page.sent('answer')]), [[0, 2], [1, 1], [2, 0]]);
  for (const page of pages) {
    assert.equal(page.living.length, 2);
    for (const connection of page.living) assert.equal(connection.agreed.length, 1);
  }
  const roles = pages.map((page) => page.of('connection-made').map((event) => `${event.role} ${event.polite}`));
  assert.deepEqual(roles, [['callee false', 'callee false'], ['caller true', 'callee false'], ['caller true', 'caller true']]);
});

test('the caller opens chat and events and both lines before its first offer', async () => {
  const { pages } = await meet('a', 'b');
  const [connection] = pages[1]!.connections;
  assert.deepEqual(connection!.channels.map((channel) => channel.label), ['chat', 'events']);
  assert.deepEqual(connection!.lines.map((line) => [line.receiver.track.kind, line.direction]), [['audio', 'sendrecv'], ['video', 'sendrecv']]);
  assert.equal(pages[0]!.connections[0]!.channels.length, 0);
});

test('a blip of the socket is nobody\'s business: no failure, no new offer', async () => {
  const { server, pages, time } = await meet('a', 'b');
  connectAll(pages);
  for (const socket of server.sockets) socket.break();
  await time.run(10_000);
  for (const page of pages) {
    assert.equal(page.of('failure').length, 0);
    assert.equal(page.of('welcome').at(-1)!.resumed, true);
    assert.equal(page.connections.length, 1);
    assert.equal(page.of('peer-left').length, 0);
  }
});

test('a server that stays away is told after three seconds, and taken back when it returns', async () => {
  const { server, pages, time } = await meet('a', 'b');
  connectAll(pages);
  server.refuseConnections = true;
  for (const socket of server.sockets) socket.break();
  await time.run(2_900);
  assert.equal(pages[0]!.of('failure').length, 0);
  await time.run(5_000);
  assert.deepEqual(pages[0]!.of('failure').map((event) => event.cause), ['server-gone']);
  server.refuseConnections = false;
  await time.run(10_000);
  assert.deepEqual(pages[0]!.of('recovered').map((event) => event.cause), ['server-gone']);
  assert.equal(pages[0]!.living.length, 1);
});

test('after a restart of the server live connections go on, not offered again', async () => {
  const { server, pages, time } = await meet('a', 'b');
  connectAll(pages);
  server.restart();
  await time.run(40_000);
  for (const page of pages) {
    assert.equal(page.of('welcome').length, 2);
    assert.equal(page.connections.length, 1);
    assert.equal(page.living.length, 1);
    assert.equal(page.of('peer-left').length, 0);
  }
  assert.deepEqual(pages.map((page) => [page.sent('offer'), page.sent('answer')]), [[0, 1], [1, 0]]);
});

test('after a restart of the server what was not yet connected begins anew, by the new order', async () => {
  const { server, pages, time } = await meet('a', 'b');
  server.restart();
  await time.run(5_000);
  for (const page of pages) {
    assert.equal(page.living.length, 1);
    assert.equal(page.living[0]!.agreed.length, 1);
  }
  const roles = pages.map((page) => page.of('connection-made').at(-1)!.role).sort();
  assert.deepEqual(roles, ['callee', 'caller']);
});

test('who does not come back after a restart is let go, unless the connection lives', async () => {
  for (const alive of [true, false]) {
    const { server, pages, time } = await meet('a', 'b');
    if (alive) connectAll(pages);
    // B cannot reach the server any more.
    server.restart();
    const b = pages[1]!;
    b.room.leave();
    await time.run(29_000);
    assert.equal(pages[0]!.room.members.size, 1, 'it may still be on its way');
    await time.run(5_000);
    assert.equal(pages[0]!.room.members.size, alive ? 1 : 0);
  }
});

test('somebody new to the room begins anew with everybody', async () => {
  const { server, pages, time } = await meet('a', 'b');
  connectAll(pages);
  const [a] = pages as [Page];
  const place = server.places.get(a.room.self!)!;
  const socket = place.socket!;
  server.places.delete(place.id); // the place was given up
  socket.break();
  await time.run(5_000);
  assert.deepEqual(a.of('peer-left').map((event) => event.reason), ['rejoined']);
  assert.equal(a.living.length, 1);
  assert.equal(a.of('connection-made').at(-1)!.role, 'caller');
});

test('the callee asks for a restart, the caller makes it', async () => {
  const { pages, time } = await meet('a', 'b');
  connectAll(pages);
  const [a, b] = pages as [Page, Page];
  a.connections[0]!.become('disconnected');
  await time.run(3_000);
  assert.equal(a.connections[0]!.restarts, 0);
  assert.equal(b.connections[0]!.restarts, 1);
  assert.equal(b.sent('offer'), 2);
  assert.deepEqual(b.of('restart').map((event) => event.why), ['asked']);
});

test('a connection whose DTLS broke is replaced, whichever side sees it', async () => {
  for (const who of [0, 1]) {
    const { pages, time } = await meet('a', 'b');
    connectAll(pages);
    pages[who]!.connections[0]!.become('failed', 'failed');
    await time.run(3_000);
    for (const page of pages) {
      assert.equal(page.connections.length, 2, `seen by ${who}`);
      assert.equal(page.living.length, 1);
      assert.equal(page.living[0]!.agreed.length, 1);
    }
    assert.equal(pages[1]!.of('connection-made').at(-1)!.role, 'caller');
  }
});

test('no path is told with its evidence; a later success takes it back', async () => {
  const { pages } = await meet('a', 'b');
  const b = pages[1]!;
  b.connections[0]!.become('failed', 'new');
  assert.deepEqual(b.of('failure').map((event) => [event.cause, event.evidence.pairsTried]), [['no-pair-answered', 0]]);
  b.connections[0]!.become('connected');
  assert.deepEqual(b.of('recovered').map((event) => event.cause), ['no-pair-answered']);
});

test('a file of a member who left can still be downloaded', async (t) => {
  const { server, pages, time } = await meet('a', 'b');
  const [member] = pages[0]!.room.members.values();
  const file = new Blob(['whole']);
  t.mock.method(member!.files, 'results', () => new Map([['b:f', file]]));
  assert.equal(pages[0]!.room.receivedFile('b:f'), null);
  server.push(server.places.get(pages[0]!.room.self!)!, { type: 'peer-left', id: member!.id, reason: 'left' });
  await time.run(100);
  assert.equal(pages[0]!.room.members.size, 0);
  assert.equal(pages[0]!.room.receivedFile('b:f'), file);
  assert.equal(pages[0]!.room.receivedFile('b:g'), null);
});

test('a member who leaves is gone at once', async () => {
  const { server, pages, time } = await meet('a', 'b');
  const [a, b] = pages as [Page, Page];
  const id = b.room.self!;
  b.room.leave();
  server.push(server.places.get(a.room.self!)!, { type: 'peer-left', id, reason: 'left' });
  await time.run(100);
  assert.equal(a.room.members.size, 0);
  assert.equal(a.living.length, 0);
  assert.equal(b.living.length, 0);
  assert.deepEqual(a.of('peer-left').map((event) => event.reason), ['left']);
});

for (const [code, close, cause] of [['room-full', 4403, 'room-full'], ['room-locked', 4403, 'room-locked'], ['token-expired', 4401, 'room-refused'], ['bad-name', 4400, 'server-refused']] as const) {
  test(`${code} is told as ${cause}, with the server's code`, async () => {
    const time = new VirtualTime();
    const server = new FakeSignalServer(time);
    server.refuseWith = { code, close };
    const page = new Page(server, 'a');
    await time.run(1_000);
    assert.equal(page.ended, cause);
    assert.deepEqual(page.of('failure').map((event) => [event.cause, event.evidence.code]), [[cause, code]]);
    await time.run(60_000);
    assert.equal(time.pending, 0);
  });
}

test('a first join that finds no server gives up after ten seconds', async () => {
  const time = new VirtualTime();
  const server = new FakeSignalServer(time);
  server.refuseConnections = true;
  const page = new Page(server, 'a');
  await time.run(9_900);
  assert.equal(page.ended, undefined);
  await time.run(200);
  assert.equal(page.ended, 'server-gone');
  assert.deepEqual(page.of('failure').map((event) => event.cause), ['server-gone']);
  await time.run(60_000);
  assert.equal(time.pending, 0);
});

test('the uplink is shared between members', async () => {
  const { pages } = await meet('a', 'b', 'c', 'd', 'e');
  assert.deepEqual(pages[0]!.room.videoBudget(), { maxBitrate: 625_000, scaleDown: 1.5 });
});

test('a signal of an unknown session is ignored, an offer of one replaces the connection', async () => {
  const { server, pages, time } = await meet('a', 'b');
  const [a, b] = pages as [Page, Page];
  const to = server.places.get(a.room.self!)!;
  const say = (data: object): void => server.push(to, { type: 'signal', from: b.room.self, data });
  say({ candidate: { candidate: 'candidate:1 1 udp 1 192.0.2.1 5 typ host' }, session: 'other' });
  say({ description: { type: 'answer', sdp: 'x' }, session: 'other' });
  say({ restart: true, session: 'other' });
  say({ close: true, session: 'other' });
  say({ description: 'nonsense', candidate: 7, session: {}, events: [1, {}, null] });
  await time.run(100);
  assert.equal(a.connections.length, 1);
  assert.equal(a.of('candidate').length, 0);
  say({ description: { type: 'offer', sdp: 'a=ice-ufrag:n\r\nnew' }, session: 'other' });
  await time.run(100);
  assert.equal(a.connections.length, 2);
  assert.equal(a.connections[0]!.closed, true);
});
