// The lobby: preview on the left, one sentence on the right, step 1 already happening.

import { h, type VNode } from './h.ts';
import { icon } from './icons.ts';
import { devicePickers, preview } from './devices.ts';
import { failureCard } from './failure_view.ts';
import { failureCards } from './reduce/failures.ts';
import { addressStatement, stonesOf } from './reduce/stones.ts';
import { languageChoice, linkBox } from './widgets.ts';
import type { View } from './view.ts';

/** As the server has it (docs/signalling.md); upper case is folded there. */
export const kRoomName = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;

export function lobby(view: View): VNode {
  const { state, t } = view;
  const page = failureCards(state).filter((card) => card.place === 'page');
  return h('div', { class: 'lobby', 'data-screen': 'lobby', key: 'lobby' },
    h('header', { class: 'lobby-top' },
      h('span', { class: 'brand' }, brandMark(), t('app.name')),
      languageChoice(view)),
    h('main', { class: 'lobby-main' },
      page.map((card) => failureCard(view, card)),
      h('div', { class: 'lobby-grid' },
        h('section', { class: 'lobby-left' }, preview(view), devicePickers(view), addressCard(view)),
        h('section', { class: 'lobby-right' }, sentence(view), form(view)))));
}

export function brandMark(): VNode {
  return h('svg', { class: 'brand-mark', viewBox: '0 0 32 32', 'aria-hidden': 'true' },
    h('path', { class: 'brand-line', d: 'M6 16h20' }),
    h('circle', { class: 'brand-a', cx: 6.5, cy: 16, r: 4.5 }),
    h('circle', { class: 'brand-b', cx: 25.5, cy: 16, r: 4.5 }));
}

function sentence(view: View): VNode {
  const { t, ui } = view;
  return h('div', { class: 'sentence' },
    h('h1', null, ui.roomSource === 'link' ? t('lobby.invited', { room: ui.room }) : t('lobby.sentence')),
    h('p', null, t('lobby.sub')));
}

function form(view: View): VNode {
  const { t, ui, act, state } = view;
  const okay = kRoomName.test(ui.room);
  const hint = !okay && ui.room !== '' ? t('lobby.roomBad')
    : t(ui.roomSource === 'typed' ? 'lobby.roomTyped' : ui.roomSource === 'link' ? 'lobby.roomGiven' : 'lobby.roomMade');
  return h('form', {
    class: 'lobby-form', novalidate: true,
    onsubmit: (event: Event) => {
      event.preventDefault();
      if (okay && !state.joining) act.join();
    },
  },
    h('div', { class: 'field' },
      h('label', { for: 'name' }, t('lobby.name')),
      h('input', {
        id: 'name', class: 'input', name: 'name', maxlength: 64, autocomplete: 'nickname', value: ui.name,
        placeholder: t('lobby.namePlaceholder'), 'data-input': 'name',
        oninput: (event: Event) => act.set({ name: (event.target as HTMLInputElement).value }),
      })),
    h('div', { class: 'field' },
      h('label', { for: 'room' }, t('lobby.room')),
      h('div', { class: 'field-row' },
        h('input', {
          id: 'room', class: 'input', name: 'room', maxlength: 64, autocomplete: 'off', autocapitalize: 'off',
          spellcheck: 'false', value: ui.room, 'data-input': 'room', 'aria-describedby': 'room-hint',
          'aria-invalid': okay || ui.room === '' ? null : 'true',
          oninput: (event: Event) => act.set({ room: (event.target as HTMLInputElement).value.trim(), roomSource: 'typed' }),
        }),
        h('button', { type: 'button', class: 'btn btn-icon', title: t('lobby.newName'), 'aria-label': t('lobby.newName'), 'data-action': 'new-name', onclick: () => act.newRoomName() }, icon('again'))),
      h('p', { class: 'hint', id: 'room-hint', 'data-room-source': ui.roomSource }, hint)),
    h('button', { type: 'submit', class: 'btn btn-main btn-join', disabled: !okay || state.joining, 'data-action': 'join' },
      t(state.joining ? 'lobby.joining' : 'lobby.join')),
    h('p', { class: 'hint join-hint', 'data-join-with': joinWith(view) }, t(`lobby.${joinWith(view)}`)),
    okay && h('div', { class: 'field' }, h('span', { class: 'label' }, t('lobby.link')), linkBox(view, ui.room)),
    state.sameMachine && h('p', { class: 'note', 'data-note': 'same-machine' }, t('lobby.sameMachine')));
}

function joinWith(view: View): 'joinBoth' | 'joinMic' | 'joinCam' | 'joinNone' {
  const cam = view.call.media.camera !== null;
  const mic = view.call.media.microphone !== null;
  if (cam && mic) return 'joinBoth';
  return mic ? 'joinMic' : cam ? 'joinCam' : 'joinNone';
}

/** Step 1 is told where it happens. */
function addressCard(view: View): VNode {
  const { state, t } = view;
  const stone = stonesOf(state, null)[0];
  const failed = state.failures.get('no-stun-answer');
  return h('aside', {
    class: `address is-${stone?.state ?? 'waiting'}`, 'data-stone': 1, 'data-state': stone?.state,
    'data-failure': failed ? 'no-stun-answer' : null, 'data-verdict': state.address.verdict,
  },
    h('span', { class: 'address-step' }, t('lobby.step1')),
    stone?.state !== 'working' && h('button', { type: 'button', key: 'again', class: 'btn-quiet', 'data-action': 'probe', onclick: () => void view.call.probe() }, t('lobby.askAgain')),
    h('p', { role: 'status', 'data-address': true }, addressStatement(state).map((said, i) =>
      h('span', { key: `a${i}`, class: 'address-line' }, t(said.key, said.params)))),
    failed && h('p', { class: 'hint' }, t('address.noneFix')));
}
