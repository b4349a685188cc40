// The ribbon under the call: "Direct · 18 ms · encrypted". A tap opens how it came about.

import { h, type VNode } from './h.ts';
import { pathOf } from './reduce/path.ts';
import type { PeerState, State } from './reduce/state.ts';
import { displayName, focusPeer, presentPeers, type View } from './view.ts';

export interface RibbonWords {
  readonly kind: 'direct' | 'relay' | 'connecting' | 'reconnecting' | 'failed';
  readonly parts: string[];
}

export function ribbonWords(view: View, state: State, peer: PeerState): RibbonWords {
  const { t } = view;
  if (peer.link === 'reconnecting') return { kind: 'reconnecting', parts: [t('ribbon.reconnecting')] };
  if (peer.link === 'failed') return { kind: 'failed', parts: [t('ribbon.failed')] };
  const path = pathOf(state, peer);
  if (peer.link !== 'connected' || !path) return { kind: 'connecting', parts: [t('ribbon.connecting')] };
  const rtt = peer.sample?.rttMs ?? peer.selected?.rttMs ?? null;
  const parts = [t(path.kind === 'direct' ? 'ribbon.direct' : 'ribbon.relay')];
  if (rtt !== null) parts.push(t('ribbon.ms', { ms: rtt < 1 ? '<1' : Math.round(rtt) }));
  // WebRTC has no unencrypted mode, but the word is said only once DTLS has told its cipher or a
  // connection stands, which it does not without it.
  parts.push(t('ribbon.encrypted'));
  return { kind: path.kind, parts };
}

/** Straight for direct, bent for relayed, broken for neither: shape as well as colour. */
export function pathGlyph(kind: RibbonWords['kind']): VNode {
  const way = {
    direct: 'M5 10h18', relay: 'M5 6h3c4 0 3.5 8.5 6 8.500S16 6 20 6h3',
    connecting: 'M5 10h18', reconnecting: 'M5 10h6M17 10h6', failed: 'M5 10h5M18 10h5M12 7.5l4 5M16 7.5l-4 5',
  }[kind];
  const y = kind === 'relay' ? 6 : 10;
  return h('svg', { class: `glyph glyph-${kind}`, viewBox: '0 0 28 20', 'aria-hidden': 'true' },
    h('path', { d: way }),
    h('circle', { cx: 4, cy: y, r: 3 }), h('circle', { cx: 24, cy: y, r: 3 }),
    kind === 'relay' && h('path', { class: 'glyph-diamond', d: 'M14 10.5l4 4-4 4-4-4Z' }));
}

export function ribbon(view: View): VNode | null {
  const { state, ui, t, act } = view;
  const peer = focusPeer(view);
  if (!peer) return null;
  const words = ribbonWords(view, state, peer);
  const open = ui.panel !== null && ui.panel !== 'chat';
  const several = presentPeers(state).length > 1;
  return h('button', {
    class: `ribbon is-${words.kind}`, 'data-ribbon': words.kind, 'data-peer': peer.id,
    'aria-expanded': String(open), title: t('ribbon.how'), onclick: () => act.togglePanel('path'),
  },
    pathGlyph(words.kind),
    several && h('span', { class: 'ribbon-name' }, displayName(view, peer)),
    h('span', { class: 'ribbon-words' }, words.parts.join(' · ')),
    h('span', { class: 'sr' }, t('ribbon.how')));
}
