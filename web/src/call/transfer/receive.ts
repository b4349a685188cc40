// Receives one file from one member over as many channels as it takes (docs/peer-messages.md
// section 6). Nothing is stored before a person accepted; memory is bounded by the window.

import { sha256 } from '@noble/hashes/sha2';
import { bytesToHex } from '@noble/hashes/utils';
import type { TransferFailure } from '../events.ts';
import { encode, parsePeerMessage } from '../peer_messages.ts';
import type { PeerMessage } from '../peer_messages.ts';
import type { Timers } from '../timers.ts';
import type { Sink } from './sinks.ts';
import { failureOf, kMaxReceivedChunkBytes, kResumeMs, kStallMs, kThinkMs, kWindowBytes, Progress, reasonOf } from './wire.ts';
import type { FileChannel, FileEvent, Offer, Reason } from './wire.ts';

const kBlockBytes = 1024 * 1024;

export interface ReceiverHost {
  readonly timers: Timers;
  emit(event: FileEvent): void;
  ended(receiver: Receiver): void;
}

export class Receiver {
  private channel: FileChannel | null = null;
  private sink: Sink | null = null;
  private opening = false;
  private readonly hash = sha256.create();
  private arrived = 0; // bytes taken from channels
  private stored = 0; // bytes that the sink has
  private said = 0; // last progress
  private block: Uint8Array<ArrayBuffer>[] = [];
  private blockBytes = 0;
  private writing: Promise<void> = Promise.resolve();
  private stage: 'offered' | 'moving' | 'checking' | 'done' | 'over' = 'offered';
  private file: Blob | null = null;
  private started = false;
  private cancelStall: (() => void) | null = null;
  private readonly progress: Progress;

  constructor(
    readonly transfer: string,
    readonly offer: Offer,
    private readonly host: ReceiverHost,
  ) {
    this.progress = new Progress(
      { transfer, direction: 'receive', name: offer.name, size: offer.size, mime: offer.mime },
      host.timers,
      (event) => host.emit(event),
    );
  }

  /** Says that it is there; the listener may answer at once, so the owner must know it by then. */
  announce(): void {
    this.progress.stage('offered', 0);
  }

  get isOver(): boolean {
    return this.stage === 'done' || this.stage === 'over';
  }

  get completed(): boolean {
    return this.stage === 'done';
  }

  get result(): Blob | null {
    return this.file;
  }

  get awaitsAnswer(): boolean {
    return this.stage === 'offered' && !this.sink && !this.opening;
  }

  get hasChannel(): boolean {
    return this.channel !== null;
  }

  /** Whether an offer that came again is of this file (section 6.6). */
  matches(offer: Offer): boolean {
    const { name, size, lastModified } = this.offer;
    return name === offer.name && size === offer.size && lastModified === offer.lastModified;
  }

  /** The channel on which the offer, the first or a repeated one, has just come. */
  attach(channel: FileChannel): void {
    this.channel?.close();
    this.channel = channel;
    channel.onmessage = ({ data }) => this.receive(channel, data);
    channel.onclose = () => this.lost(channel);
    this.patience(this.stage === 'offered' ? kThinkMs : kStallMs);
    if (this.stage === 'done') {
      // All is stored and verified, only our word of it got lost.
      this.say('accept', { offset: this.offer.size, window: kWindowBytes });
    } else if (this.stage === 'checking' || this.stage === 'moving') {
      // What was on its way to the disk counts once it is there.
      void this.writing.then(() => this.resume(channel));
    }
  }

  private resume(channel: FileChannel): void {
    if (this.channel !== channel || (this.stage !== 'moving' && this.stage !== 'checking')) return;
    this.stage = 'moving';
    this.said = this.arrived;
    this.progress.stage('resumed', this.arrived);
    this.say('accept', { offset: this.arrived, window: kWindowBytes });
  }

  /** A person said yes; `open` gets the sink, null when they closed the dialogue. */
  async accept(open: () => Promise<Sink | null>): Promise<boolean> {
    if (!this.awaitsAnswer) return false;
    this.opening = true;
    let sink: Sink | null;
    try {
      sink = await open();
    } catch {
      this.opening = false;
      this.finish('write-failed', 'failed', 'disk');
      return false;
    }
    this.opening = false;
    if (!sink) return false;
    if (this.stage !== 'offered') {
      void sink.discard(); // the sender withdrew meanwhile
      return false;
    }
    this.sink = sink;
    this.stage = 'moving';
    this.progress.stage('accepted', 0, { sink: sink.kind });
    this.say('accept', { offset: 0, window: kWindowBytes });
    this.patience(this.channel ? kStallMs : kResumeMs);
    return true;
  }

  decline(reason: Reason = 'declined'): void {
    if (this.stage !== 'offered') return;
    this.say('reject', { reason });
    const why = failureOf(reason);
    this.end(why ? 'failed' : 'declined', why ?? undefined);
  }

  cancel(): void {
    this.finish('cancelled', 'cancelled');
  }

  connectionGone(): void {
    if (this.channel) this.lost(this.channel);
  }

  peerLeft(): void {
    if (!this.isOver) this.end('failed', 'peer-left');
  }

  private lost(channel: FileChannel): void {
    if (this.channel !== channel) return;
    this.channel = null;
    if (this.isOver) return;
    if (this.stage === 'moving') this.flush();
    if (this.stage !== 'offered') this.progress.stage('paused', this.stored);
    this.patience(kResumeMs);
  }

  // ---- bytes -----------------------------------------------------------------------------------

  private receive(channel: FileChannel, data: unknown): void {
    if (this.channel !== channel || this.stage === 'over') return;
    if (data instanceof ArrayBuffer) {
      this.bytes(new Uint8Array(data));
      return;
    }
    const message = parsePeerMessage(data);
    if (!message) this.finish('bad-message', 'failed', 'protocol');
    else if (message.type === 'done') void this.verify(channel, message);
    else if (message.type === 'cancel') {
      const why = failureOf(reasonOf(message));
      this.end(why ? 'failed' : 'cancelled', why ?? undefined);
    }
  }

  private bytes(chunk: Uint8Array<ArrayBuffer>): void {
    if (chunk.length === 0) return;
    const allowed = this.stage === 'moving' && chunk.length <= kMaxReceivedChunkBytes &&
      this.arrived + chunk.length <= this.offer.size &&
      this.arrived + chunk.length <= this.stored + kWindowBytes + kMaxReceivedChunkBytes;
    if (!allowed) {
      this.finish('bad-message', 'failed', 'protocol');
      return;
    }
    if (!this.started) this.progress.stage('started', 0);
    this.started = true;
    this.arrived += chunk.length;
    this.hash.update(chunk);
    this.block.push(chunk);
    this.blockBytes += chunk.length;
    this.patience(kStallMs);
    if (this.blockBytes >= kBlockBytes || this.arrived === this.offer.size) this.flush();
  }

  /** Hands the block to the sink, after those before it. */
  private flush(): void {
    if (this.blockBytes === 0 || !this.sink) return;
    const block = join(this.block, this.blockBytes);
    const sink = this.sink;
    this.block = [];
    this.blockBytes = 0;
    this.writing = this.writing
      .then(() => (this.isOver ? undefined : sink.write(block)))
      .then(
        () => this.wrote(block.length),
        () => this.finish('write-failed', 'failed', 'disk'),
      );
  }

  private wrote(bytes: number): void {
    if (this.isOver) return;
    this.stored += bytes;
    if (this.stored - this.said >= kWindowBytes / 4 || this.stored === this.offer.size) {
      this.said = this.stored;
      this.say('progress', { received: this.stored });
    }
    this.progress.moved(this.stored);
  }

  private async verify(channel: FileChannel, message: PeerMessage): Promise<void> {
    if (this.stage === 'done') {
      this.say('verified', { ok: true });
      return;
    }
    if (this.stage !== 'moving' || message['size'] !== this.offer.size || this.arrived !== this.offer.size) {
      this.finish('bad-message', 'failed', 'protocol');
      return;
    }
    this.stage = 'checking';
    this.flush();
    await this.writing;
    if (this.stage !== 'checking') return;
    const found = bytesToHex(this.hash.clone().digest());
    if (message['sha256'] !== found) {
      this.say('verified', { ok: false, sha256: found });
      this.end('failed', 'hash-mismatch');
      return;
    }
    try {
      this.file = await this.sink!.finish(this.offer.mime);
    } catch {
      this.finish('write-failed', 'failed', 'disk');
      return;
    }
    if (this.stage !== 'checking') return;
    this.stage = 'done';
    this.cancelStall?.();
    if (this.channel === channel) this.say('verified', { ok: true });
    this.progress.stage('done', this.stored, { sha256: found, sink: this.sink!.kind });
    this.host.ended(this);
  }

  // ---- ending ----------------------------------------------------------------------------------

  private patience(ms: number): void {
    this.cancelStall?.();
    if (this.isOver) return;
    this.cancelStall = this.host.timers.after(ms, () => this.finish('timeout', 'failed', 'timeout'));
  }

  private say(type: string, fields: Record<string, unknown>): void {
    if (this.channel?.readyState === 'open') this.channel.send(encode(type, fields));
  }

  private finish(reason: Reason, stage: 'cancelled' | 'failed', why?: TransferFailure): void {
    if (this.isOver) return;
    this.say('cancel', { reason });
    this.end(stage, why);
  }

  private end(stage: 'declined' | 'cancelled' | 'failed', why?: TransferFailure): void {
    if (this.isOver) return;
    this.stage = 'over';
    this.cancelStall?.();
    this.block = [];
    const sink = this.sink;
    this.sink = null;
    if (sink) void this.writing.then(() => sink.discard());
    const channel = this.channel;
    this.channel = null;
    // The last word must leave before the channel does; the other side closes after it, too.
    channel?.close();
    this.progress.stage(stage, this.stored, why ? { why } : {});
    this.host.ended(this);
  }
}

function join(parts: readonly Uint8Array<ArrayBuffer>[], bytes: number): Uint8Array<ArrayBuffer> {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
