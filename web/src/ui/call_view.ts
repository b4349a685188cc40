// The screens: lobby, call, and what is left after a call. One function, from the view to elements.

import { clock } from '../i18n/index.ts';
import { controls, roomChip } from './controls.ts';
import { failureCard } from './failure_view.ts';
import { h, type Child, type VNode } from './h.ts';
import { brandMark, lobby } from './lobby.ts';
import { keepsakes, panel } from './panel.ts';
import { failureCards } from './reduce/failures.ts';
import { replayView } from './replay.ts';
import { ribbon } from './ribbon.ts';
import { stage } from './stage.ts';
import { stoneMessages } from './stones_view.ts';
import { languageChoice } from './widgets.ts';
import { focusPeer, presentPeers, type View } from './view.ts';

export type Screen = 'lobby' | 'call' | 'ended';

export function screenOf(view: View): Screen {
  const { state } = view;
  if (state.left) return state.joinedAt === null ? 'lobby' : 'ended';
  return state.joinedAt === null ? 'lobby' : 'call';
}

export function page(view: View): Child {
  const screen = screenOf(view);
  return [
    screen === 'lobby' ? lobby(view) : screen === 'ended' ? ended(view) : call(view),
    view.ui.replay && replayView(view),
    stoneMessages(view, focusPeer(view)),
  ];
}

function call(view: View): VNode {
  const { ui, state } = view;
  const only = presentPeers(state);
  const paper = only.length === 1 && only[0] !== undefined && !only[0].everConnected;
  return h('div', {
    class: `call${ui.panel ? ' has-panel' : ''}${paper ? ' on-paper' : ''}`, 'data-screen': 'call', key: 'call',
  },
    stage(view),
    h('footer', { class: 'bar', key: 'bar' }, h('div', { class: 'bar-left' }, ribbon(view)), controls(view), roomChip(view)),
    panel(view));
}

function ended(view: View): VNode {
  const { t, state, act } = view;
  const time = clock((state.leftAt ?? state.last) - (state.joinedAt ?? 0));
  return h('div', { class: 'ended', 'data-screen': 'ended', key: 'ended' },
    h('header', { class: 'lobby-top' }, h('span', { class: 'brand' }, brandMark(), t('app.name')), languageChoice(view)),
    h('main', { class: 'ended-card' },
      failureCards(state).filter((card) => card.place === 'page').map((card) => failureCard(view, card)),
      h('h1', null, t('ended.title')),
      h('p', { class: 'hint' }, t('ended.sub', { room: state.room ?? '', time })),
      h('div', { class: 'ended-actions' },
        h('button', { class: 'btn btn-main', 'data-action': 'again', onclick: act.again }, t('ended.again')),
        h('button', { class: 'btn', 'data-action': 'to-lobby', onclick: act.toLobby }, t('ended.lobby'))),
      keepsakes(view),
      h('p', { class: 'hint' }, t('panel.saveHint'))));
}
