// The exchange of events and clock readings with one member (docs/peer-messages.md sections 4, 5):
// by signalling until the `events` channel opens, then on the channel. Paced and bounded both ways.

import { ClockEstimator } from './clock.ts';
import type { CallEvent, EventBodies, Source } from './events.ts';
import type { EventLog } from './log.ts';
import { encode, isId, randomId } from './peer_messages.ts';
import type { Json, PeerMessage } from './peer_messages.ts';
import type { Timers } from './timers.ts';
import { fromWire, toWire } from './told.ts';
import type { Told } from './told.ts';

const kMaxQueued = 200;
const kMaxTold = 2_000;
/** 10 every 200 ms is the 50 a second that the protocol allows. */
const kFlushMs = 200;
const kPerFlush = 10;
const kAskQuicklyMs = 250;
const kAskQuickly = 4;
const kAskMs = 10_000;
const kAnswersPerSecond = 4;
const kMaxAsked = 16;

export interface StorytellerHost {
  readonly log: EventLog;
  readonly timers: Timers;
  /** Log time 0 in milliseconds since 1970. */
  readonly epoch: number;
  readonly peer: string;
  /** Sends by signalling; the storyteller keeps to small and few. */
  signal(messages: Json[]): void;
  state(): { microphone: boolean; camera: boolean; screen: boolean };
  /** What the other side says it sends. */
  theirState(state: Partial<Record<Source, boolean>>): void;
}

export class Storyteller {
  readonly clock = new ClockEstimator();
  private channel: ((message: string) => void) | null = null;
  private queue: Json[] = [];
  private number = 0;
  private readonly seen = new Set<number>();
  private readonly toldPairs = new Map<string, string>();
  private early: Told[] = [];
  private asked = new Map<string, number>();
  private asks = 0;
  private answers: number[] = [];
  private saidError = Infinity;
  private cancelFlush: (() => void) | null = null;
  private cancelAsk: (() => void) | null = null;
  private stopped = false;

  constructor(private readonly host: StorytellerHost) {}

  start(): void {
    this.ask();
  }

  stop(): void {
    this.stopped = true;
    this.channel = null;
    this.cancelFlush?.();
    this.cancelAsk?.();
  }

  attach(send: (message: string) => void): void {
    this.channel = send;
    this.asks = 0;
    this.saidError = Infinity;
    this.stateChanged();
    this.ask();
  }

  detach(): void {
    this.channel = null;
  }

  stateChanged(): void {
    this.channel?.(encode('state', this.host.state()));
  }

  /** An own event that concerns this member, or no one in particular. */
  tell(event: CallEvent): void {
    for (const wire of toWire(this.newsOf(event))) {
      this.number += 1;
      const at = this.host.epoch + event.t;
      this.queue.push({ v: 1, type: 'event', n: this.number, at, ...wire });
      if (this.queue.length > kMaxQueued) this.queue.shift();
    }
    if (this.queue.length > 0) this.flushLater();
  }

  /** A pair is told once per state, however often it is looked at. */
  private newsOf(event: CallEvent): CallEvent {
    if (event.kind !== 'pairs') return event;
    const pairs = event.pairs.filter((pair) => this.toldPairs.get(pair.id) !== pair.state);
    for (const pair of pairs) this.toldPairs.set(pair.id, pair.state);
    return { ...event, pairs };
  }

  private flushLater(): void {
    if (this.stopped) return;
    this.cancelFlush ??= this.host.timers.after(kFlushMs, () => {
      this.cancelFlush = null;
      this.flush();
    });
  }

  private flush(): void {
    const some = this.queue.splice(0, kPerFlush);
    if (some.length === 0) return;
    if (this.channel) for (const message of some) this.channel(JSON.stringify(message));
    else this.host.signal(some);
    if (this.queue.length > 0) this.flushLater();
  }

  // ---- clocks ----------------------------------------------------------------------------------

  private wall(): number {
    return this.host.epoch + this.host.log.now();
  }

  private ask(): void {
    if (this.stopped) return;
    this.cancelAsk?.();
    this.asks += 1;
    const id = randomId();
    this.asked.set(id, this.wall());
    if (this.asked.size > kMaxAsked) this.asked.delete(this.asked.keys().next().value!);
    this.say({ v: 1, type: 'clock', id, t0: this.asked.get(id) });
    const wait = this.asks < kAskQuickly ? kAskQuicklyMs : kAskMs;
    this.cancelAsk = this.host.timers.after(wait, () => this.ask());
  }

  private say(message: Json): void {
    if (this.channel) this.channel(JSON.stringify(message));
    else this.host.signal([message]);
  }

  private answer(message: PeerMessage): void {
    const t1 = this.wall();
    this.answers = this.answers.filter((at) => t1 - at < 1000);
    if (!isId(message['id']) || typeof message['t0'] !== 'number') return;
    if (this.answers.length >= kAnswersPerSecond) return;
    this.answers.push(t1);
    this.say({ v: 1, type: 'clock-reply', id: message['id'], t0: message['t0'], t1, t2: this.wall() });
  }

  private answered(message: PeerMessage): void {
    const { id, t1, t2 } = message;
    const t0 = typeof id === 'string' ? this.asked.get(id) : undefined;
    if (t0 === undefined || typeof t1 !== 'number' || typeof t2 !== 'number') return;
    this.asked.delete(id as string);
    if (!this.clock.add(t0, t1, t2, this.wall())) return;
    const { offsetMs, errorMs, rttMs } = this.clock.estimate!;
    // Only a clearly better estimate is worth an entry in the log.
    if (errorMs < this.saidError * 0.8) {
      this.saidError = errorMs;
      const body: EventBodies['clock'] = { offsetMs, errorMs, rttMs, over: this.channel ? 'channel' : 'signal' };
      this.host.log.record('clock', body, { peer: this.host.peer });
    }
    for (const told of this.early.splice(0)) this.record(told);
  }

  // ---- listening -------------------------------------------------------------------------------

  receive(message: PeerMessage): void {
    if (message.type === 'clock') this.answer(message);
    else if (message.type === 'clock-reply') this.answered(message);
    else if (message.type === 'state') this.heardState(message);
    else if (message.type === 'event') this.heard(message);
  }

  private heardState(message: PeerMessage): void {
    const state: Partial<Record<Source, boolean>> = {};
    for (const source of ['microphone', 'camera', 'screen'] as const) {
      if (typeof message[source] === 'boolean') state[source] = message[source];
    }
    this.host.theirState(state);
  }

  private heard(message: PeerMessage): void {
    const told = fromWire(message);
    // Two ways carry the events without order between them; a number counts once.
    if (!told || this.seen.has(told.n) || this.seen.size >= kMaxTold) return;
    this.seen.add(told.n);
    if (this.clock.estimate) this.record(told);
    else this.early.push(told);
  }

  private record(told: Told): void {
    const at = this.clock.toOurs(told.at);
    if (at === null) return;
    this.host.log.record(told.kind, told.body, {
      // Nothing happened before this page looked, nor after now.
      t: Math.min(Math.max(0, at - this.host.epoch), this.host.log.now()),
      by: this.host.peer,
      peer: this.host.peer,
      approx: true,
      error: this.clock.estimate?.errorMs ?? 0,
      remoteT: told.at,
    });
  }
}
