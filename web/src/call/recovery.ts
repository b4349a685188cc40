// When to restart ICE and when to say that a connection is lost. Pure policy: states and time go
// in, decisions come out; knows no RTCPeerConnection.

import type { RestartReason } from './events.ts';
import type { Timers } from './timers.ts';

/** 'disconnected' often heals by itself; this long it may try. */
const kGraceMs = 2_000;
/** RFC 8863 asks for patience of 39.5 s from the first candidates; a person sees the steps live. */
export const kFirstConnectMs = 30_000;
/** Nothing to connect with (no candidate of our own): no use in waiting longer. */
export const kNoCandidatesMs = 1_500;
/** After this long without a path people are told; attempts go on. */
export const kLostAfterMs = 20_000;
const kRetryMs = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000];

export interface RecoveryHost {
  restart(why: RestartReason, attempt: number): void;
  /** It never worked so far. */
  noPath(): void;
  /** It worked and does not come back. */
  lost(downMs: number, attempts: number): void;
  connected(ms: number, recovered: boolean): void;
}

export class Recovery {
  private began: number;
  private everConnected = false;
  private up = false;
  private told = false;
  private attempts = 0;
  private cancelRestart: (() => void) | null = null;
  private cancelVerdict: (() => void) | null = null;
  private stopped = false;

  constructor(private readonly timers: Timers, private readonly host: RecoveryHost) {
    this.began = timers.now();
    this.verdictIn(kFirstConnectMs);
  }

  stop(): void {
    this.stopped = true;
    this.cancelRestart?.();
    this.cancelVerdict?.();
  }

  /** Gathering ended without a single candidate. */
  noCandidates(): void {
    if (!this.everConnected && !this.told) this.verdictIn(kNoCandidatesMs);
  }

  state(state: RTCPeerConnectionState): void {
    if (this.stopped) return;
    if (state === 'connected') this.connected();
    else if (state === 'disconnected') this.down('disconnected', kGraceMs);
    else if (state === 'failed') this.failed();
  }

  /** The network changed, or someone asked: at once, with fresh patience. */
  restartNow(why: RestartReason): void {
    if (this.stopped) return;
    this.attempts = 0;
    this.cancelRestart?.();
    if (!this.up) this.began = this.timers.now();
    this.restart(why);
  }

  private connected(): void {
    if (this.up) return;
    const ms = this.timers.now() - this.began;
    const recovered = this.told;
    this.cancelRestart?.();
    this.cancelVerdict?.();
    this.cancelRestart = this.cancelVerdict = null;
    this.up = this.everConnected = true;
    this.told = false;
    this.attempts = 0;
    this.host.connected(ms, recovered);
  }

  private down(why: RestartReason, inMs: number): void {
    if (this.up) {
      this.up = false;
      this.began = this.timers.now();
      this.verdictIn(kLostAfterMs);
    }
    this.cancelRestart?.();
    this.cancelRestart = this.timers.after(inMs, () => this.restart(why));
  }

  private failed(): void {
    if (!this.everConnected && !this.told) this.verdict();
    const wait = this.attempts === 0 ? 0 : kRetryMs[Math.min(this.attempts, kRetryMs.length) - 1]!;
    this.down('failed', wait);
  }

  private restart(why: RestartReason): void {
    this.cancelRestart = null;
    this.attempts += 1;
    this.host.restart(why, this.attempts);
    // An offer that is never answered brings no further state: look again by ourselves.
    const wait = kRetryMs[Math.min(this.attempts, kRetryMs.length - 1)]! + 10_000;
    this.cancelRestart = this.timers.after(wait, () => {
      if (!this.up) this.restart(why);
    });
  }

  private verdictIn(ms: number): void {
    this.cancelVerdict?.();
    this.cancelVerdict = this.timers.after(ms, () => this.verdict());
  }

  private verdict(): void {
    this.cancelVerdict?.();
    this.cancelVerdict = null;
    if (this.up || this.told) return;
    this.told = true;
    if (this.everConnected) this.host.lost(this.timers.now() - this.began, this.attempts);
    else this.host.noPath();
  }
}
