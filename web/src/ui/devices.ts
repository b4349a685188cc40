// Camera and microphone before the call: see yourself, see that you are heard, choose.

import type { DeviceInfo } from '../call/events.ts';
import { failureCard } from './failure_view.ts';
import { h, type VNode } from './h.ts';
import { icon } from './icons.ts';
import { failureCards } from './reduce/failures.ts';
import { video } from './widgets.ts';
import type { View } from './view.ts';

export function preview(view: View): VNode {
  const { state, t, call, act } = view;
  const camera = call.media.camera;
  const opening = state.media.camera.asked || state.media.microphone.asked;
  const mic = call.media.microphone !== null;
  const none = !camera && !mic;
  const failures = failureCards(state).filter((card) => card.place === 'device');
  return h('div', { class: 'preview-wrap' },
    h('div', { class: `preview on-stage${camera ? '' : ' is-off'}`, 'data-preview': camera ? 'on' : 'off' },
      camera && video(view, camera, { key: 'preview', muted: true, mirror: true, label: t('you') }),
      !camera && h('div', { class: 'preview-off' },
        !state.secure ? h('p', null, t('dev.insecure'))
          : opening ? h('p', null, t('dev.opening'))
            : none ? [
              h('button', { type: 'button', class: 'btn btn-light', 'data-action': 'devices-on', onclick: () => act.devicesOn() }, icon('cam'), t('dev.turnOn')),
              h('p', null, t('dev.why')),
            ] : h('p', null, t('dev.off'))),
      state.secure && !(none && !opening) && h('div', { class: 'preview-controls' },
        toggle(mic && !call.isMuted('microphone'), 'mic', view),
        toggle(camera !== null, 'cam', view))),
    failures.map((card) => failureCard(view, card)));
}

function toggle(on: boolean, which: 'mic' | 'cam', view: View): VNode {
  const { t, act } = view;
  const label = which === 'mic' ? t(on ? 'ctl.mute' : 'ctl.unmute') : t(on ? 'ctl.camOff' : 'ctl.camOn');
  return h('button', {
    type: 'button', key: which, class: `round${on ? '' : ' is-off'}`, 'aria-label': label, title: label,
    'aria-pressed': String(!on), 'data-action': which === 'mic' ? 'mute' : 'camera',
    onclick: () => (which === 'mic' ? act.toggleMic() : act.toggleCam()),
  }, icon(which === 'mic' ? (on ? 'mic' : 'micOff') : on ? 'cam' : 'camOff'));
}

export function devicePickers(view: View): VNode | null {
  const { state, t, call, ui, act } = view;
  if (!state.secure) return null;
  const mic = call.media.microphone !== null;
  return h('div', { class: 'pickers' },
    picker(view, 'camera', state.devices.cameras, state.media.camera.deviceId),
    picker(view, 'microphone', state.devices.microphones, state.media.microphone.deviceId),
    mic && h('div', { class: 'level', key: 'level' },
      h('div', { class: 'level-track', role: 'img', 'aria-label': t('dev.level'), 'data-level': true }, h('i', { key: 'bar', class: 'level-bar' })),
      h('p', { class: 'hint', 'data-heard': String(ui.heard) }, t(ui.heard ? 'dev.levelHeard' : 'dev.levelQuiet'))),
    h('button', { type: 'button', key: 'sound', class: 'btn-quiet', 'data-action': 'sound', onclick: () => act.playSound() }, icon('speaker', 'icon-s'), ' ', t('dev.sound')));
}

function picker(view: View, which: 'camera' | 'microphone', list: readonly DeviceInfo[], chosen: string): VNode | null {
  const { t, act } = view;
  const named = list.filter((device) => device.id !== '');
  if (named.length === 0) return null;
  return h('div', { class: 'field', key: which },
    h('label', { for: `pick-${which}` }, t(`dev.${which}`)),
    h('select', {
      id: `pick-${which}`, class: 'select', value: chosen || view.call.devices[which] || '', 'data-input': which,
      onchange: (event: Event) => act.pickDevice(which, (event.target as HTMLSelectElement).value),
    },
      !chosen && h('option', { value: '' }, t('dev.default')),
      named.map((device, i) => h('option', { value: device.id }, device.label || t(which === 'camera' ? 'dev.camN' : 'dev.micN', { n: i + 1 })))));
}
