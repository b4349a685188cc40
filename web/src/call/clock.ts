// Estimates how far another page's log clock is from ours, NTP-fashion: of many ping exchanges the
// one with the shortest round trip is nearest to the truth. Knows no network and no timers.

/** How fast two machines' clocks may drift apart: 100 ppm, the worst of ordinary quartz. */
const kDrift = 1e-4;

export interface ClockEstimate {
  offsetMs: number; // theirs minus ours
  errorMs: number; // the truth lies within ± this, if neither direction took negative time
  rttMs: number;
}

export class ClockEstimator {
  private best: (ClockEstimate & { at: number }) | null = null;

  /** sent and back on our clock, received and answered on theirs. True: the estimate improved. */
  add(sent: number, received: number, answered: number, back: number): boolean {
    const rttMs = back - sent - (answered - received);
    if (![sent, received, answered, back].every(Number.isFinite) || rttMs < 0) return false;
    const errorMs = rttMs / 2;
    if (this.best && errorMs >= this.errorAt(back)) return false;
    const offsetMs = (received - sent + (answered - back)) / 2;
    this.best = { offsetMs, errorMs, rttMs, at: back };
    return true;
  }

  get estimate(): ClockEstimate | null {
    return this.best;
  }

  /** Their time on our clock, or null before the first estimate. */
  toOurs(theirs: number): number | null {
    return this.best ? theirs - this.best.offsetMs : null;
  }

  errorAt(now: number): number {
    return this.best ? this.best.errorMs + Math.max(0, now - this.best.at) * kDrift : Infinity;
  }
}
