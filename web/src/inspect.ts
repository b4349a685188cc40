// `window.parley`: a read-only look into the call for tests and curious people. It shows what the
// page knows anyway and commands nothing.

import type { CallEngine } from './call/engine.ts';
import type { CallEvent } from './call/events.ts';

export interface Inspection {
  readonly events: readonly CallEvent[];
  readonly self: Readonly<{ id: string | null; name: string; room: string | null; joined: boolean }>;
  readonly now: number;
  /** By member: all stats of their connection, as the browser tells them. */
  getStats(): Promise<Record<string, unknown[]>>;
  report(): string;
}

export function inspection(call: CallEngine): Inspection {
  return Object.freeze({
    get events() {
      // A deep copy: nobody can change the log through it, and no object in it is there twice.
      return JSON.parse(JSON.stringify(call.events)) as CallEvent[];
    },
    get self() {
      return { ...call.self };
    },
    get now() {
      return call.now();
    },
    getStats: () => call.getStats(),
    report: () => call.saveReport(),
  });
}
