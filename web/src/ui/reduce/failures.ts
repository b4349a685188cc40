// What the failure card says: what happened, the evidence, the remedy. In that order, each cause
// with its own words, and only for failures that still hold.

import type { Source } from '../../call/events.ts';
import { refusal } from './stones.ts';
import { text, type FailureState, type State, type Text } from './state.ts';
import { serverOf } from './path.ts';

export interface FailureCard {
  readonly key: string;
  /** The hook tests look for: data-failure. */
  readonly cause: FailureState['cause'];
  readonly peer: string | null;
  /** Where it is shown: instead of the page, on a member's tile, beside the preview, or as a note. */
  readonly place: 'page' | 'member' | 'device' | 'note';
  readonly source: Source | null; // the device it is about
  readonly what: Text;
  readonly evidence: Text[];
  readonly remedy: Text;
}

const kDevice = new Set(['no-camera', 'no-microphone', 'permission-refused', 'device-busy', 'page-not-secure']);
const kRefusal = new Set(['room-full', 'room-refused', 'room-locked', 'server-refused']);

export function failureCards(state: State): FailureCard[] {
  const cards: FailureCard[] = [];
  for (const failure of state.failures.values()) {
    const card = cardOf(state, failure);
    if (card) cards.push(card);
  }
  return cards.sort((a, b) => order(a) - order(b));
}

const order = (card: FailureCard): number => ['page', 'member', 'device', 'note'].indexOf(card.place);

function cardOf(state: State, failure: FailureState): FailureCard | null {
  const peer = failure.peer === null ? null : (state.peers.get(failure.peer) ?? null);
  // Talking already: then no STUN answer and a refusing relay have done no harm worth a card.
  // Their stones keep the facts.
  const harmless = failure.cause === 'no-stun-answer' || (failure.cause === 'relay-refused' && failure.peer === null);
  if (harmless) {
    const connected = [...state.peers.values()].some((p) => p.present && p.link === 'connected');
    const worse = [...state.failures.values()].some(
      (f) => f.peer !== null,
    );
    if (connected || worse) return null;
  }
  const base = {
    key: failure.key, cause: failure.cause, peer: failure.peer, source: failure.evidence.source ?? null,
  };
  const evidence = evidenceOf(failure);
  if (kDevice.has(failure.cause)) {
    const source = failure.evidence.source;
    const which = source === 'camera' ? 'camera' : source === 'screen' || source === 'screen-audio' ? 'screen' : 'microphone';
    const suffix = failure.cause === 'permission-refused' || failure.cause === 'device-busy' ? `.${which}` : '';
    return {
      ...base,
      place: 'device',
      what: text(`fail.${failure.cause}${suffix}.what` as Text['key']),
      evidence,
      remedy: text(`fail.${failure.cause}.remedy` as Text['key']),
    };
  }
  const params = {
    name: peer?.name ?? failure.peerName ?? '?',
    room: state.room ?? '',
    code: failure.evidence.code ?? '',
  };
  if (kRefusal.has(failure.cause)) {
    return {
      ...base, place: 'page', evidence, what: text(`fail.${failure.cause}.what` as Text['key'], params),
      remedy: text(`fail.${failure.cause}.remedy` as Text['key'], params),
    };
  }
  if (failure.cause === 'server-gone') {
    const talking = state.joinedAt !== null;
    return {
      ...base,
      place: talking ? 'note' : 'page',
      what: text(talking ? 'fail.server-gone.whatInCall' : 'fail.server-gone.what', params),
      evidence,
      remedy: text(talking ? 'fail.server-gone.remedyInCall' : 'fail.server-gone.remedy', params),
    };
  }
  return {
    ...base,
    place: harmless ? 'note' : 'member',
    what: text(failure.cause === 'relay-refused' && !harmless ? 'fail.no-pair-answered.what' : `fail.${failure.cause}.what` as Text['key'], params),
    evidence,
    remedy: remedyOf(failure, params),
  };
}

function evidenceOf(failure: FailureState): Text[] {
  const e = failure.evidence;
  const said: Text[] = [];
  switch (failure.cause) {
    case 'no-pair-answered': {
      const tried = e.pairsTried ?? 0;
      const answered = e.pairsAnswered ?? 0;
      said.push(
        tried === 0 ? text('evidence.noPairs')
          : answered === 0 ? text('evidence.pairs', { n: tried })
            : text('evidence.pairsSome', { n: tried, m: answered }),
      );
      said.push(...relayEvidence(failure));
      break;
    }
    case 'connection-lost':
      if (e.downMs !== undefined) said.push(text('evidence.down', { s: Math.round(e.downMs / 1000) }));
      if (e.attempts) said.push(text('evidence.restarts', { n: e.attempts }));
      said.push(...relayEvidence(failure));
      break;
    case 'relay-refused':
      said.push(...relayEvidence(failure));
      break;
    case 'no-stun-answer':
      said.push(text('evidence.stun', { urls: (e.stunUrls ?? []).map(serverOf).join(', ') || '?' }));
      break;
    case 'server-gone':
      if (e.attempts) said.push(text('evidence.attempts', { n: e.attempts }));
      if (e.text) said.push(text('evidence.said', { text: e.text }));
      break;
    default:
      break;
  }
  if (said.length === 0 && (e.text || e.code)) {
    said.push(e.text && e.code ? text('evidence.codeText', { code: e.code, text: e.text })
      : text('evidence.said', { text: e.text || e.code || '' }));
  }
  return said;
}

function relayEvidence(failure: FailureState): Text[] {
  const errors = failure.evidence.relayErrors ?? [];
  if (errors.length === 0) return [];
  const said = [refusal(errors)];
  const seen = [...new Set(errors.map((error) => `${serverOf(error.url)} ${error.code}`))].slice(0, 3);
  said.push(text('evidence.relayErrors', { list: seen.join(', ') }));
  return said;
}

function remedyOf(failure: FailureState, params: Record<string, string>): Text {
  const errors = failure.evidence.relayErrors ?? [];
  if (failure.cause === 'no-pair-answered' || failure.cause === 'relay-refused') {
    for (const why of ['credentials', 'quota', 'forbidden'] as const) {
      if (errors.some((error) => error.why === why)) return text(`remedy.relay.${why}`);
    }
    if (errors.length > 0) return text('remedy.relay.unreachable');
  }
  return text(`fail.${failure.cause}.remedy` as Text['key'], params);
}
