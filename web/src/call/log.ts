// The list behind Call.events. Appends, notifies, and keeps itself bounded; what an event means is
// events.ts's business. Times are milliseconds of the injected clock.

import type { CallEvent, EventBodies, EventHead, EventKind } from './events.ts';

/** Above this many events the log thins itself back to kThinTo. */
export const kMaxEvents = 20_000;
export const kThinTo = 16_000;
/** Stats younger than this are kept whole; older ones one per kStatsEveryMs and member. */
const kStatsWholeMs = 10 * 60_000;
const kStatsEveryMs = 10_000;

export type HeadParts = Partial<Omit<EventHead, 'seq'>>;

export class EventLog {
  readonly events: CallEvent[] = [];
  private readonly listeners = new Set<(event: CallEvent) => void>();
  private nextSeq = 0;

  constructor(readonly now: () => number) {}

  record<K extends EventKind>(kind: K, body: EventBodies[K], head: HeadParts = {}): void {
    const event = {
      seq: this.nextSeq++,
      t: head.t ?? this.now(),
      by: head.by ?? 'you',
      ...(head.peer === undefined ? {} : { peer: head.peer }),
      ...(head.approx ? { approx: true as const, error: head.error ?? 0 } : {}),
      ...(head.remoteT === undefined ? {} : { remoteT: head.remoteT }),
      kind,
      ...body,
    } as unknown as CallEvent;
    this.events.push(event);
    if (this.events.length > kMaxEvents) this.thin();
    for (const listener of [...this.listeners]) listener(event);
  }

  subscribe(listener: (event: CallEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Least telling first: old stats, file progress, told events, then whatever is oldest. */
  private thin(): void {
    const horizon = this.now() - kStatsWholeMs;
    const lastKept = new Map<string, number>();
    this.keep((event) => {
      if (event.kind !== 'stats' || event.t > horizon) return true;
      const last = lastKept.get(event.peer ?? '');
      if (last !== undefined && event.t - last < kStatsEveryMs) return false;
      lastKept.set(event.peer ?? '', event.t);
      return true;
    });
    if (this.events.length <= kThinTo) return;
    this.keep((event) => !(event.kind === 'file' && event.stage === 'progress'));
    if (this.events.length <= kThinTo) return;
    this.dropOldest((event) => event.kind === 'stats' || event.kind === 'pairs');
    this.dropOldest((event) => event.by !== 'you' && event.kind !== 'chat');
    this.dropOldest((event) => event.kind === 'chat');
    this.dropOldest((event) => event.kind !== 'log-start');
  }

  private dropOldest(droppable: (event: CallEvent) => boolean): void {
    let excess = this.events.length - kThinTo;
    if (excess <= 0) return;
    this.keep((event) => !(excess > 0 && droppable(event) && excess-- > 0));
  }

  /** Filters in place, so that holders of `events` keep seeing the live list. */
  private keep(wanted: (event: CallEvent) => boolean): void {
    let to = 0;
    for (const event of this.events) if (wanted(event)) this.events[to++] = event;
    this.events.length = to;
  }
}
