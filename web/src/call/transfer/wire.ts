// The messages on a `file/` channel (docs/peer-messages.md section 6.2) and what both ends share.

import { encode, isCount, isId } from '../peer_messages.ts';
import type { PeerMessage } from '../peer_messages.ts';
import type { EventBodies, TransferFailure, TransferStage } from '../events.ts';
import type { Timers } from '../timers.ts';

/** The part of RTCDataChannel that transfers use; a test brings its own. */
export type FileChannel = Pick<
  RTCDataChannel,
  | 'label'
  | 'readyState'
  | 'bufferedAmount'
  | 'bufferedAmountLowThreshold'
  | 'binaryType'
  | 'onopen'
  | 'onclose'
  | 'onmessage'
  | 'onbufferedamountlow'
  | 'close'
> & { send(data: string | ArrayBufferView<ArrayBuffer>): void };

export const kProtocol = 'parley.file.1';
export const kMaxChannels = 4;
export const kWindowBytes = 8 * 1024 * 1024;
export const kMinWindowBytes = 65_536;
export const kMaxWindowBytes = 67_108_864;
export const kSendBufferBytes = 1024 * 1024;
export const kSendBufferLowBytes = 256 * 1024;
export const kMaxChunkBytes = 65_536;
export const kMaxReceivedChunkBytes = 262_144;
export const kStallMs = 60_000;
export const kThinkMs = 600_000;
export const kResumeMs = 600_000;
const kProgressEveryMs = 250;

export type Reason =
  | 'declined' | 'cancelled' | 'too-large' | 'no-space' | 'bad-name' | 'bad-message' | 'busy'
  | 'changed' | 'read-failed' | 'write-failed' | 'timeout';

const kReasons: Record<Reason, TransferFailure | null> = {
  declined: null,
  cancelled: null,
  'too-large': 'too-large',
  'no-space': 'disk',
  'bad-name': 'protocol',
  'bad-message': 'protocol',
  busy: 'protocol',
  changed: 'read',
  'read-failed': 'read',
  'write-failed': 'disk',
  timeout: 'timeout',
};

export function reasonOf(message: PeerMessage): Reason {
  const { reason } = message;
  return typeof reason === 'string' && Object.hasOwn(kReasons, reason) ? (reason as Reason) : 'cancelled';
}

/** null: a person ended it, which is no failure. */
export function failureOf(reason: Reason): TransferFailure | null {
  return kReasons[reason];
}

export function encodeReject(reason: Reason): string {
  return encode('reject', { reason });
}

export interface Offer {
  id: string;
  name: string;
  size: number;
  mime: string;
  lastModified: number;
}

export function readOffer(message: PeerMessage): Offer | null {
  const { id, name, size, mime, lastModified } = message;
  if (message.type !== 'offer' || !isId(id) || typeof name !== 'string' || !isCount(size)) return null;
  if (typeof mime !== 'string' || mime.length > 127 || !isCount(lastModified)) return null;
  return { id, name, size, mime, lastModified };
}

/** 64 KiB, or what fits the connection, in multiples of 16 KiB where possible (section 6.3). */
export function chunkBytes(maxMessageSize: number): number {
  if (maxMessageSize >= kMaxChunkBytes) return kMaxChunkBytes;
  const whole = Math.floor(maxMessageSize / 16_384) * 16_384;
  return whole > 0 ? whole : Math.max(1, maxMessageSize);
}

export type FileEvent = EventBodies['file'];

/** Turns moves of bytes into 'file' events: every stage, and progress at most four a second. */
export class Progress {
  private began: { at: number; bytes: number } | null = null;
  private mark: { at: number; bytes: number } | null = null;
  private bps = 0;

  constructor(
    private readonly base: Omit<FileEvent, 'stage' | 'bytes' | 'bps'>,
    private readonly timers: Timers,
    private readonly emit: (event: FileEvent) => void,
  ) {}

  stage(stage: TransferStage, bytes: number, more: Partial<FileEvent> = {}): void {
    if (stage === 'accepted' || stage === 'resumed') this.began = { at: this.timers.now(), bytes };
    if (stage === 'paused' || stage === 'accepted') {
      this.mark = null;
      this.bps = 0;
    }
    const bps = stage === 'done' ? rate(this.began, this.timers.now(), bytes) : this.bps;
    this.emit({ ...this.base, ...more, stage, bytes, bps });
  }

  moved(bytes: number): void {
    const now = this.timers.now();
    if (!this.mark) {
      this.mark = { at: now, bytes };
      return;
    }
    if (now - this.mark.at < kProgressEveryMs) return;
    const measured = rate(this.mark, now, bytes);
    this.bps = Math.round(this.bps === 0 ? measured : this.bps * 0.6 + measured * 0.4);
    this.mark = { at: now, bytes };
    this.stage('progress', bytes);
  }
}

function rate(since: { at: number; bytes: number } | null, now: number, bytes: number): number {
  return since && now > since.at ? Math.round(((bytes - since.bytes) * 8_000) / (now - since.at)) : 0;
}
