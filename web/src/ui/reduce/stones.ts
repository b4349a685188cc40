// The six stones: what each step is doing, since when, and why. Derived from State alone.
//
// Each stone looks only at its own facts, never at its neighbour's: steps that overlap are shown
// overlapping, and a step that was never seen to begin stays waiting.

import type { RelayError } from '../../call/events.ts';
import { bracket } from './wire.ts';
import {
  text, type FailureState, type PeerState, type State, type StepNumber, type Stone,
  type StoneState, type Text,
} from './state.ts';

function stone(
  step: StepNumber, state: StoneState, reason: Text, startedAt: number | null = null,
  endedAt: number | null = null,
): Stone {
  return { step, state, reason, startedAt, endedAt };
}

/** Addresses that no one outside a site, a machine or a link can have seen. */
export function isPrivateAddress(address: string): boolean {
  const v4 = address.toLowerCase().replace(/^::ffff:/, '');
  if (/^\d+\.\d+\.\d+\.\d+$/.test(v4)) {
    const [a = 0, b = 0] = v4.split('.').map(Number);
    return a === 10 || a === 127 || a === 0 || (a === 172 && b >= 16 && b < 32) ||
      (a === 192 && b === 168) || (a === 169 && b === 254) || (a === 100 && b >= 64 && b < 128);
  }
  return address === '::1' || /^f[cd]/i.test(address) || /^fe[89ab]/i.test(address);
}

/** The sentence of step 1, in the lobby and on its stone. */
export function addressStatement(state: State): Text[] {
  const { startedAt, verdict, mapped, answers } = state.address;
  if (startedAt === null) return [text('address.waiting')];
  const seen = mapped ?? answers.find((a) => a.mapped)?.mapped ?? null;
  const said: Text[] = [];
  if (seen) {
    const address = `${bracket(seen.address)}:${seen.port}`;
    said.push(text(isPrivateAddress(seen.address) ? 'address.seenNear' : 'address.seen', { address }));
  } else if (answers.some((a) => a.outcome === 'same-as-host')) {
    said.push(text('address.sameAsHost'));
  }
  if (verdict === 'symmetric') said.push(text('address.symmetric'));
  else if (verdict === 'none') said.push(text('address.none'));
  else if (verdict === null && said.length === 0) said.push(text('address.asking'));
  return said.length > 0 ? said : [text('address.asking')];
}

function addressStone(state: State): Stone {
  const { startedAt, endedAt, verdict } = state.address;
  if (startedAt === null) return stone(1, 'waiting', text('address.waiting'));
  const said = addressStatement(state);
  const reason = verdict === 'symmetric' && said.length > 1 ? said[1] : said[0];
  if (verdict === null || endedAt === null) {
    return stone(1, 'working', reason ?? text('address.asking'), startedAt);
  }
  return stone(1, verdict === 'none' ? 'failed' : 'done', reason ?? text('address.asking'), startedAt, endedAt);
}

function offerStone(peer: PeerState): Stone {
  const { startedAt, endedAt, failed } = peer.offer;
  const name = peer.name;
  const ours = peer.role !== 'callee';
  if (failed !== null) return stone(2, 'failed', text('offer.failed', { why: failed }), startedAt, endedAt);
  if (startedAt === null) {
    return stone(2, 'waiting', ours ? text('offer.waiting') : text('offer.waitingTheirs', { name }));
  }
  if (endedAt === null) {
    return stone(2, 'working', ours ? text('offer.working') : text('offer.workingTheirs', { name }), startedAt);
  }
  return stone(2, 'done', ours ? text('offer.done', { name }) : text('offer.doneTheirs', { name }), startedAt, endedAt);
}

function answerStone(peer: PeerState): Stone {
  const { startedAt, endedAt, failed } = peer.answer;
  const name = peer.name;
  const theirs = peer.role !== 'callee';
  if (failed !== null) return stone(3, 'failed', text('answer.failed', { why: failed }), startedAt, endedAt);
  if (startedAt === null) {
    if (peer.offer.endedAt === null) return stone(3, 'waiting', text('answer.notYet'));
    // The offer has gone out and the answer is not here: that is what is being worked on.
    return stone(3, 'working', theirs ? text('answer.waiting', { name }) : text('answer.working'), peer.offer.endedAt);
  }
  if (endedAt === null) return stone(3, 'working', text('answer.working'), startedAt);
  return stone(3, 'done', theirs ? text('answer.done', { name }) : text('answer.doneOurs', { name }), startedAt, endedAt);
}

function candidateStone(peer: PeerState): Stone {
  const params = { mine: peer.local.length, theirs: peer.remote.length, name: peer.name };
  if (peer.candidatesFrom === null) return stone(4, 'waiting', text('candidates.waiting'));
  const bothEnded = peer.localEnded !== null && (peer.remoteEnded !== null || peer.connectedAt !== null);
  const settled = peer.connectedAt !== null && peer.localEnded !== null;
  if (bothEnded || settled) {
    const ended = Math.max(peer.candidatesTo ?? 0, peer.localEnded ?? 0);
    if (peer.local.length === 0 && peer.remote.length === 0) {
      return stone(4, 'failed', text('candidates.none'), peer.candidatesFrom, ended);
    }
    return stone(4, 'done', text('candidates.done', params), peer.candidatesFrom, ended);
  }
  if (peer.link === 'failed') {
    const none = peer.remote.length === 0;
    return stone(
      4, none ? 'failed' : 'done', none ? text('candidates.noneTheirs', params) : text('candidates.done', params),
      peer.candidatesFrom, peer.candidatesTo,
    );
  }
  return stone(4, 'working', text('candidates.working', params), peer.candidatesFrom);
}

/** Pairs on which a check was sent, and those that answered. */
export function pairCounts(peer: PeerState): { tried: number; answered: number } {
  let tried = 0;
  let answered = 0;
  for (const pair of peer.pairs.values()) {
    if (pair.requestsSent > 0) tried++;
    if (pair.responsesReceived > 0) answered++;
  }
  return { tried, answered };
}

function talkStone(state: State, peer: PeerState): Stone {
  const { tried, answered } = pairCounts(peer);
  const from = peer.checksFrom;
  if (peer.link === 'failed') {
    const failure = failureOf(state, peer);
    if (failure?.cause === 'connection-lost') {
      return stone(5, 'failed', text('talk.lost'), from, failure.at);
    }
    if (failure?.cause === 'media-failed') {
      return stone(5, 'failed', text('talk.mediaFailed'), from, failure.at);
    }
    const n = failure?.evidence.pairsTried ?? tried;
    return stone(5, 'failed', n === 0 ? text('evidence.noPairs') : text('talk.failed', { n }), from, peer.linkSince);
  }
  if (peer.link === 'reconnecting') {
    return stone(5, 'working', text('talk.reconnecting'), from ?? peer.linkSince);
  }
  if (peer.connectedAt !== null) {
    const relayed = peer.relay?.used === true;
    return stone(5, 'done', text(relayed ? 'talk.doneRelay' : 'talk.done'), from ?? peer.connectedAt, peer.connectedAt);
  }
  if (from === null) return stone(5, 'waiting', text('talk.waiting'));
  if (answered > 0) return stone(5, 'working', text('talk.answered', { n: answered }), from);
  return stone(5, 'working', tried === 0 ? text('talk.checking') : text('talk.working', { n: tried }), from);
}

export function failureOf(state: State, peer: PeerState): FailureState | null {
  for (const cause of ['connection-lost', 'no-pair-answered', 'relay-refused', 'media-failed'] as const) {
    const failure = state.failures.get(`${cause}/${peer.id}`);
    if (failure) return failure;
  }
  return null;
}

function relayStone(state: State, peer: PeerState): Stone {
  const relay = peer.relay;
  const from = peer.relayReadyAt;
  if (relay && !relay.used) return stone(6, 'not-needed', text('relay.direct-path'), from, relay.at);
  if (relay) return stone(6, 'done', text(`relay.${relay.why}`, { name: peer.name }), from ?? relay.at, relay.at);
  const failure = failureOf(state, peer);
  const refused = state.failures.get(`relay-refused/${peer.id}`) ?? state.failures.get('relay-refused');
  const errors = failure?.evidence.relayErrors ?? refused?.evidence.relayErrors ?? [];
  if (peer.link === 'failed') {
    if (errors.length > 0) return stone(6, 'failed', refusal(errors), from, failure?.at ?? peer.linkSince);
    if (from !== null) return stone(6, 'failed', text('relay.noAnswer'), from, peer.linkSince);
    if (failure?.cause === 'connection-lost') return stone(6, 'waiting', text('relay.notTried'));
    return stone(6, 'failed', text('relay.absent'), null, peer.linkSince);
  }
  if (from !== null) return stone(6, 'working', text('relay.ready'), from);
  if (refused) return stone(6, 'failed', refusal(errors), null, refused.at);
  return stone(6, 'waiting', text('relay.waiting'));
}

/** Why the relay refused, by the error that says most. */
export function refusal(errors: readonly RelayError[]): Text {
  for (const why of ['credentials', 'quota', 'forbidden', 'other'] as const) {
    const error = errors.find((e) => e.why === why);
    if (error) return text(`refused.${why}`, { code: error.code });
  }
  return text('refused.unreachable');
}

export function stonesOf(state: State, peer: PeerState | null): Stone[] {
  if (!peer) {
    return [
      addressStone(state),
      stone(2, 'waiting', text('offer.waiting')),
      stone(3, 'waiting', text('answer.notYet')),
      stone(4, 'waiting', text('candidates.waiting')),
      stone(5, 'waiting', text('talk.waiting')),
      stone(6, 'waiting', text('relay.waiting')),
    ];
  }
  return [
    addressStone(state),
    offerStone(peer),
    answerStone(peer),
    candidateStone(peer),
    talkStone(state, peer),
    relayStone(state, peer),
  ];
}
