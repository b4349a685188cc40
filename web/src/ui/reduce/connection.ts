// Steps 2 to 6 for one member: what our own events say of the connection to them.

import type { CallEvent } from '../../call/events.ts';
import { peerOf } from './reduce.ts';
import type { Link, PeerState, State } from './state.ts';

/** Samples kept for the charts: ten minutes at one a second. */
const kMaxSamples = 600;

export function addConnection(state: State, event: CallEvent): void {
  const peer = peerOf(state, event);
  if (!peer) return;
  switch (event.kind) {
    case 'connection-made':
      // A new connection, also a second one to the same member, starts with nothing known.
      forget(peer);
      peer.role = event.role;
      peer.madeAt = event.t;
      peer.channelOpen = false;
      setLink(peer, peer.everConnected ? 'reconnecting' : 'connecting', event.t);
      return;
    case 'description':
      return description(peer, event);
    case 'candidate':
      return candidate(peer, event);
    case 'state':
      return machine(peer, event.machine, event.state, event.t);
    case 'pairs':
      for (const id of event.gone) peer.pairs.delete(id);
      for (const pair of event.pairs) peer.pairs.set(pair.id, pair);
      if (event.pairs.some((pair) => pair.requestsSent > 0)) peer.checksFrom ??= event.t;
      return;
    case 'path':
      return path(peer, event);
    case 'connected':
      setLink(peer, 'connected', event.t);
      peer.connectedAt = event.t;
      peer.firstConnectedAt ??= event.t;
      peer.connectMs = event.ms;
      peer.everConnected = true;
      peer.lost = null;
      return;
    case 'restart':
      peer.restarts++;
      loseIt(peer);
      forget(peer);
      peer.restartedAt = event.t;
      peer.restartWhy = event.why;
      setLink(peer, peer.everConnected ? 'reconnecting' : 'connecting', event.t);
      return;
    case 'relay':
      peer.relay = {
        used: event.used,
        why: event.why,
        whose: event.whose ?? null,
        url: event.url ?? null,
        protocol: event.protocol ?? null,
        at: event.t,
      };
      correctPathChange(peer, event.used);
      return;
    case 'channel':
      if (event.state === 'open') peer.channelOpen = true;
      return;
    case 'first-frame':
      peer.firstFrameAt ??= event.t;
      return;
    case 'first-sound':
      peer.firstSoundAt ??= event.t;
      return;
    case 'clock':
      peer.clock = { offsetMs: event.offsetMs, errorMs: event.errorMs };
      return;
    case 'stats':
      peer.sample = event;
      peer.samples.push(event);
      if (peer.samples.length > kMaxSamples) peer.samples.shift();
      return;
    case 'failure':
      // Also a refusing relay, once it is the verdict on one member's connection.
      if (event.cause === 'no-pair-answered' || event.cause === 'connection-lost' ||
          event.cause === 'media-failed' || event.cause === 'relay-refused') {
        setLink(peer, 'failed', event.t);
      }
      return;
    default:
      return;
  }
}

function loseIt(peer: PeerState): void {
  if (!peer.selected) return;
  peer.lost = { pair: peer.selected, local: peer.local, remote: peer.remote, relay: peer.relay };
}

/** A restart runs steps 2 to 6 again; what is drawn in the diagram stays. */
function forget(peer: PeerState): void {
  peer.offer = { startedAt: null, endedAt: null, failed: null };
  peer.answer = { startedAt: null, endedAt: null, failed: null };
  peer.local = [];
  peer.remote = [];
  peer.candidatesFrom = null;
  peer.candidatesTo = null;
  peer.localEnded = null;
  peer.remoteEnded = null;
  peer.rejected = 0;
  peer.checksFrom = null;
  peer.pairs = new Map();
  peer.selected = null;
  peer.selectedAt = null;
  peer.relay = null;
  peer.relayReadyAt = null;
  peer.connectedAt = null;
}

function setLink(peer: PeerState, link: Link, t: number): void {
  if (peer.link === link) return;
  peer.link = link;
  peer.linkSince = t;
}

function description(peer: PeerState, event: CallEvent<'description'>): void {
  if (event.type === 'rollback') return;
  const which = event.type === 'offer' ? peer.offer : peer.answer;
  // An offer or answer of later changes (a screen, a mute) is not the connection's own step.
  if (which.endedAt !== null && peer.connectedAt !== null) return;
  switch (event.stage) {
    case 'made':
    case 'received':
      which.startedAt ??= event.t;
      return;
    case 'sent':
    case 'applied':
      which.startedAt ??= event.t;
      // Ours is done when it has gone; theirs when our browser has taken it in.
      which.endedAt ??= event.t;
      which.failed = null;
      return;
    case 'failed':
      which.failed = event.text ?? '';
      which.endedAt ??= event.t;
      return;
    case 'ignored':
      return;
  }
}

function candidate(peer: PeerState, event: CallEvent<'candidate'>): void {
  peer.candidatesFrom ??= event.t;
  peer.candidatesTo = event.t;
  const end = event.candidate.type === 'end';
  switch (event.stage) {
    case 'gathered':
      if (end) peer.localEnded ??= event.t;
      else peer.local.push(event.candidate);
      if (event.candidate.type === 'relay') peer.relayReadyAt ??= event.t;
      return;
    case 'received':
      if (end) peer.remoteEnded ??= event.t;
      else peer.remote.push(event.candidate);
      return;
    case 'rejected':
      peer.rejected++;
      return;
    default:
      return;
  }
}

function machine(peer: PeerState, which: string, value: string, t: number): void {
  if (which === 'gathering' && value === 'complete') peer.localEnded ??= t;
  if (which === 'ice') {
    peer.iceState = value;
    if (value === 'checking') peer.checksFrom ??= t;
  }
  if (which !== 'ice' && which !== 'connection') return;
  if (value === 'disconnected' && peer.link === 'connected') {
    loseIt(peer);
    setLink(peer, 'reconnecting', t);
  } else if (value === 'connected' && which === 'connection' && peer.link === 'reconnecting') {
    // It came back by itself, without a restart.
    if (peer.selected) {
      setLink(peer, 'connected', t);
      peer.connectedAt ??= t;
      peer.lost = null;
    }
  }
}

function path(peer: PeerState, event: CallEvent<'path'>): void {
  peer.selected = event.pair;
  peer.selectedAt = event.t;
  peer.pairs.set(event.pair.id, event.pair);
  const relayed = event.pair.local.type === 'relay' || event.pair.remote.type === 'relay';
  peer.pathChanges.push({ at: event.t, kind: relayed ? 'relay' : 'direct' });
}

/** A relayed address can show up as peer-reflexive; the engine's verdict knows better than the type. */
function correctPathChange(peer: PeerState, used: boolean): void {
  const last = peer.pathChanges[peer.pathChanges.length - 1];
  const kind = used ? 'relay' : 'direct';
  if (last && last.kind !== kind) peer.pathChanges[peer.pathChanges.length - 1] = { at: last.at, kind };
}
