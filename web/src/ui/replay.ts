// "Replay this call": the same views, drawn from the first n recorded events.

import { diagram } from './diagram.ts';
import { h, type VNode } from './h.ts';
import { icon } from './icons.ts';
import { pathPicture } from './path_picture.ts';
import { stonesList } from './stones_view.ts';
import type { PeerState } from './reduce/state.ts';
import type { View } from './view.ts';

export function replayView(view: View): VNode | null {
  const { t, ui, act } = view;
  const replay = ui.replay;
  if (!replay) return null;
  const { state, at, events } = replay;
  const peer = replayPeer(view, state.peers);
  const total = events.length;
  const past: View = { ...view, state, now: state.last };
  return h('section', { class: 'replay', role: 'dialog', 'aria-label': t('replay.title'), 'data-replay': at, key: 'replay' },
    h('header', { class: 'replay-head', key: 'head' },
      h('h1', null, t('replay.title')),
      h('span', { class: 'hint', 'data-replay-position': true }, t('replay.sub', { n: at, total })),
      h('button', { class: 'btn btn-small', 'data-action': 'close-replay', onclick: act.closeReplay }, t('replay.done'))),
    h('div', { class: 'replay-bar', key: 'bar' },
      h('button', { class: 'btn btn-icon', 'aria-label': t('replay.back'), title: t('replay.back'), disabled: at <= 1, 'data-action': 'replay-back', onclick: () => act.replayTo(at - 1) }, icon('back')),
      h('button', { class: 'btn btn-icon btn-main', 'aria-label': t(replay.playing ? 'replay.pause' : 'replay.play'), 'data-action': 'replay-play', onclick: () => act.replayPlay(!replay.playing) }, icon(replay.playing ? 'pause' : 'play')),
      h('button', { class: 'btn btn-icon', 'aria-label': t('replay.fore'), title: t('replay.fore'), disabled: at >= total, 'data-action': 'replay-fore', onclick: () => act.replayTo(at + 1) }, icon('fore')),
      h('input', {
        type: 'range', class: 'range', min: 1, max: total, step: 1, value: String(at), 'aria-label': t('replay.position'), 'data-input': 'replay',
        oninput: (event: Event) => act.replayTo(Number((event.target as HTMLInputElement).value)),
      })),
    h('div', { class: 'connect-grid replay-grid', key: 'grid' },
      h('section', { class: 'connect-diagram', tabindex: 0, 'aria-label': t('diagram.title') }, diagram(past, state, peer)),
      h('section', { class: 'connect-stones' },
        stonesList(past, state, peer, state.last),
        peer && pathPicture(past, state, peer))));
}

function replayPeer(view: View, peers: ReadonlyMap<string, PeerState>): PeerState | null {
  return (view.ui.peer !== null ? peers.get(view.ui.peer) : undefined) ?? [...peers.values()][0] ?? null;
}
