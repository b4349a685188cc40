// Sends one file to one member over as many channels as it takes (docs/peer-messages.md section
// 6). Reads in blocks, hashes as it goes, and holds at most one block and the channel's buffer.

import { sha256 } from '@noble/hashes/sha2';
import { bytesToHex } from '@noble/hashes/utils';
import type { TransferFailure } from '../events.ts';
import { encode, isCount, parsePeerMessage } from '../peer_messages.ts';
import type { PeerMessage } from '../peer_messages.ts';
import type { Timers } from '../timers.ts';
import { allowedName } from './names.ts';
import { failureOf, kMaxWindowBytes, kMinWindowBytes, kResumeMs, kSendBufferBytes, kSendBufferLowBytes, kStallMs, kThinkMs, Progress, reasonOf } from './wire.ts';
import type { FileChannel, FileEvent, Reason } from './wire.ts';

/** The part of File that is used. */
export type FileSource = Pick<File, 'name' | 'size' | 'type' | 'lastModified' | 'slice'>;

const kBlockBytes = 1024 * 1024;

export interface SenderHost {
  readonly timers: Timers;
  emit(event: FileEvent): void;
  /** It is over, well or not: the channel may be given to the next. */
  ended(sender: Sender): void;
  /** The receiver had no room for another channel; try again when one is free. */
  busy(sender: Sender): void;
}

export class Sender {
  private channel: FileChannel | null = null;
  private chunk = 0;
  private attempt = 0; // counts channels: what an older one still says is ignored
  private position = 0; // next byte to send
  private stored = 0; // as the receiver says
  private window = 0;
  private readonly hash = sha256.create();
  private hashed = 0; // bytes that are in `hash`
  private started = false;
  private over = false;
  private wake: (() => void) | null = null;
  private cancelStall: (() => void) | null = null;
  private readonly progress: Progress;

  constructor(
    readonly id: string,
    private readonly file: FileSource,
    private readonly host: SenderHost,
  ) {
    this.progress = new Progress(
      { transfer: id, direction: 'send', name: allowedName(file.name), size: file.size, mime: file.type },
      host.timers,
      (event) => host.emit(event),
    );
  }

  /** Says that it is there; the listener may cancel at once, so the owner must know it by then. */
  announce(): void {
    this.progress.stage('offered', 0);
  }

  get isOver(): boolean {
    return this.over;
  }

  get hasChannel(): boolean {
    return this.channel !== null;
  }

  /** A new attempt; the channel may still be opening. */
  attach(channel: FileChannel, chunk: number): void {
    if (this.over) return;
    this.attempt += 1;
    this.channel = channel;
    this.chunk = chunk;
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = kSendBufferLowBytes;
    channel.onmessage = ({ data }) => this.receive(channel, data);
    channel.onclose = () => this.lost(channel);
    channel.onbufferedamountlow = () => this.stir();
    if (channel.readyState === 'open') this.offer();
    else channel.onopen = () => this.offer();
  }

  private offer(): void {
    this.say('offer', {
      id: this.id,
      name: allowedName(this.file.name),
      size: this.file.size,
      mime: this.file.type.slice(0, 127),
      lastModified: Math.max(0, Math.floor(this.file.lastModified || 0)),
    });
    this.patience(kThinkMs);
  }

  /** The channel or its connection ended before its time. */
  private lost(channel: FileChannel): void {
    if (this.over || this.channel !== channel) return;
    this.channel = null;
    this.stir();
    if (this.started) this.progress.stage('paused', this.stored);
    this.patience(kResumeMs);
  }

  /** The member's connection was replaced: whatever channel there was is no more. */
  connectionGone(): void {
    if (this.channel) this.lost(this.channel);
  }

  cancel(): void {
    this.finish('cancelled', 'cancelled');
  }

  peerLeft(): void {
    if (!this.over) this.end('failed', 'peer-left');
  }

  private receive(channel: FileChannel, data: unknown): void {
    if (this.over || this.channel !== channel) return;
    const message = parsePeerMessage(data);
    if (!message) {
      this.finish('bad-message', 'failed', 'protocol');
      return;
    }
    if (message.type === 'accept') this.accepted(message);
    else if (message.type === 'reject') this.rejected(reasonOf(message));
    else if (message.type === 'progress') this.progressed(message);
    else if (message.type === 'verified') this.verified(message['ok'] === true);
    else if (message.type === 'cancel') {
      const why = failureOf(reasonOf(message));
      this.end(why ? 'failed' : 'cancelled', why ?? undefined);
    }
  }

  private accepted(message: PeerMessage): void {
    const { offset, window } = message;
    const fits = isCount(offset) && offset <= this.file.size && offset <= Math.max(this.position, this.stored);
    if (!fits || !isCount(window) || window < kMinWindowBytes || window > kMaxWindowBytes) {
      this.finish('bad-message', 'failed', 'protocol');
      return;
    }
    this.progress.stage(this.started ? 'resumed' : 'accepted', offset);
    if (!this.started) this.progress.stage('started', 0);
    this.started = true;
    this.position = this.stored = offset;
    this.window = window;
    this.patience(kStallMs);
    void this.pump(this.channel!, this.attempt);
  }

  private rejected(reason: Reason): void {
    if (reason === 'busy') {
      const channel = this.channel!;
      this.channel = null;
      channel.close();
      this.host.busy(this);
      return;
    }
    const why = failureOf(reason);
    this.end(why ? 'failed' : 'declined', why ?? undefined);
  }

  private progressed(message: PeerMessage): void {
    const { received } = message;
    if (!isCount(received) || received > this.position) return;
    this.stored = Math.max(this.stored, received);
    this.progress.moved(this.stored);
    this.patience(kStallMs);
    this.stir();
  }

  private verified(ok: boolean): void {
    if (this.position < this.file.size) this.finish('bad-message', 'failed', 'protocol');
    else if (ok) this.end('done');
    else this.end('failed', 'hash-mismatch');
  }

  // ---- sending ---------------------------------------------------------------------------------

  private async pump(channel: FileChannel, attempt: number): Promise<void> {
    const current = (): boolean => !this.over && this.attempt === attempt && this.channel === channel;
    while (current() && this.position < this.file.size) {
      const block = await this.read();
      if (!current()) return;
      if (!block) {
        this.finish('read-failed', 'failed', 'read');
        return;
      }
      this.digest(block);
      if (!(await this.sendBlock(channel, block, current))) return;
    }
    if (!current()) return;
    this.patience(kStallMs);
    this.say('done', { size: this.file.size, sha256: this.digestHex() });
  }

  private async read(): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      const end = Math.min(this.position + kBlockBytes, this.file.size);
      const block = new Uint8Array(await this.file.slice(this.position, end).arrayBuffer());
      return block.length === end - this.position ? block : null;
    } catch {
      return null; // the file changed or vanished under us
    }
  }

  /** After a resume some bytes come again; the hash takes each once. */
  private digest(block: Uint8Array<ArrayBuffer>): void {
    const skip = this.hashed - this.position;
    if (skip >= block.length) return;
    this.hash.update(block.subarray(Math.max(0, skip)));
    this.hashed = this.position + block.length;
  }

  private digestHex(): string {
    return bytesToHex(this.hash.clone().digest());
  }

  private async sendBlock(channel: FileChannel, block: Uint8Array<ArrayBuffer>, current: () => boolean): Promise<boolean> {
    for (let at = 0; at < block.length; at += this.chunk) {
      const chunk = block.subarray(at, at + this.chunk);
      while (current() && !this.mayMove(channel, chunk.length)) await this.stirred();
      if (!current()) return false;
      try {
        channel.send(chunk);
      } catch {
        return false; // closing: onclose follows
      }
      this.position += chunk.length;
    }
    return true;
  }

  private mayMove(channel: FileChannel, bytes: number): boolean {
    return this.position + bytes <= this.stored + this.window && channel.bufferedAmount <= kSendBufferBytes;
  }

  private stirred(): Promise<void> {
    return new Promise((resolve) => (this.wake = resolve));
  }

  private stir(): void {
    const wake = this.wake;
    this.wake = null;
    wake?.();
  }

  // ---- ending ----------------------------------------------------------------------------------

  private patience(ms: number): void {
    this.cancelStall?.();
    this.cancelStall = this.host.timers.after(ms, () => this.finish('timeout', 'failed', 'timeout'));
  }

  private say(type: string, fields: Record<string, unknown>): void {
    if (this.channel?.readyState === 'open') this.channel.send(encode(type, fields));
  }

  private finish(reason: Reason, stage: 'cancelled' | 'failed', why?: TransferFailure): void {
    if (this.over) return;
    this.say('cancel', { reason });
    this.end(stage, why);
  }

  private end(stage: 'done' | 'declined' | 'cancelled' | 'failed', why?: TransferFailure): void {
    if (this.over) return;
    this.over = true;
    this.cancelStall?.();
    this.stir();
    const channel = this.channel;
    this.channel = null;
    channel?.close();
    const more: Partial<FileEvent> = stage === 'done' ? { sha256: this.digestHex() } : why ? { why } : {};
    this.progress.stage(stage, stage === 'done' ? this.file.size : this.stored, more);
    this.host.ended(this);
  }
}
