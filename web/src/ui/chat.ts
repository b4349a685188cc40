// Messages and files, in the order they came.

import { bytes, duration } from '../i18n/index.ts';
import { h, type Child, type VNode } from './h.ts';
import { icon } from './icons.ts';
import type { ChatLine, FileState } from './reduce/state.ts';
import { presentPeers, type View } from './view.ts';

export function chatPanel(view: View): Child {
  const { state, t, ui, act } = view;
  const entries: { at: number; node: () => VNode }[] = [
    ...state.chat.map((line) => ({ at: line.at, node: () => chatLine(view, line) })),
    ...[...state.files.values()].map((file) => ({ at: file.at, node: () => fileCard(view, file) })),
  ].sort((a, b) => a.at - b.at);
  const alone = presentPeers(state).length === 0;
  return [
    h('div', {
      class: `panel-body chat-body${ui.dropping ? ' is-drop' : ''}`, key: 'chat-body', tabindex: 0, role: 'log', 'aria-label': t('panel.chat'),
      'data-chat': state.chat.length,
    },
      entries.length === 0 && h('p', { class: 'hint chat-empty' }, t('chat.empty')),
      entries.map((entry) => entry.node())),
    h('form', {
      class: 'composer', key: 'composer',
      onsubmit: (event: Event) => {
        event.preventDefault();
        act.sendChat();
      },
    },
      alone && h('p', { class: 'hint' }, t('chat.nobody')),
      h('div', { class: 'composer-row' },
        h('button', { type: 'button', class: 'btn btn-icon', disabled: alone, 'aria-label': t('chat.sendFile'), title: t('chat.sendFile'), 'data-action': 'send-file', onclick: act.pickFile }, icon('clip')),
        h('input', {
          class: 'input', value: ui.draft, maxlength: 4000, placeholder: t('chat.placeholder'), 'aria-label': t('chat.placeholder'),
          autocomplete: 'off', disabled: alone, 'data-input': 'chat',
          oninput: (event: Event) => act.set({ draft: (event.target as HTMLInputElement).value }),
        }),
        h('button', { class: 'btn btn-main btn-icon', disabled: alone || ui.draft.trim() === '', 'aria-label': t('chat.send'), title: t('chat.send'), 'data-action': 'send-chat' }, icon('send')))),
  ];
}

function chatLine(view: View, line: ChatLine): VNode {
  const { t } = view;
  const name = line.by === 'you' ? t('you') : line.name || t('unnamed');
  if (line.kind !== 'said') {
    return h('p', { key: line.id, class: 'chat-event' }, t(line.kind === 'joined' ? 'call.joined' : 'call.left', { name }));
  }
  const own = line.by === 'you';
  return h('div', { key: `m-${line.by}-${line.id}`, class: `said${own ? ' is-own' : ''}`, 'data-said-by': line.by },
    h('span', { class: own ? 'sr' : 'said-by' }, name),
    h('p', { class: 'said-text', dir: 'auto' }, linked(line.text)));
}

/** Addresses become links; everything stays text nodes. */
function linked(said: string): Child[] {
  return said.split(/(https?:\/\/[^\s<>"']+)/g).map((part, i) =>
    i % 2 === 1 ? h('a', { href: part, target: '_blank', rel: 'noopener noreferrer' }, part) : part);
}

function fileCard(view: View, file: FileState): VNode {
  const { t } = view;
  const moving = file.stage === 'started' || file.stage === 'progress' || file.stage === 'resumed';
  const part = file.size > 0 ? Math.min(100, (file.bytes / file.size) * 100) : 0;
  return h('div', {
    key: `f-${file.transfer}`, class: `file${file.direction === 'send' ? ' is-own' : ''}`, 'data-file': file.transfer,
    'data-stage': file.stage, 'data-direction': file.direction, 'data-bytes': file.bytes,
  },
    h('div', { class: 'file-head' }, icon('file'),
      h('div', { class: 'file-name' }, h('b', { title: file.name }, file.name),
        h('span', { class: 'hint' }, `${bytes(file.size)} · ${t(file.direction === 'send' ? 'file.toName' : 'file.fromName', { name: file.peerName || t('unnamed') })}`))),
    (moving || file.stage === 'paused') && h('progress', { class: 'file-progress', max: 100, value: part, 'aria-label': t('file.progressLabel', { name: file.name }) }),
    h('p', { class: 'file-status', 'data-status': true }, fileWords(view, file)),
    fileButtons(view, file));
}

function fileWords(view: View, file: FileState): string {
  const { t } = view;
  const name = file.peerName || t('unnamed');
  const amount = { bytes: bytes(file.bytes), size: bytes(file.size) };
  switch (file.stage) {
    case 'offered':
      return t(file.direction === 'send' ? 'file.offered' : 'file.offeredIn', { name });
    case 'accepted':
      return t('file.accepted');
    case 'declined':
      return t('file.declined');
    case 'started':
    case 'progress':
    case 'resumed': {
      const said = t('file.progress', { ...amount, rate: bytes(file.bps / 8) });
      const left = file.bps > 0 ? ((file.size - file.bytes) * 8000) / file.bps : 0;
      return left > 1500 ? `${said} · ${t('file.left', { time: duration(left) })}` : said;
    }
    case 'paused':
      return t('file.paused', amount);
    case 'done':
      return t(file.direction === 'send' ? 'file.done' : 'file.doneIn');
    case 'cancelled':
      return t('file.cancelled');
    case 'failed':
      return t(`file.why.${file.why ?? 'protocol'}`, { name });
  }
}

function fileButtons(view: View, file: FileState): VNode | null {
  const { t, act, call } = view;
  const button = (action: string, label: string, press: () => void, main = false): VNode =>
    h('button', { key: action, class: `btn btn-small${main ? ' btn-main' : ''}`, 'data-action': action, onclick: press }, label);
  if (file.direction === 'receive' && file.stage === 'offered') {
    return h('div', { class: 'file-buttons' },
      button('accept', t('file.accept'), () => act.accept(file.transfer, false), true),
      call.sinks.includes('disk') && button('accept-disk', t('file.acceptDisk'), () => act.accept(file.transfer, true)),
      button('decline', t('file.decline'), () => call.declineFile(file.transfer)));
  }
  if (file.direction === 'receive' && file.stage === 'done' && file.sink !== 'disk') {
    return h('div', { class: 'file-buttons' }, button('download', t('file.download'), () => act.download(file.transfer, file.name), true));
  }
  const going = ['offered', 'accepted', 'started', 'progress', 'paused', 'resumed'].includes(file.stage);
  return going ? h('div', { class: 'file-buttons' }, button('cancel', t('file.cancel'), () => call.cancelFile(file.transfer))) : null;
}
