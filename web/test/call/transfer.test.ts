import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { allowedName, isAllowedName } from '../../src/call/transfer/names.ts';
import type { FileSource } from '../../src/call/transfer/send.ts';
import { MemorySink } from '../../src/call/transfer/sinks.ts';
import type { Sink } from '../../src/call/transfer/sinks.ts';
import { Transfers } from '../../src/call/transfer/transfers.ts';
import { chunkBytes, kSendBufferBytes, kSendBufferLowBytes, kWindowBytes } from '../../src/call/transfer/wire.ts';
import type { FileChannel, FileEvent } from '../../src/call/transfer/wire.ts';
import { VirtualTime } from './virtual_time.ts';

const kMiB = 1024 * 1024;

/** One end of an in-memory data channel: ordered, with a buffer that drains over time. */
class Channel {
  readyState: RTCDataChannelState = 'open';
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  binaryType: BinaryType = 'arraybuffer';
  onopen: FileChannel['onopen'] = null;
  onclose: FileChannel['onclose'] = null;
  onmessage: FileChannel['onmessage'] = null;
  onbufferedamountlow: FileChannel['onbufferedamountlow'] = null;
  other!: Channel;
  mostBuffered = 0;

  constructor(private readonly net: Network, readonly label: string) {}

  send(data: string | ArrayBufferView<ArrayBuffer>): void {
    if (this.readyState !== 'open') throw new Error('not open');
    const payload = typeof data === 'string' ? data : data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
    const bytes = typeof payload === 'string' ? payload.length : payload.byteLength;
    this.bufferedAmount += bytes;
    this.mostBuffered = Math.max(this.mostBuffered, this.bufferedAmount);
    this.net.carry(this, bytes, () => {
      const before = this.bufferedAmount;
      this.bufferedAmount -= bytes;
      const to = this.other;
      if (to.readyState === 'open') to.onmessage?.call(to as never, { data: payload } as MessageEvent);
      const low = this.bufferedAmountLowThreshold;
      if (before > low && this.bufferedAmount <= low) this.onbufferedamountlow?.call(this as never, {} as Event);
    });
  }

  /** As SCTP does: what was sent before still arrives. */
  close(): void {
    if (this.readyState !== 'open') return;
    this.readyState = 'closing';
    this.net.carry(this, 0, () => {
      this.gone();
      this.other.gone();
    });
  }

  gone(): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.onclose?.call(this as never, {} as Event);
  }
}

/** Two sides, A and B, and the wire between them. */
class Network {
  readonly time = new VirtualTime();
  readonly events: Record<'a' | 'b', FileEvent[]> = { a: [], b: [] };
  readonly channels: Channel[] = [];
  readonly a = this.side('a');
  readonly b = this.side('b');
  bytesPerMs = 4_096;
  private busyUntil = 0;

  private side(name: 'a' | 'b'): Transfers {
    return new Transfers({
      timers: this.time,
      peer: name === 'a' ? 'b' : 'a',
      emit: (event) => {
        this.events[name].push(event);
        this.react?.(name, event);
      },
      openChannel: (label) => this.open(name, label) as unknown as FileChannel,
      chunkBytes: () => 65_536,
    });
  }

  react: ((side: 'a' | 'b', event: FileEvent) => void) | null = null;

  private open(by: 'a' | 'b', label: string): Channel {
    const [near, far] = [new Channel(this, label), new Channel(this, label)];
    near.other = far;
    far.other = near;
    this.channels.push(near, far);
    (by === 'a' ? this.b : this.a).incoming(far as unknown as FileChannel);
    return near;
  }

  carry(_from: Channel, bytes: number, arrive: () => void): void {
    const at = Math.max(this.busyUntil, this.time.now()) + bytes / this.bytesPerMs + 0.01;
    this.busyUntil = at;
    const generation = this.generation;
    this.time.after(at - this.time.now(), () => generation === this.generation && arrive());
  }

  private generation = 0;

  /** The connection ends with all that was on it. */
  cut(): void {
    this.generation += 1;
    this.a.connectionGone();
    this.b.connectionGone();
    for (const channel of this.channels) channel.readyState = 'closed';
  }

  connect(): void {
    this.a.connectionUp();
    this.b.connectionUp();
  }

  stages(side: 'a' | 'b', transfer?: string): string[] {
    return this.events[side]
      .filter((event) => event.stage !== 'progress' && (!transfer || event.transfer.endsWith(transfer)))
      .map((event) => event.stage);
  }
}

function bytes(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(size);
  for (let i = 0; i < size; i += 1) data[i] = (i * 31 + (i >> 8) * seed) & 255;
  return data;
}

/** A Blob whose reading takes no real time, so that virtual time cannot run ahead of it. */
const blob = (data: Uint8Array<ArrayBuffer>): Blob => ({ arrayBuffer: async () => data.slice().buffer }) as Blob;

const file = (data: Uint8Array<ArrayBuffer>, name = 'photo.jpg'): FileSource => ({
  name, size: data.length, type: 'image/jpeg', lastModified: 1_700_000_000_000, slice: (from, to) => blob(data.subarray(from, to)),
});
const sha = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** B accepts everything into memory. */
function accepting(net: Network, sink: () => Sink = () => new MemorySink()): void {
  net.react = (side, event) => {
    if (side === 'b' && event.direction === 'receive' && event.stage === 'offered') {
      void net.b.accept(event.transfer, async () => sink());
    }
  };
}

async function received(net: Network, transfer: string): Promise<Uint8Array> {
  return new Uint8Array(await net.b.result(`a:${transfer}`)!.arrayBuffer());
}

test('a file arrives whole, with the same hash on both sides', async () => {
  const net = new Network();
  accepting(net);
  net.connect();
  const data = bytes(5 * kMiB + 77);
  net.a.send('f1', file(data));
  await net.time.run(60_000);
  assert.deepEqual(net.stages('a'), ['offered', 'accepted', 'started', 'done']);
  assert.deepEqual(net.stages('b'), ['offered', 'accepted', 'started', 'done']);
  assert.deepEqual(await received(net, 'f1'), data);
  assert.equal(net.events.a.at(-1)!.sha256, sha(data));
  assert.equal(net.events.b.at(-1)!.sha256, sha(data));
  assert.equal(net.time.pending, 0, 'no timer is left');
});

test('an empty file, and one of exactly a chunk', async () => {
  const net = new Network();
  accepting(net);
  net.connect();
  for (const size of [0, 65_536]) net.a.send(`s${size}`, file(bytes(size)));
  await net.time.run(10_000);
  assert.deepEqual(net.stages('b', 's0'), ['offered', 'accepted', 'done']);
  assert.equal((await received(net, 's0')).length, 0);
  assert.deepEqual(await received(net, 's65536'), bytes(65_536));
});

test('progress comes at most four times a second and says the speed', async () => {
  const net = new Network();
  accepting(net);
  net.connect();
  net.a.send('f', file(bytes(40 * kMiB)));
  await net.time.run(60_000);
  for (const side of ['a', 'b'] as const) {
    const progress = net.events[side].filter((event) => event.stage === 'progress');
    assert.ok(progress.length > 5);
    // 4096 bytes a ms are 33 Mbit/s.
    const fast = progress.slice(2).map((event) => event.bps / 1e6);
    for (const mbps of fast) assert.ok(mbps > 20 && mbps < 50, String(mbps));
    const average = net.events[side].at(-1)!.bps / 1e6;
    assert.ok(average > 25 && average < 35, String(average));
    const times = progress.length;
    assert.ok(times <= 4 * 11, `${times} in about 10 s`);
  }
});

test('the sender holds its buffer, the receiver its window', async () => {
  const net = new Network();
  // A disk that takes 40 ms a MiB: slower than the wire.
  let queued = 0;
  let most = 0;
  class SlowSink extends MemorySink {
    override async write(block: Uint8Array<ArrayBuffer>): Promise<void> {
      queued += block.length;
      await new Promise<void>((resolve) => void net.time.after((40 * block.length) / kMiB + 260, resolve));
      queued -= block.length;
      await super.write(block);
    }
  }
  const b = net.b as unknown as { receivers: Map<string, { arrived: number; stored: number }> };
  accepting(net, () => new SlowSink());
  net.connect();
  const data = bytes(40 * kMiB);
  net.a.send('f', file(data));
  for (let i = 0; i < 3_000; i += 1) {
    await net.time.run(10);
    for (const receiver of b.receivers.values()) most = Math.max(most, receiver.arrived - receiver.stored);
  }
  assert.deepEqual(await received(net, 'f'), data);
  assert.ok(most > kWindowBytes / 2 && most <= kWindowBytes, `${most} bytes unstored`);
  const buffered = Math.max(...net.channels.map((channel) => channel.mostBuffered));
  assert.ok(buffered <= kSendBufferBytes + 65_536, `${buffered} bytes buffered`);
  assert.ok(buffered > kSendBufferLowBytes);
});

test('cut again and again it resumes where it was, without asking again', async () => {
  const net = new Network();
  let asked = 0;
  accepting(net, () => {
    asked += 1;
    return new MemorySink();
  });
  net.connect();
  const data = bytes(24 * kMiB, 5);
  net.a.send('f', file(data));
  for (let i = 0; i < 5; i += 1) {
    await net.time.run(1_100);
    net.cut();
    await net.time.run(3_000);
    net.connect();
  }
  await net.time.run(60_000);
  assert.deepEqual(await received(net, 'f'), data);
  assert.equal(asked, 1);
  const stages = net.stages('b');
  assert.equal(stages.filter((stage) => stage === 'resumed').length, 5);
  const offsets = net.events.b.filter((event) => event.stage === 'resumed').map((event) => event.bytes);
  assert.ok(offsets.every((offset, i) => offset > 0 && (i === 0 || offset >= offsets[i - 1]!)), String(offsets));
  assert.equal(stages.at(-1), 'done');
  assert.equal(net.events.a.at(-1)!.sha256, sha(data));
});

test('the last word lost on the way is said again', async () => {
  const net = new Network();
  net.react = (side, event) => {
    if (side !== 'b') return;
    if (event.stage === 'offered') void net.b.accept(event.transfer, async () => new MemorySink());
    if (event.stage === 'done') net.time.after(0, () => net.cut());
  };
  net.connect();
  net.a.send('f', file(bytes(kMiB)));
  await net.time.run(5_000);
  assert.equal(net.stages('a').at(-1), 'paused');
  net.connect();
  await net.time.run(5_000);
  assert.equal(net.stages('a').at(-1), 'done');
  assert.equal(net.stages('b').filter((stage) => stage === 'done').length, 1);
});

test('a channel that closes under a living connection is opened anew', async () => {
  const net = new Network();
  accepting(net);
  net.connect();
  const data = bytes(12 * kMiB);
  net.a.send('f', file(data));
  await net.time.run(1_000);
  for (const channel of net.channels) channel.close();
  await net.time.run(20_000);
  assert.deepEqual(await received(net, 'f'), data);
});

test('a refusal, and a cancel from either side, end it on both without a failure', async () => {
  for (const [what, a, b] of [
    ['decline', 'declined', 'declined'],
    ['cancel-a', 'cancelled', 'cancelled'],
    ['cancel-b', 'cancelled', 'cancelled'],
  ] as const) {
    const net = new Network();
    if (what !== 'decline') accepting(net);
    net.connect();
    net.a.send('f', file(bytes(20 * kMiB)));
    await net.time.run(1_000);
    if (what === 'decline') net.b.decline('a:f');
    if (what === 'cancel-a') net.a.cancel('f');
    if (what === 'cancel-b') net.b.cancel('a:f');
    await net.time.run(10_000);
    assert.equal(net.stages('a').at(-1), a, what);
    assert.equal(net.stages('b').at(-1), b, what);
    assert.equal(net.events.a.at(-1)!.why, undefined);
    assert.equal(net.time.pending, 0, what);
  }
});

test('bytes changed on the way are found by the hash', async () => {
  const net = new Network();
  class Discarding extends MemorySink {
    discarded = false;
    override async discard(): Promise<void> {
      this.discarded = true;
    }
  }
  const sink = new Discarding();
  accepting(net, () => sink);
  net.connect();
  const data = bytes(2 * kMiB);
  const lying = file(data);
  let reads = 0;
  // The file changes between two reads without changing its size.
  net.a.send('f', { ...lying, slice: (from?: number, to?: number) => blob(bytes(to! - from!, ++reads)) });
  const receiver = (net.b as unknown as { receivers: Map<string, { bytes(chunk: Uint8Array): void }> }).receivers;
  await net.time.run(5);
  const one = receiver.get('a:f')!;
  const take = one.bytes.bind(one);
  one.bytes = (chunk) => take(chunk.map((byte) => byte ^ 1));
  await net.time.run(20_000);
  assert.equal(net.events.b.at(-1)!.why, 'hash-mismatch');
  assert.equal(net.events.a.at(-1)!.why, 'hash-mismatch');
  assert.ok(sink.discarded);
  assert.equal(net.b.result('a:f'), null);
});

test('a file that shrinks under the sender fails as read', async () => {
  const net = new Network();
  accepting(net);
  net.connect();
  net.a.send('f', { ...file(bytes(4 * kMiB)), slice: () => blob(new Uint8Array(0)) });
  await net.time.run(10_000);
  assert.equal(net.events.a.at(-1)!.why, 'read');
  assert.equal(net.events.b.at(-1)!.why, 'read');
});

test('a disk that refuses fails as disk, on both sides', async () => {
  const net = new Network();
  class FullSink extends MemorySink {
    override async write(): Promise<void> {
      throw new Error('no space');
    }
  }
  accepting(net, () => new FullSink());
  net.connect();
  net.a.send('f', file(bytes(4 * kMiB)));
  await net.time.run(10_000);
  assert.equal(net.events.b.at(-1)!.why, 'disk');
  assert.equal(net.events.a.at(-1)!.why, 'disk');
});

test('nobody answers for ten minutes, nothing comes back for ten minutes', async () => {
  const net = new Network();
  net.connect();
  net.a.send('f', file(bytes(10)));
  await net.time.run(601_000);
  assert.equal(net.events.a.at(-1)!.why, 'timeout');
  const other = new Network();
  accepting(other);
  other.connect();
  other.a.send('f', file(bytes(20 * kMiB)));
  await other.time.run(1_000);
  other.cut();
  await other.time.run(601_000);
  assert.equal(other.events.a.at(-1)!.why, 'timeout');
  assert.equal(other.events.b.at(-1)!.why, 'timeout');
});

test('the member leaves', async () => {
  const net = new Network();
  accepting(net);
  net.connect();
  net.a.send('f', file(bytes(20 * kMiB)));
  await net.time.run(500);
  net.a.peerLeft();
  net.b.peerLeft();
  assert.equal(net.events.a.at(-1)!.why, 'peer-left');
  assert.equal(net.events.b.at(-1)!.why, 'peer-left');
});

test('what came whole outlives its sender, and nothing else does', async () => {
  const net = new Network();
  accepting(net);
  net.connect();
  net.a.send('whole', file(bytes(10)));
  await net.time.run(1_000);
  net.a.send('half', file(bytes(20 * kMiB)));
  await net.time.run(500);
  net.b.peerLeft();
  const left = [...net.b.results()];
  assert.equal(left.length, 1);
  assert.equal(left[0]![0], 'a:whole');
  assert.deepEqual(new Uint8Array(await left[0]![1].arrayBuffer()), bytes(10));
});

test('ten files go four at a time, and all arrive', async () => {
  const net = new Network();
  accepting(net);
  net.connect();
  for (let i = 0; i < 10; i += 1) net.a.send(`f${i}`, file(bytes(kMiB, i), `f${i}`));
  await net.time.run(5);
  assert.equal(net.channels.length / 2, 4);
  await net.time.run(60_000);
  for (let i = 0; i < 10; i += 1) assert.deepEqual(await received(net, `f${i}`), bytes(kMiB, i));
});

// ---- a sender that does not play by the rules ------------------------------------------------------

interface Hostile {
  net: Network;
  near: Channel;
  said: () => string[];
}

async function hostile(offer: object, accept = true): Promise<Hostile> {
  const net = new Network();
  if (accept) accepting(net);
  net.connect();
  const near = new Channel(net, 'file/h');
  const far = new Channel(net, 'file/h');
  near.other = far;
  far.other = near;
  const heard: string[] = [];
  near.onmessage = ({ data }) => void heard.push(JSON.parse(data as string).type as string);
  net.b.incoming(far as unknown as FileChannel);
  near.send(JSON.stringify({ v: 1, type: 'offer', id: 'h', name: 'n', size: 100, mime: '', lastModified: 0, ...offer }));
  await net.time.run(50);
  return { net, near, said: () => heard };
}

test('more bytes than offered, bytes before the yes, bytes that are none: refused', async () => {
  for (const [accept, send] of [
    [true, (c: Channel) => c.send(new Uint8Array(101))],
    [false, (c: Channel) => c.send(new Uint8Array(1))],
    [true, (c: Channel) => c.send('not json')],
    [true, (c: Channel) => c.send('{"v":1,"type":"done","size":100,"sha256":"x"}')],
  ] as const) {
    const { net, near } = await hostile({}, accept);
    send(near);
    await net.time.run(1_000);
    assert.equal(net.events.b.at(-1)!.why, 'protocol');
  }
});

test('offers with forbidden names, sizes or labels are refused without asking', async () => {
  for (const offer of [{ name: '../x' }, { name: 'con.txt' }, { name: '' }, { size: -1 }, { size: 1.5 }, { id: 'other' }, { mime: 'x'.repeat(200) }]) {
    const { net, said } = await hostile(offer);
    assert.deepEqual(said(), ['reject'], JSON.stringify(offer));
    assert.deepEqual(net.events.b, []);
  }
});

test('a known id with another size is refused', async () => {
  const { net } = await hostile({});
  const far = new Channel(net, 'file/h');
  const near = new Channel(net, 'file/h');
  near.other = far;
  far.other = near;
  const heard: string[] = [];
  near.onmessage = ({ data }) => void heard.push(data as string);
  net.b.incoming(far as unknown as FileChannel);
  near.send(JSON.stringify({ v: 1, type: 'offer', id: 'h', name: 'n', size: 200, mime: '', lastModified: 0 }));
  await net.time.run(50);
  assert.match(heard[0]!, /reject/);
});

test('a fifth offer while four wait is refused as busy', async () => {
  const net = new Network();
  net.connect();
  const heard: string[] = [];
  for (let i = 0; i < 5; i += 1) {
    const [near, far] = [new Channel(net, `file/h${i}`), new Channel(net, `file/h${i}`)];
    near.other = far;
    far.other = near;
    near.onmessage = ({ data }) => void heard.push(data as string);
    net.b.incoming(far as unknown as FileChannel);
    near.send(JSON.stringify({ v: 1, type: 'offer', id: `h${i}`, name: 'n', size: 1, mime: '', lastModified: 0 }));
  }
  await net.time.run(50);
  assert.deepEqual(heard, ['{"v":1,"type":"reject","reason":"busy"}']);
});

// ---- names and chunks -----------------------------------------------------------------------------

test('names that may cross, and the nearest allowed one of those that may not', () => {
  for (const name of ['a', 'photo (1).jpg', 'über 한국.txt', '.profile', 'x'.repeat(255)]) assert.ok(isAllowedName(name), name);
  const bad = ['', '.', '..', 'a/b', 'a\\b', 'c:', 'a\u0000', 'a\u202eb', ' a', 'a ', 'a.', 'NUL', 'com1.txt', 'x'.repeat(256), 'a\ud800', 'a\u2028b', '???'];
  for (const name of bad) {
    assert.ok(!isAllowedName(name), JSON.stringify(name));
    assert.ok(isAllowedName(allowedName(name)), JSON.stringify(name));
  }
  assert.equal(allowedName('über<1>.bin'), 'über_1_.bin');
  assert.match(allowedName(`${'é'.repeat(300)}.tar.gz`), /\.gz$/);
});

test('chunks fit the connection', () => {
  assert.deepEqual([262_144, 65_536, 65_535, 40_000, 16_384, 1_000].map(chunkBytes), [65_536, 65_536, 49_152, 32_768, 16_384, 1_000]);
});
