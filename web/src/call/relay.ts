// Stone 6: whether the relay carries the call, whose, and why; and why a relay refused. Pure.

import { relayTransport } from './address.ts';
import type { CandidateInfo, EventBodies, PairEnd, PairInfo, RelayError, RelayRefusal } from './events.ts';

export interface RelayFacts {
  policy: 'all' | 'relay';
  directAnswered: boolean;
  /** Every candidate the other side sent us so far. */
  theirs: readonly CandidateInfo[];
}

/** A peer-reflexive end can be a relayed address that answered before its candidate arrived. */
export function isRelayed(end: PairEnd, theirs: readonly CandidateInfo[]): boolean {
  if (end.type === 'relay') return true;
  return end.type === 'prflx' && theirs.some((candidate) =>
    candidate.type === 'relay' && candidate.port === end.port && candidate.address === end.address);
}

export function judgeRelay(pair: PairInfo, facts: RelayFacts): EventBodies['relay'] {
  const ours = pair.local.type === 'relay';
  const theirs = isRelayed(pair.remote, facts.theirs);
  if (!ours && !theirs) return { used: false, why: 'direct-path' };
  const real = facts.theirs.filter((candidate) => candidate.type !== 'end');
  const why =
    facts.policy === 'relay'
      ? 'forced'
      : real.length > 0 && real.every((candidate) => candidate.type === 'relay')
        ? 'forced-by-peer'
        : facts.directAnswered
          ? 'preferred'
          : 'no-direct-pair';
  const verdict: EventBodies['relay'] = {
    used: true,
    why,
    whose: ours && theirs ? 'both' : ours ? 'yours' : 'theirs',
  };
  if (ours && pair.local.url) verdict.url = pair.local.url;
  const protocol = pair.local.relayProtocol ?? (pair.local.url ? relayTransport(pair.local.url) : null);
  if (ours && protocol) verdict.protocol = protocol;
  return verdict;
}

/** What a TURN error code means to a person (RFC 8656 section 19; 701 is webrtc-pc's own). */
export function whyRefused(code: number): RelayRefusal {
  if (code === 401 || code === 438 || code === 441) return 'credentials';
  if (code === 403) return 'forbidden';
  if (code === 486 || code === 508) return 'quota';
  return code === 701 ? 'unreachable' : 'other';
}

/** Errors of one connection's TURN servers; one per URL, the most telling one. */
export class RelayErrors {
  private readonly byUrl = new Map<string, RelayError>();

  add(url: string, code: number, text: string): void {
    if (relayTransport(url) === null) return;
    const before = this.byUrl.get(url);
    // An answer from the server says more than "no answer" on another interface.
    if (before && before.code !== 701 && code === 701) return;
    this.byUrl.set(url, { url, code, text, why: whyRefused(code) });
  }

  /** The URL gave a relayed candidate after all. */
  worked(url: string | undefined): void {
    if (url) this.byUrl.delete(url);
  }

  list(): RelayError[] {
    return [...this.byUrl.values()];
  }
}
