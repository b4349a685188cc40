// Small pieces that several views use: video elements, the link with its QR code, language choice.

import { encode } from 'uqr';
import type { PeerId, Source } from '../call/events.ts';
import { kLanguages, type Lang } from '../i18n/index.ts';
import { h, type VNode } from './h.ts';
import { icon } from './icons.ts';
import type { View } from './view.ts';

export function video(
  view: View, stream: MediaStream | null,
  options: { key: string; muted: boolean; mirror?: boolean; label: string; fit?: 'contain'; watch?: { peer: PeerId; source: Source } },
): VNode {
  return h('video', {
    key: options.key,
    class: `video${options.mirror ? ' is-mirrored' : ''}${options.fit === 'contain' ? ' is-contained' : ''}`,
    srcObject: stream,
    muted: options.muted,
    autoplay: true,
    playsinline: true,
    disablepictureinpicture: true,
    'aria-label': options.label,
    'data-video': options.key,
    ref: (element: HTMLVideoElement) => {
      if (options.watch) view.call.watch(element, options.watch.peer, options.watch.source);
    },
  });
}

/** A play() that the browser refused until a gesture is asked for again on the next click. */
export function keepPlaying(root: Element): void {
  for (const element of root.querySelectorAll('video')) {
    if (element.srcObject && element.paused) void element.play().catch(() => undefined);
  }
}

export function languageChoice(view: View): VNode {
  return h('label', { class: 'lang' },
    h('span', { class: 'sr' }, view.t('language')),
    h('select', {
      class: 'lang-select', 'data-action': 'language', value: view.ui.lang,
      onchange: (event: Event) => view.act.language((event.target as HTMLSelectElement).value as Lang),
    }, kLanguages.map((l) => h('option', { value: l.lang, lang: l.lang }, l.name))));
}

export function linkBox(view: View, room: string): VNode {
  const { t, ui, act, call } = view;
  const link = call.roomLink(room);
  return h('div', { class: 'link', 'data-link': link },
    h('div', { class: 'link-row' },
      h('input', {
        class: 'link-text mono', readonly: true, value: link, 'aria-label': t('lobby.link'), dir: 'ltr',
        onfocus: (event: Event) => (event.target as HTMLInputElement).select(),
      }),
      h('button', { class: 'btn btn-small', 'data-action': 'copy-link', onclick: () => act.copyLink(link) },
        icon(ui.copied === 'yes' ? 'check' : 'copy', 'icon-s'), t(ui.copied === 'yes' ? 'ctl.copied' : 'ctl.copyLink')),
      h('button', {
        class: 'btn btn-small btn-icon', 'aria-label': t('ctl.showQr'), title: t('ctl.showQr'),
        'aria-expanded': String(ui.qr), 'data-action': 'qr', onclick: () => act.set({ qr: !ui.qr }),
      }, icon('qr', 'icon-s'))),
    h('p', { class: 'sr', role: 'status' }, ui.copied === 'yes' ? t('ctl.copied') : ''),
    ui.copied === 'by-hand' && h('p', { class: 'hint', role: 'status' }, t('ctl.copyByHand')),
    call.loopbackOnly && h('p', { class: 'note', 'data-note': 'loopback' }, loopbackWords(view)),
    ui.qr && qrCode(view, link));
}

function loopbackWords(view: View): (VNode | string)[] {
  const command = 'parley serve --lan';
  const [before = '', after = ''] = view.t('lobby.loopback', { command }).split(command);
  return [before, h('code', null, command), after];
}

function qrCode(view: View, link: string): VNode | null {
  try {
    const code = encode(link, { ecc: 'M', border: 2 });
    let d = '';
    code.data.forEach((row, y) => row.forEach((dark, x) => {
      if (dark) d += `M${x} ${y}h1v1h-1z`;
    }));
    return h('svg', {
      class: 'qr', viewBox: `0 0 ${code.size} ${code.size}`, role: 'img', 'aria-label': view.t('ctl.qrAlt'),
      'shape-rendering': 'crispEdges', 'data-qr': link,
    }, h('path', { d }));
  } catch {
    return null; // longer than a code can hold: the text is there
  }
}
