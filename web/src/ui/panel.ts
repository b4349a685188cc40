// The panel at the side (a sheet from below on phones): how the call came about, and messages.

import { chatPanel } from './chat.ts';
import { diagram } from './diagram.ts';
import { failureCard } from './failure_view.ts';
import { h, type Child, type VNode } from './h.ts';
import { icon } from './icons.ts';
import { numbers } from './numbers.ts';
import { pairList, pathPicture } from './path_picture.ts';
import { failureCards } from './reduce/failures.ts';
import { stonesList } from './stones_view.ts';
import { displayName, focusPeer, presentPeers, type PanelTab, type View } from './view.ts';

const kTabs: readonly Exclude<PanelTab, 'chat'>[] = ['path', 'steps', 'numbers'];

export function panel(view: View): VNode | null {
  const { ui, t, act } = view;
  const tab = ui.panel;
  if (tab === null) return null;
  const title = t(tab === 'chat' ? 'panel.chat' : 'panel.title');
  return h('aside', { class: `panel panel-${tab}`, 'aria-label': title, 'data-panel': tab, key: 'panel' },
    h('header', { class: 'panel-head', key: 'head' },
      h('h2', null, title),
      h('button', { class: 'btn-icon-bare', 'aria-label': t('close'), 'data-action': 'close-panel', onclick: () => act.set({ panel: null }) }, icon('cross'))),
    tab === 'chat' ? chatPanel(view) : how(view, tab));
}

function how(view: View, tab: Exclude<PanelTab, 'chat'>): Child {
  const { state, t, act, ui } = view;
  const peers = presentPeers(state);
  const peer = focusPeer(view);
  return [
    h('div', { class: 'tabs', role: 'tablist', key: 'tabs', onkeydown: (event: KeyboardEvent) => moveTab(view, tab, event) }, kTabs.map((name) => h('button', {
      key: name, role: 'tab', class: 'tab', id: `tab-${name}`, 'aria-selected': String(tab === name), 'data-tab': name,
      tabindex: tab === name ? 0 : -1, 'aria-controls': tab === name ? 'panel-body' : null,
      onclick: () => act.set({ panel: name }),
    }, t(`panel.${name}`)))),
    h('div', { class: 'panel-body', key: `body-${tab}`, id: 'panel-body', role: 'tabpanel', 'aria-labelledby': `tab-${tab}`, tabindex: 0 },
      peers.length > 1 && h('div', { class: 'field who' },
        h('label', { for: 'who' }, t('panel.who')),
        h('select', {
          id: 'who', class: 'select', value: peer?.id ?? '',
          onchange: (event: Event) => act.set({ peer: (event.target as HTMLSelectElement).value, stone: null }),
        }, peers.map((p) => h('option', { value: p.id }, displayName(view, p))))),
      !peer ? h('p', { class: 'hint' }, t('panel.none')) : [
        failureCards(state).filter((card) => card.peer === peer.id && tab !== 'numbers' && peers.length > 1).map((card) => failureCard(view, card)),
        tab === 'path' && [pathPicture(view, state, peer), pairList(view, peer)],
        tab === 'steps' && [stonesList(view, state, peer, view.now), diagram(view, state, peer)],
        tab === 'numbers' && numbers(view, state, peer),
      ]),
    h('footer', { class: 'panel-foot', key: 'foot' }, keepsakes(view),
      h('label', { class: 'check' },
        h('input', { type: 'checkbox', checked: ui.saveAddresses, 'data-input': 'save-addresses', onchange: (event: Event) => act.set({ saveAddresses: (event.target as HTMLInputElement).checked }) }),
        h('span', null, t('panel.saveAddresses')))),
  ];
}

function moveTab(view: View, tab: Exclude<PanelTab, 'chat'>, event: KeyboardEvent): void {
  const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
  const next = kTabs[(kTabs.indexOf(tab) + step + kTabs.length) % kTabs.length];
  if (step === 0 || !next) return;
  event.preventDefault();
  view.act.focusTab(next);
}

export function keepsakes(view: View): VNode {
  const { t, act } = view;
  return h('div', { class: 'keepsakes' },
    h('button', { class: 'btn btn-small', 'data-action': 'replay', onclick: act.openReplay }, icon('play', 'icon-s'), t('panel.replay')),
    h('button', { class: 'btn btn-small', 'data-action': 'save-report', title: t('panel.saveHint'), onclick: act.saveReport }, icon('down', 'icon-s'), t('panel.save')));
}
