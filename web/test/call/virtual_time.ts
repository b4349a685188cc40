// A clock that moves only when told to, and a seeded generator: every test is the same every time.

import type { Timers } from '../../src/call/timers.ts';

interface Entry {
  at: number;
  order: number;
  callback: () => void;
}

export class VirtualTime implements Timers {
  private time = 0;
  private order = 0;
  private entries: Entry[] = [];

  now(): number {
    return this.time;
  }

  after(ms: number, callback: () => void): () => void {
    const entry = { at: this.time + Math.max(0, ms), order: this.order++, callback };
    this.entries.push(entry);
    return () => {
      this.entries = this.entries.filter((other) => other !== entry);
    };
  }

  get pending(): number {
    return this.entries.length;
  }

  /** Runs what is due within `ms`, and lets promises settle after each. */
  async run(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      await settle();
      const next = this.entries
        .filter((entry) => entry.at <= end)
        .sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (!next) break;
      this.entries = this.entries.filter((other) => other !== next);
      this.time = next.at;
      next.callback();
    }
    this.time = end;
    await settle();
  }
}

/** Lets every promise that can settle do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** mulberry32: small, seeded, good enough to shuffle a test. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
