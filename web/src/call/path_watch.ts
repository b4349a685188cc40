// Looks at getStats of one connection: fast while it connects, once a second afterwards. Records
// pair checks, the selected path, the relay's verdict, samples, and the first sound.

import type { EventBodies, EventKind, CandidateInfo, PairInfo } from './events.ts';
import { isRelayed, judgeRelay } from './relay.ts';
import { asReport, PairTracker, readPairs, Sampler } from './stats.ts';
import type { LineRoles } from './stats.ts';
import type { Timers } from './timers.ts';

const kFastMs = 200;
const kSlowMs = 1_000;

export interface PathWatchHost {
  record<K extends EventKind>(kind: K, body: EventBodies[K]): void;
  lines(): LineRoles;
  policy: 'all' | 'relay';
  theirCandidates(): readonly CandidateInfo[];
  /** The selected pair, for who wants to know (same machine). */
  path(pair: PairInfo): void;
}

export class PathWatch {
  readonly pairs = new PairTracker();
  private readonly sampler = new Sampler();
  private selected: PairInfo | null = null;
  private relay = '';
  private lastSample = -Infinity;
  private heard = false;
  private connected = false;
  private stopped = false;
  private looking = false;
  private again = false;
  private cancel: (() => void) | null = null;

  constructor(
    private readonly connection: Pick<RTCPeerConnection, 'getStats'>,
    private readonly timers: Timers,
    private readonly host: PathWatchHost,
  ) {
    this.schedule();
  }

  stop(): void {
    this.stopped = true;
    this.cancel?.();
  }

  setConnected(connected: boolean): void {
    this.connected = connected;
    void this.look();
  }

  /** A new ICE generation: what is selected now will be selected anew. */
  restarted(): void {
    this.pairs.reset();
    this.connected = false;
  }

  get path(): PairInfo | null {
    return this.selected;
  }

  private schedule(): void {
    this.cancel?.();
    if (this.stopped) return;
    // The path is shown the moment it is known, which can be a little after 'connected'.
    const fast = !this.connected || !this.selected;
    this.cancel = this.timers.after(fast ? kFastMs : kSlowMs, () => void this.look());
  }

  async look(): Promise<void> {
    if (this.stopped) return;
    if (this.looking) {
      this.again = true; // something changed since that look began
      return;
    }
    this.looking = true;
    try {
      const report = asReport(await this.connection.getStats());
      if (this.stopped) return;
      this.readPairs(readPairs(report));
      this.readSound(report);
      const now = this.timers.now();
      if (this.connected && now - this.lastSample >= kSlowMs * 0.9) {
        this.lastSample = now;
        this.host.record('stats', this.sampler.sample(report, this.host.lines(), this.selected));
      }
    } catch {
      // A closed connection has no stats; its owner stops us.
    } finally {
      this.looking = false;
      if (this.again) {
        this.again = false;
        void this.look();
      } else this.schedule();
    }
  }

  private readPairs(pairs: PairInfo[]): void {
    const change = this.pairs.update(pairs);
    if (change) this.host.record('pairs', change);
    const selected = pairs.find((pair) => pair.selected && pair.state === 'succeeded');
    if (!selected) return;
    if (selected.id !== this.selected?.id) {
      this.host.record('path', { pair: selected, previous: this.selected?.id ?? null });
      this.host.path(selected);
    }
    this.selected = selected;
    this.judge(selected);
  }

  private judge(pair: PairInfo): void {
    const theirs = this.host.theirCandidates();
    const verdict = judgeRelay(pair, {
      policy: this.host.policy,
      directAnswered: this.pairs.directAnswered((end) => isRelayed(end, theirs)),
      theirs,
    });
    const text = JSON.stringify(verdict);
    if (text === this.relay) return;
    this.relay = text;
    this.host.record('relay', verdict);
  }

  private readSound(report: ReturnType<typeof asReport>): void {
    if (this.heard) return;
    for (const stat of report.values()) {
      const packets = stat['packetsReceived'];
      if (stat.type === 'inbound-rtp' && stat['kind'] === 'audio' && typeof packets === 'number' && packets > 0) {
        this.heard = true;
        this.host.record('first-sound', {});
        return;
      }
    }
  }
}
