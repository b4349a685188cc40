// The controls of the call. Each says its key: M, V, S, C, P.

import { h, type VNode } from './h.ts';
import { icon, type IconName } from './icons.ts';
import { languageChoice, linkBox } from './widgets.ts';
import { presentPeers, type View } from './view.ts';

interface Control {
  action: string;
  icon: IconName;
  label: string;
  key: string | null;
  off?: boolean; // drawn filled: this is not being sent
  on?: boolean; // drawn pressed
  badge?: number;
  press: () => void;
}

export function controls(view: View): VNode {
  const { state, t, ui, act, call } = view;
  const micOn = !call.isMuted('microphone');
  const camOn = call.media.camera !== null && !call.isMuted('camera');
  const sharing = call.media.screen !== null;
  const said = state.chat.filter((line) => line.kind === 'said' && line.by !== 'you').length
    + [...state.files.values()].filter((file) => file.direction === 'receive').length;
  const unread = ui.panel === 'chat' ? 0 : Math.max(0, said - ui.chatSeen);
  const list: (Control | false)[] = [
    state.secure && { action: 'mute', icon: micOn ? 'mic' : 'micOff', label: t(micOn ? 'ctl.mute' : 'ctl.unmute'), key: 'M', off: !micOn, press: act.toggleMic },
    state.secure && { action: 'camera', icon: camOn ? 'cam' : 'camOff', label: t(camOn ? 'ctl.camOff' : 'ctl.camOn'), key: 'V', off: !camOn, press: act.toggleCam },
    call.canShareScreen && { action: 'share', icon: 'screen', label: t(sharing ? 'ctl.stopShare' : 'ctl.share'), key: 'S', on: sharing, press: act.toggleShare },
    { action: 'chat', icon: 'chat', label: t('ctl.chat'), key: 'C', on: ui.panel === 'chat', badge: unread, press: () => act.togglePanel('chat') },
    { action: 'path', icon: 'path', label: t('ctl.path'), key: 'P', on: ui.panel !== null && ui.panel !== 'chat', press: () => act.togglePanel('path') },
  ];
  return h('div', { class: 'controls', role: 'group', 'aria-label': t('ctl.group') },
    list.filter((c): c is Control => c !== false).map((c) => button(view, c)),
    h('button', {
      key: 'leave', class: 'round round-leave', 'aria-label': t('ctl.leave'), 'data-tip': t('ctl.leave'),
      'data-action': 'leave', onclick: act.leave,
    }, icon('leave')));
}

function button(view: View, c: Control): VNode {
  const { t } = view;
  const tip = c.key ? t('ctl.key', { name: c.label, key: c.key }) : c.label;
  return h('button', {
    key: c.action, class: `round${c.off ? ' is-off' : ''}${c.on ? ' is-on' : ''}`,
    'aria-label': c.badge ? `${c.label}, ${t('chat.unread', { n: c.badge })}` : c.label,
    'aria-keyshortcuts': c.key?.toLowerCase() ?? null, 'aria-pressed': String(c.off === true || c.on === true),
    'data-tip': tip, 'data-action': c.action, onclick: c.press,
  }, icon(c.icon), c.badge ? h('span', { class: 'badge', 'data-unread': c.badge }, String(c.badge)) : null);
}

/** Room name, lock, who is here, and the link. */
export function roomChip(view: View): VNode {
  const { state, ui, t, act, call } = view;
  const n = presentPeers(state).length + 1;
  return h('div', { class: 'room' },
    h('button', {
      class: 'room-chip', 'aria-expanded': String(ui.invite), 'data-action': 'invite', 'data-room': state.room,
      'data-locked': String(state.locked), onclick: () => act.set({ invite: !ui.invite, copied: 'no' }),
    },
      state.locked && icon('lock', 'icon-s'),
      h('span', { class: 'room-name' }, state.room),
      h('span', { class: 'room-count', 'data-members': n }, icon('people', 'icon-s'), String(n))),
    ui.invite && h('div', { class: 'popover', role: 'dialog', 'aria-label': t('ctl.invite'), 'data-popover': 'invite' },
      h('div', { class: 'popover-head' },
        h('b', null, t('lobby.link')),
        h('button', { class: 'btn-icon-bare', 'aria-label': t('close'), onclick: () => act.set({ invite: false }) }, icon('cross', 'icon-s'))),
      linkBox(view, state.room ?? ''),
      h('div', { class: 'popover-row' },
        h('button', { class: 'btn btn-small', 'data-action': 'lock', 'aria-pressed': String(state.locked), onclick: () => call.lockRoom(!state.locked) },
          icon(state.locked ? 'unlock' : 'lock', 'icon-s'), t(state.locked ? 'ctl.unlock' : 'ctl.lock')),
        languageChoice(view)),
      state.locked && h('p', { class: 'hint' }, t('ctl.locked'))));
}
