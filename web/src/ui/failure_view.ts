// The failure card: what, evidence, remedy, in that order.

import { h, type VNode } from './h.ts';
import { icon } from './icons.ts';
import type { FailureCard } from './reduce/failures.ts';
import type { View } from './view.ts';

export function failureCard(view: View, card: FailureCard): VNode | null {
  const { t, act, ui, call } = view;
  if (ui.dismissed.has(card.key)) return null;
  const say = (said: FailureCard['what']): string => t(said.key, said.params);
  return h('section', {
    key: `fail-${card.key}`, class: `failure place-${card.place}`, role: card.place === 'note' ? 'status' : 'alert',
    'data-failure': card.cause, 'data-peer': card.peer,
  },
    h('span', { class: 'failure-mark', 'aria-hidden': 'true' }, icon('cross', '')),
    h('div', { class: 'failure-words' },
      h('h2', { 'data-what': true }, say(card.what)),
      h('div', { class: 'failure-parts' },
        card.evidence.length > 0 && h('p', { 'data-evidence': true },
          h('b', { class: 'failure-label' }, t('fail.evidence')), card.evidence.map(say).join(' ')),
        h('p', { 'data-remedy': true }, h('b', { class: 'failure-label' }, t('fail.remedy')), say(card.remedy))),
      h('div', { class: 'failure-actions' },
        card.place === 'member' && card.cause !== 'media-failed' && card.peer !== null &&
          h('button', { class: 'btn btn-small', 'data-action': 'restart', onclick: () => call.restart(card.peer ?? undefined) }, t('panel.restart')),
        card.place === 'device' && card.cause !== 'page-not-secure' && card.source !== null &&
          h('button', { class: 'btn btn-small', 'data-action': 'retry-device', onclick: () => act.retryDevice(card.source ?? 'camera') }, t('fail.retry')),
        (card.place === 'device' || card.place === 'note') &&
          h('button', { class: 'btn-quiet', 'data-action': 'dismiss', onclick: () => act.dismiss(card.key) }, t('fail.dismiss')))));
}
