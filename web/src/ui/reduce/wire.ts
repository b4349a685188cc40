// "Show the wire": the text that really went over it, with the secrets masked.

import type { CallEvent } from '../../call/events.ts';
import { peerOf } from './reduce.ts';
import { text, type State, type StepNumber, type Text, type Wire } from './state.ts';

/** Notes kept for one step; the newest are dropped first, since a step is told by its beginning. */
const kMaxNotes = 60;

const kMask = '••••••••';

/**
 * ICE passwords and SDES keys would let a reader take part in the connection; they are masked.
 * The DTLS fingerprint is no secret, but says who you are across calls, so its middle is masked too.
 */
export function maskSecrets(sdp: string): string {
  return sdp
    .replace(/^(a=ice-pwd:).*$/gm, `$1${kMask}`)
    .replace(/^(a=crypto:\d+ \S+ inline:)\S+/gm, `$1${kMask}`)
    .replace(/^(a=fingerprint:\S+ [0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}):.*$/gm, `$1:${kMask}`)
    .replace(/\r\n/g, '\n')
    .trimEnd();
}

function note(into: Partial<Record<StepNumber, Wire[]>>, step: StepNumber, wire: Wire): void {
  const notes = (into[step] ??= []);
  if (notes.length < kMaxNotes) notes.push(wire);
}

export function addWire(state: State, event: CallEvent): void {
  if (event.by !== 'you') return;
  if (event.kind === 'probe-result') {
    const seen = event.mapped ? `${bracket(event.mapped.address)}:${event.mapped.port}` : event.outcome;
    note(state.wire, 1, {
      title: text('wire.stun'),
      at: event.t,
      lines: `→ Binding request   ${event.url}\n← ${event.mapped ? 'XOR-MAPPED-ADDRESS ' : ''}${seen}   ${Math.round(event.ms)} ms`,
    });
    return;
  }
  const peer = peerOf(state, event);
  if (!peer) return;
  const add = (step: StepNumber, title: Text, lines: string): void => {
    note(peer.wire, step, { title, at: event.t, lines });
  };
  switch (event.kind) {
    case 'description':
      if (event.type === 'rollback' || event.sdp === undefined) return;
      add(
        event.type === 'offer' ? 2 : 3,
        text(event.stage === 'received' ? 'wire.theirs' : 'wire.yours', { name: peer.name }),
        maskSecrets(event.sdp),
      );
      return;
    case 'candidate':
      if (event.stage !== 'gathered' && event.stage !== 'received') return;
      add(
        4,
        text(event.stage === 'received' ? 'wire.theirs' : 'wire.yours', { name: peer.name }),
        event.candidate.candidate === '' ? 'end-of-candidates' : event.candidate.candidate,
      );
      if (event.candidate.type === 'relay' && event.stage === 'gathered') {
        add(6, text('wire.yours'), event.candidate.candidate);
      }
      return;
    case 'candidate-error':
      add(
        event.url.startsWith('turn') ? 6 : 4,
        text('wire.error'),
        `${event.url}\n${event.code} ${event.text}`,
      );
      return;
    case 'path': {
      const end = (p: typeof event.pair.local): string =>
        `${p.type} ${p.protocol} ${p.address ? `${bracket(p.address)}:${p.port}` : '(hidden)'}`;
      add(5, text('wire.pair'), `${end(event.pair.local)}\n↔ ${end(event.pair.remote)}`);
      return;
    }
    default:
      return;
  }
}

export function bracket(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
