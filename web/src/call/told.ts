// Translates between this page's log and the events that two sides tell each other
// (docs/peer-messages.md section 5). Pure. Addresses, SDP and secrets do not cross.

import type { CallEvent, CandidateInfo, EventBodies, EventKind, PairEnd, PairInfo } from './events.ts';
import { isCount, isObject } from './peer_messages.ts';
import type { Json, PeerMessage } from './peer_messages.ts';

type Step = EventBodies['told']['step'];
type StepState = NonNullable<EventBodies['told']['state']>;

export interface WireEvent {
  step: Step;
  state?: StepState;
  kind: string;
  detail?: Json;
}

const kMaxDetail = 8_192;
const kStates = new Set<string>(['waiting', 'working', 'done', 'failed', 'not-needed']);

function end(from: CandidateInfo | PairEnd): Json {
  return {
    kind: from.type,
    protocol: from.protocol || 'udp',
    ...(from.relayProtocol ? { relayProtocol: from.relayProtocol } : {}),
  };
}

function ends(pair: PairInfo): Json {
  return { local: end(pair.local), remote: end(pair.remote) };
}

/** What of an own event the other side is told; most tell nothing. */
export function toWire(event: CallEvent): WireEvent[] {
  switch (event.kind) {
    case 'probe-done':
      return [addressLearned(event)];
    case 'description':
      return description(event);
    case 'candidate':
      if (event.candidate.type === 'end' || (event.stage !== 'sent' && event.stage !== 'received')) return [];
      return [{ step: 4, state: 'working', kind: `candidate-${event.stage}`, detail: end(event.candidate) }];
    case 'state':
      return state(event);
    case 'pairs':
      return event.pairs.flatMap(pairChecked);
    case 'path': {
      const relayed = event.pair.local.type === 'relay' || event.pair.remote.type === 'relay';
      return [{ step: 5, kind: 'pair-selected', detail: { ...ends(event.pair), relayed } }];
    }
    case 'connected':
      return [{ step: 5, state: 'done', kind: 'connected' }];
    case 'restart':
      return [{ step: 2, state: 'working', kind: 'restarting', detail: { reason: event.why } }];
    case 'relay':
      return [
        event.used
          ? { step: 6, state: 'done', kind: 'relay-used', detail: { reason: event.why } }
          : { step: 6, state: 'not-needed', kind: 'relay-not-needed', detail: { reason: event.why } },
      ];
    case 'first-frame':
      return event.source === 'camera' ? [{ step: 5, kind: 'media-first-frame', detail: { kind: 'video' } }] : [];
    case 'first-sound':
      return [{ step: 5, kind: 'media-first-frame', detail: { kind: 'audio' } }];
    case 'failure':
      return failure(event);
    default:
      return [];
  }
}

function addressLearned(event: EventBodies['probe-done']): WireEvent {
  const mapping = { symmetric: 'different', same: 'same', none: 'none', 'one-answer': undefined }[event.verdict];
  const detail: Json = {};
  if (event.mapped) detail['family'] = event.mapped.address.includes(':') ? 6 : 4;
  if (mapping) detail['mapping'] = mapping;
  return { step: 1, state: event.verdict === 'none' ? 'failed' : 'done', kind: 'address-learned', detail };
}

const kStageWords: Partial<Record<EventBodies['description']['stage'], string>> = {
  made: 'created',
  sent: 'sent',
  received: 'received',
};

function description(event: EventBodies['description']): WireEvent[] {
  const word = kStageWords[event.stage];
  if (!word || event.type === 'rollback') return [];
  return [
    {
      step: event.type === 'offer' ? 2 : 3,
      state: event.stage === 'made' ? 'working' : 'done',
      kind: `${event.type}-${word}`,
      ...(event.type === 'offer' && event.iceRestart ? { detail: { restart: true } } : {}),
    },
  ];
}

function state(event: EventBodies['state']): WireEvent[] {
  if (event.machine === 'gathering' && event.state === 'complete') {
    return [{ step: 4, state: 'done', kind: 'candidates-done' }];
  }
  if (event.machine !== 'connection') return [];
  if (event.state === 'disconnected') return [{ step: 5, state: 'working', kind: 'disconnected' }];
  return event.state === 'failed' ? [{ step: 5, state: 'failed', kind: 'failed' }] : [];
}

function pairChecked(pair: PairInfo): WireEvent[] {
  const word = { 'in-progress': 'checking', succeeded: 'succeeded', failed: 'failed', frozen: '', waiting: '' }[pair.state];
  return word ? [{ step: 5, state: 'working', kind: `pair-${word}`, detail: ends(pair) }] : [];
}

function failure(event: EventBodies['failure']): WireEvent[] {
  if (event.cause === 'relay-refused') {
    const reason = event.evidence.relayErrors?.[0]?.why ?? 'other';
    return [{ step: 6, state: 'failed', kind: 'relay-refused', detail: { reason } }];
  }
  const source = event.evidence.source;
  if (source === 'camera' || source === 'microphone') {
    return [{ step: 0, kind: `no-${source}`, detail: { reason: event.cause } }];
  }
  return [];
}

export interface Told<K extends EventKind = EventKind> {
  n: number;
  at: number; // the teller's clock
  kind: K;
  body: EventBodies[K];
}

/** null: not well-formed. */
export function fromWire(message: PeerMessage): Told | null {
  const { n, at, step, state: stepState, kind, detail = {} } = message;
  if (!isCount(n) || n === 0 || typeof at !== 'number' || !Number.isFinite(at)) return null;
  if (!isCount(step) || step > 6 || typeof kind !== 'string' || !/^[a-z0-9-]{1,64}$/.test(kind)) return null;
  if (!isObject(detail) || JSON.stringify(detail).length > kMaxDetail) return null;
  const parts = /^(offer|answer)-(created|sent|received)$/.exec(kind);
  if (parts) {
    const stage = parts[2] === 'created' ? 'made' : (parts[2] as 'sent' | 'received');
    const body: EventBodies['description'] = { type: parts[1] as 'offer' | 'answer', stage, bytes: 0 };
    if (detail['restart'] === true) body.iceRestart = true;
    return { n, at, kind: 'description', body };
  }
  const candidate = /^candidate-(sent|received)$/.exec(kind);
  const info = candidate && toldCandidate(detail);
  if (info) return { n, at, kind: 'candidate', body: { stage: candidate[1] as 'sent' | 'received', candidate: info } };
  const body: EventBodies['told'] = { what: kind, step: step as Step, detail };
  if (typeof stepState === 'string' && kStates.has(stepState)) body.state = stepState as StepState;
  return { n, at, kind: 'told', body };
}

function toldCandidate(detail: Json): CandidateInfo | null {
  const { kind, protocol, relayProtocol } = detail;
  if (kind !== 'host' && kind !== 'srflx' && kind !== 'prflx' && kind !== 'relay') return null;
  const info: CandidateInfo = {
    candidate: '',
    mid: null,
    mLine: null,
    type: kind,
    protocol: protocol === 'tcp' ? 'tcp' : 'udp',
    address: '',
    port: 0,
  };
  if (relayProtocol === 'udp' || relayProtocol === 'tcp' || relayProtocol === 'tls') info.relayProtocol = relayProtocol;
  return info;
}
