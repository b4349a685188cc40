// The path picture's facts: which way the media goes, what stands on it, and the pairs that lost.
//
// Only what was seen is stated. A router is 'seen' where a host address and the address others see
// differ; 'none' where they are the same or the pair never leaves the network; 'unknown' where the
// browser hides what would tell.

import type { CandidateInfo, PairEnd, PairInfo } from '../../call/events.ts';
import { isPrivateAddress } from './stones.ts';
import { text, type PeerState, type State, type Text } from './state.ts';

export type Router = 'seen' | 'none' | 'unknown';

export interface PathView {
  readonly kind: 'direct' | 'relay';
  /** How each half is carried: yours, theirs; null where it can't be seen. */
  readonly yourTransport: 'udp' | 'tcp' | 'tls';
  readonly theirTransport: 'udp' | 'tcp' | 'tls' | null;
  readonly yourRouter: Router;
  readonly theirRouter: Router;
  readonly internet: boolean; // false: both ends are in one network, or on one machine
  readonly near: 'machine' | 'network' | null;
  readonly yourAddress: string;
  readonly theirAddress: string;
  readonly yourPublic: string | null;
  readonly theirPublic: string | null;
  readonly relayName: string | null; // null: the browser or the other side keeps its name
  readonly whose: 'yours' | 'theirs' | 'both' | null;
}

export interface LosingPair {
  readonly id: string;
  readonly local: PairEnd;
  readonly remote: PairEnd;
  readonly state: PairInfo['state'];
  readonly reason: Text;
}

const isMdns = (address: string): boolean => address.endsWith('.local');
const hidden = (address: string): boolean =>
  address === '' || address === '0.0.0.0' || address === '::' || isMdns(address);

export function serverOf(url: string): string {
  return url.replace(/^(stuns?|turns?):/, '').replace(/\?.*$/, '');
}

/** Whether a router stands between these candidates' owner and the rest. */
function routerOf(candidates: readonly CandidateInfo[], selected: PairEnd | null): Router {
  const hosts = new Set(
    candidates.filter((c) => c.type === 'host' && !hidden(c.address)).map((c) => c.address),
  );
  const seen = candidates.filter((c) => c.type === 'srflx' || c.type === 'prflx');
  if (selected && (selected.type === 'srflx' || selected.type === 'prflx')) {
    const known = selected.related && !hidden(selected.related.address);
    if (known && selected.related?.address !== selected.address) return 'seen';
    if (selected.address && hosts.has(selected.address)) return 'none';
  }
  for (const c of seen) {
    if (c.related && !hidden(c.related.address)) {
      if (c.related.address !== c.address) return 'seen';
    } else if (hosts.size > 0 && !hosts.has(c.address)) {
      return 'seen';
    }
  }
  if (seen.length > 0 && hosts.size === 0) {
    // The host address is behind an mDNS name: whether it equals the mapped one can't be seen.
    return 'unknown';
  }
  if (hosts.size > 0 && [...hosts].some((a) => !isPrivateAddress(a))) return 'none';
  return 'unknown';
}

/** The address of the machine itself, where it is known: its routers' are drawn on the routers. */
function ownAddress(candidates: readonly CandidateInfo[], end: PairEnd): string {
  if (end.type === 'host') return hidden(end.address) ? '' : end.address;
  if (end.type !== 'relay' && end.related && !hidden(end.related.address)) return end.related.address;
  return candidates.find((c) => c.type === 'host' && !hidden(c.address))?.address ?? '';
}

function publicOf(candidates: readonly CandidateInfo[]): string | null {
  return candidates.find((c) => c.type === 'srflx' && !hidden(c.address))?.address ?? null;
}

function nearness(pair: PairInfo, sameMachine: boolean): 'machine' | 'network' | null {
  const loop = (a: string): boolean => a.startsWith('127.') || a === '::1';
  if (sameMachine || loop(pair.local.address) || loop(pair.remote.address)) return 'machine';
  const same = pair.local.address !== '' && pair.local.address === pair.remote.address;
  const inside = (end: PairEnd): boolean => end.type === 'host' || (end.type === 'prflx' &&
    (hidden(end.address) || isPrivateAddress(end.address)));
  if (same && inside(pair.local) && inside(pair.remote)) return 'machine';
  const anyPublic = [pair.local, pair.remote].some(
    (end) => !hidden(end.address) && !isPrivateAddress(end.address),
  );
  return inside(pair.local) && inside(pair.remote) && !anyPublic ? 'network' : null;
}

export function pathOf(state: State, peer: PeerState): PathView | null {
  const now = peer.selected
    ? { pair: peer.selected, local: peer.local, remote: peer.remote, relay: peer.relay } : peer.lost;
  if (!now) return null;
  const { pair, local, remote, relay } = now;
  const yours = pair.local.type === 'relay';
  const theirs = pair.remote.type === 'relay' || relay?.whose === 'theirs' || relay?.whose === 'both';
  const kind = relay?.used === true || yours || theirs ? 'relay' : 'direct';
  const near = kind === 'relay' ? null : nearness(pair, peer.sameMachine);
  const probed = state.address.answers.find((a) => a.mapped && a.base && !hidden(a.base.address));
  let yourRouter: Router = near ? 'none' : routerOf(local, pair.local);
  if (!near && yourRouter === 'unknown' && probed?.mapped && probed.base) {
    yourRouter = probed.mapped.address === probed.base.address ? 'none' : 'seen';
  }
  const url = relay?.url ?? pair.local.url ?? null;
  return {
    kind,
    yourTransport: yours ? (pair.local.relayProtocol ?? relay?.protocol ?? 'udp') : pair.local.protocol,
    theirTransport: theirs ? null : kind === 'relay' ? 'udp' : pair.remote.protocol,
    yourRouter,
    theirRouter: near ? 'none' : routerOf(remote, pair.remote),
    internet: near === null,
    near,
    yourAddress: ownAddress(local, pair.local),
    theirAddress: ownAddress(remote, pair.remote),
    yourPublic: publicOf(local) ?? state.address.mapped?.address ?? null,
    theirPublic: publicOf(remote),
    relayName: kind === 'relay' && url ? serverOf(url) : null,
    whose: relay?.whose ?? (kind === 'direct' ? null : yours && theirs ? 'both' : yours ? 'yours' : 'theirs'),
  };
}

export function losingPairs(peer: PeerState): LosingPair[] {
  const selected = peer.selected?.id;
  const connected = peer.connectedAt !== null;
  const list: LosingPair[] = [];
  for (const pair of peer.pairs.values()) {
    if (pair.id === selected) continue;
    list.push({
      id: pair.id, local: pair.local, remote: pair.remote, state: pair.state,
      reason: reasonOf(pair, connected),
    });
  }
  const rank = (p: LosingPair): number => ['succeeded', 'in-progress', 'failed', 'waiting', 'frozen'].indexOf(p.state);
  return list.sort((a, b) => rank(a) - rank(b));
}

function reasonOf(pair: PairInfo, connected: boolean): Text {
  const n = pair.requestsSent;
  if (pair.responsesReceived > 0) {
    return pair.rttMs === null
      ? text('pair.answered')
      : text('pair.answeredMs', { ms: Math.round(pair.rttMs) });
  }
  if (n === 0) return text(connected ? 'pair.notTried' : pair.state === 'failed' ? 'pair.dropped' : 'pair.waiting');
  return text(pair.state === 'failed' || connected ? 'pair.noAnswer' : 'pair.noAnswerYet', { n });
}
