// The page's end of the signalling protocol (docs/signalling.md): one membership over as many
// sockets as it takes. Numbers and keeps what is unacknowledged, resumes with nothing lost, comes
// back by proof after a restart of the server, and joins as somebody new when both are gone.
// Does not know what the messages are for, nor RTCPeerConnection.
//
// Limits: the unacknowledged store holds `limits.bufferBytes`; beyond it as much again waits
// unnumbered (kMaxWaitingBytes); when that is full too, the membership is given up (section 5.8).

import type { Timers } from './timers.ts';
import { parseServerMessage } from './signal_messages.ts';
import type { Envelope, PairData, ServerMessage, Welcome } from './signal_messages.ts';

/** The part of WebSocket that is used; a test brings its own. */
export interface SocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export interface SignalEnvironment {
  openSocket(url: string): SocketLike;
  timers: Timers;
  random(): number; // 0 ≤ r < 1
}

/** A message of ours that a restarted server never acknowledged. */
export interface Unsent {
  to: string;
  data: PairData;
}

export interface SignalListener {
  connecting(url: string, attempt: number): void;
  opened(url: string): void;
  joining(resume: boolean): void;
  /** `unsent` is what was dropped because the server restarted (section 7.6). */
  welcomed(welcome: Welcome, unsent: Unsent[]): void;
  message(message: ServerMessage): void;
  /** retryInMs null: no further attempt follows. */
  closed(code: number, reason: string, retryInMs: number | null): void;
  /** The server said no for good; `closed` follows. */
  refused(code: string, message: string): void;
}

export interface JoinRequest {
  room: string;
  name: string;
  token: string | null;
}

const kConnectTimeoutMs = 10_000;
const kJoinTimeoutMs = 10_000;
const kPongTimeoutMs = 10_000;
/** After a network change the old socket is probably dead; find out sooner. */
const kPongAfterChangeMs = 3_000;
const kAckDelayMs = 400;
const kAckMessages = 16;
const kAckBytes = 32_768;
const kMaxWaitingBytes = 262_144;
const kBackoffMs = [0, 500, 1000, 2000, 4000, 5000];
/** Close codes after which coming back is of no use (section 12). */
const kFinalCodes = new Set([1000, 1003, 1007, 1009, 4400, 4401, 4403, 4409]);
const kSlowDownCode = 4429;
const kMembershipOverCode = 4413;

interface Kept {
  seq: number;
  text: string;
  unsent: Unsent | null;
  bytes: number;
}

export class SignalClient {
  private phase: 'idle' | 'connecting' | 'joining' | 'joined' | 'waiting' = 'idle';
  private socket: SocketLike | null = null;
  private request: JoinRequest | null = null;
  private url = '';
  private welcome: Welcome | null = null;
  private proof = '';
  private attempt = 0;
  private refusal: { code: string; message: string } | null = null;
  private retryAfterMs = 0;

  private lastSent = 0; // our last seq
  private kept: Kept[] = [];
  private keptBytes = 0;
  private waiting: { body: object; unsent: Unsent | null; bytes: number }[] = [];
  private waitingBytes = 0;

  private lastReceived = 0; // the server's last seq
  private unackedMessages = 0;
  private unackedBytes = 0;

  private cancelAck: (() => void) | null = null;
  private cancelRetry: (() => void) | null = null;
  private cancelDeadline: (() => void) | null = null;
  private cancelPing: (() => void) | null = null;

  constructor(
    private readonly environment: SignalEnvironment,
    private readonly listener: SignalListener,
  ) {}

  get joined(): boolean {
    return this.phase === 'joined';
  }

  start(url: string, request: JoinRequest): void {
    if (this.phase !== 'idle') throw new TypeError('already started');
    this.url = url;
    this.request = request;
    this.forgetMembership();
    this.attempt = 0;
    this.connect();
  }

  /** Sends to another member; kept and repeated until the server has it. */
  send(to: string, data: PairData): void {
    this.post({ type: 'signal', to, data }, { to, data });
  }

  lock(locked: boolean): void {
    this.post({ type: 'lock', locked }, null);
  }

  leave(): void {
    if (this.phase === 'idle') return;
    if (this.phase === 'joined') this.write({ type: 'leave' });
    this.stop(1000, 'left');
  }

  /** The browser came online, or its network changed: look at once whether the socket lives. */
  networkChanged(): void {
    if (this.phase === 'waiting') this.connect();
    else if (this.phase === 'joined') this.ping(kPongAfterChangeMs);
  }

  // ---- sockets ---------------------------------------------------------------------------------

  private connect(): void {
    this.clearTimers();
    this.phase = 'connecting';
    this.refusal = null;
    this.retryAfterMs = 0;
    this.attempt += 1;
    this.listener.connecting(this.url, this.attempt);
    const socket = this.environment.openSocket(this.url);
    this.socket = socket;
    const mine = (): boolean => this.socket === socket;
    socket.onopen = () => {
      if (mine()) this.opened();
    };
    socket.onmessage = (event) => {
      if (mine()) this.received(event.data);
    };
    socket.onclose = (event) => {
      if (mine()) this.closed(event.code, event.reason);
    };
    this.deadline(kConnectTimeoutMs, 'no answer');
  }

  private opened(): void {
    this.listener.opened(this.url);
    this.join(this.welcome !== null);
  }

  private join(comeBack: boolean): void {
    const { room, name, token } = this.request!;
    const join: Record<string, unknown> = { type: 'join', protocol: 1, room, name };
    if (token) join['token'] = token;
    if (comeBack && this.welcome) {
      join['room'] = this.welcome.room;
      join['resume'] = this.welcome.resume;
      join['ack'] = this.lastReceived;
      if (this.proof) join['proof'] = this.proof;
    }
    this.phase = 'joining';
    this.listener.joining(comeBack);
    this.socket?.send(JSON.stringify(join));
    this.deadline(kJoinTimeoutMs, 'no welcome');
  }

  /** Gives the socket up when what we wait for does not come. */
  private deadline(ms: number, reason: string): void {
    this.cancelDeadline?.();
    this.cancelDeadline = this.environment.timers.after(ms, () => this.abandon(reason));
  }

  private abandon(reason: string): void {
    const socket = this.socket;
    this.closed(1006, reason);
    if (socket && socket !== this.socket) socket.close();
  }

  private closed(code: number, reason: string): void {
    if (this.phase === 'idle') return;
    const final = kFinalCodes.has(code);
    if (final) {
      if (this.refusal) this.listener.refused(this.refusal.code, this.refusal.message);
      this.stop(code, reason);
      return;
    }
    if (code === kMembershipOverCode) this.forgetMembership();
    this.socket = null;
    this.clearTimers();
    this.phase = 'waiting';
    const retryInMs = this.retryDelay(code);
    this.listener.closed(code, reason, retryInMs);
    if (this.phase !== 'waiting') return; // the listener left
    this.cancelRetry = this.environment.timers.after(retryInMs, () => this.connect());
  }

  private retryDelay(code: number): number {
    const step = kBackoffMs[Math.min(this.attempt, kBackoffMs.length - 1)]!;
    // The first attempt after a working socket comes at once (attempt was reset by welcome).
    const base = this.attempt === 0 ? 0 : step;
    const spread = base * (0.7 + 0.6 * this.environment.random());
    const least = code === kSlowDownCode ? Math.max(1000, this.retryAfterMs) : this.retryAfterMs;
    return Math.max(spread, least);
  }

  private stop(code: number, reason: string): void {
    const socket = this.socket;
    this.socket = null;
    this.phase = 'idle';
    this.clearTimers();
    this.forgetMembership();
    socket?.close(1000);
    this.listener.closed(code, reason, null);
  }

  private forgetMembership(): void {
    this.welcome = null;
    this.proof = '';
    this.resetCounts();
    this.waiting = [];
    this.waitingBytes = 0;
  }

  private resetCounts(): void {
    this.lastSent = 0;
    this.kept = [];
    this.keptBytes = 0;
    this.lastReceived = 0;
    this.unackedMessages = 0;
    this.unackedBytes = 0;
  }

  private clearTimers(): void {
    this.cancelAck?.();
    this.cancelRetry?.();
    this.cancelDeadline?.();
    this.cancelPing?.();
    this.cancelAck = this.cancelRetry = this.cancelDeadline = this.cancelPing = null;
  }

  // ---- receiving -------------------------------------------------------------------------------

  private received(raw: unknown): void {
    const envelope = parseServerMessage(raw);
    if (!envelope) return;
    if (envelope.message.type === 'welcome') {
      if (this.phase === 'joining') this.welcomed(envelope.message.welcome);
      return;
    }
    if (this.phase === 'joined') {
      // Whatever comes shows that the socket lives.
      this.cancelDeadline?.();
      this.cancelDeadline = null;
      if (!this.count(envelope, raw as string)) return;
    }
    this.handle(envelope.message);
  }

  /** Sequence and acknowledgement (section 5). False: a repetition. */
  private count(envelope: Envelope, raw: string): boolean {
    if (envelope.ack !== null) this.acknowledged(envelope.ack);
    if (envelope.seq === null) return true;
    if (envelope.seq <= this.lastReceived) return false;
    this.lastReceived = envelope.seq;
    this.unackedMessages += 1;
    this.unackedBytes += raw.length;
    if (this.unackedMessages >= kAckMessages || this.unackedBytes >= kAckBytes) {
      this.write({ type: 'ack' });
    } else {
      this.cancelAck ??= this.environment.timers.after(kAckDelayMs, () => {
        this.cancelAck = null;
        if (this.unackedMessages > 0) this.write({ type: 'ack' });
      });
    }
    return true;
  }

  private handle(message: ServerMessage): void {
    if (message.type === 'error') {
      this.failed(message);
      return;
    }
    if (message.type === 'ice-servers' && message.proof) this.proof = message.proof;
    if (message.type === 'pong' || message.type === 'ack' || message.type === 'unknown') return;
    if (this.phase === 'joined') this.listener.message(message);
  }

  private failed(error: ServerMessage & { type: 'error' }): void {
    this.retryAfterMs = error.retryAfter;
    if (error.fatal) {
      this.refusal = error;
    } else if (error.code === 'resume-failed' && this.phase === 'joining') {
      this.forgetMembership();
      this.join(false);
      return;
    } else if (this.phase === 'joining') {
      // Nothing of our first message was to the server's liking, and repeating it changes nothing.
      this.listener.message(error);
      this.listener.refused(error.code, error.message);
      this.stop(4400, error.code);
      return;
    }
    this.listener.message(error);
  }

  private welcomed(welcome: Welcome): void {
    this.cancelDeadline?.();
    this.cancelDeadline = null;
    const unsent = welcome.resumed ? [] : this.unsentMessages();
    if (!welcome.resumed) this.resetCounts();
    this.welcome = welcome;
    this.proof = welcome.proof;
    this.phase = 'joined';
    this.attempt = 0;
    this.write({ type: 'ack' });
    if (welcome.resumed) {
      this.forget(welcome.ack);
      for (const { text } of this.kept) this.socket?.send(text);
    }
    this.listener.welcomed(welcome, welcome.returned ? unsent : []);
    this.sendWaiting();
  }

  private unsentMessages(): Unsent[] {
    const kept = this.kept.map((entry) => entry.unsent);
    const waiting = this.waiting.map((entry) => entry.unsent);
    this.waiting = [];
    this.waitingBytes = 0;
    return [...kept, ...waiting].filter((unsent): unsent is Unsent => unsent !== null);
  }

  // ---- sending ---------------------------------------------------------------------------------

  private post(body: object, unsent: Unsent | null): void {
    if (!this.welcome) return; // not a member: nobody to send to
    const bytes = utf8Length(JSON.stringify(body)) + 64; // with room for seq and ack
    if (bytes > this.welcome.limits.messageBytes) return;
    if (this.waiting.length > 0 || this.keptBytes + bytes > this.welcome.limits.bufferBytes) {
      this.waiting.push({ body, unsent, bytes });
      this.waitingBytes += bytes;
      if (this.waitingBytes > kMaxWaitingBytes) this.giveUp();
      return;
    }
    this.number(body, unsent, bytes);
  }

  private number(body: object, unsent: Unsent | null, bytes: number): void {
    const seq = ++this.lastSent;
    const text = JSON.stringify({ ...body, seq, ack: this.lastReceived });
    this.kept.push({ seq, text, unsent, bytes });
    this.keptBytes += bytes;
    if (this.phase === 'joined') {
      this.socket?.send(text);
      this.sentSomething();
    }
  }

  private acknowledged(upTo: number): void {
    if (this.forget(upTo)) this.sendWaiting();
  }

  /** Drops what the server has. True: there is more room now. */
  private forget(upTo: number): boolean {
    let gone = 0;
    while (gone < this.kept.length && this.kept[gone]!.seq <= upTo) {
      this.keptBytes -= this.kept[gone]!.bytes;
      gone += 1;
    }
    this.kept.splice(0, gone);
    return gone > 0;
  }

  private sendWaiting(): void {
    while (this.waiting.length > 0 && this.welcome) {
      const { body, unsent, bytes } = this.waiting[0]!;
      if (this.keptBytes + bytes > this.welcome.limits.bufferBytes) return;
      this.waiting.shift();
      this.waitingBytes -= bytes;
      this.number(body, unsent, bytes);
    }
  }

  /** Our store is full: the membership cannot be kept whole, so it ends (section 5.8). */
  private giveUp(): void {
    const socket = this.socket;
    this.forgetMembership();
    this.closed(kMembershipOverCode, 'too much unacknowledged');
    socket?.close(1000);
  }

  /** Unnumbered messages; each carries the latest acknowledgement. */
  private write(body: object): void {
    this.socket?.send(JSON.stringify({ ...body, ack: this.lastReceived }));
    this.sentSomething();
  }

  private sentSomething(): void {
    this.unackedMessages = 0;
    this.unackedBytes = 0;
    this.cancelAck?.();
    this.cancelAck = null;
    this.cancelPing?.();
    this.cancelPing = this.environment.timers.after((this.welcome?.pingEvery ?? 25) * 1000, () =>
      this.ping(kPongTimeoutMs),
    );
  }

  private ping(patienceMs: number): void {
    this.write({ type: 'ping' });
    if (!this.cancelDeadline) this.deadline(patienceMs, 'no pong');
  }
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}
