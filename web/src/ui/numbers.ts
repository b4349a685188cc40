// What the media is, in words: codec, size, pair, keys. From getStats samples, as recorded.

import type { VideoSample } from '../call/events.ts';
import { bitrate, duration } from '../i18n/index.ts';
import { charts } from './charts.ts';
import { h, type Child, type VNode } from './h.ts';
import { pathOf } from './reduce/path.ts';
import type { PeerState, State } from './reduce/state.ts';
import type { View } from './view.ts';

export function numbers(view: View, state: State, peer: PeerState): VNode {
  const { t } = view;
  const sample = peer.sample;
  const path = pathOf(state, peer);
  const rows: [string, Child, string][] = [];
  if (sample) {
    rows.push([t('num.received'), media(view, [sample.video, sample.screen], sample.audio?.codec, sample.audio?.in), 'received']);
    rows.push([t('num.sent'), media(view, [sample.sentVideo], sample.audio?.codec, sample.audio?.out), 'sent']);
  }
  if (path && peer.selected) {
    rows.push([t('num.pair'), t('num.pairWords', {
      local: t(`end.${peer.selected.local.type}`), remote: t(`end.${peer.selected.remote.type}`),
      transport: path.yourTransport.toUpperCase(),
    }), 'pair']);
  }
  if (sample?.dtls) rows.push([t('num.keys'), cipherWords(sample.dtls, sample.srtp), 'keys']);
  if (peer.connectMs !== null) rows.push([t('num.connectTime'), duration(peer.connectMs), 'connect']);
  return h('div', { class: 'numbers' },
    charts(view, peer),
    rows.length > 0 && h('dl', { class: 'facts' }, rows.map(([name, value, id]) =>
      h('div', { key: id, 'data-fact': id }, h('dt', null, name), h('dd', null, value)))));
}

function media(view: View, videos: (VideoSample | null)[], audio: string | undefined, audioBps: number | undefined): VNode[] {
  const { t } = view;
  const lines = videos.filter((v): v is VideoSample => v !== null && v.width > 0).map((v) => t('num.video', {
    codec: v.codec, w: v.width, h: v.height, fps: Math.round(v.fps), rate: bitrate(v.bps),
  }));
  if (audio && (audioBps ?? 0) > 0) {
    lines.push(t('num.audio', { codec: codecName(audio), rate: bitrate(audioBps ?? 0) }));
  }
  return (lines.length > 0 ? lines : [t('num.nothing')]).map((line) => h('span', { class: 'fact-line' }, line));
}

function codecName(codec: string): string {
  return codec.toLowerCase() === 'opus' ? 'Opus' : codec.toUpperCase();
}

/** TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 is for machines. */
function cipherWords(dtls: string, srtp: string | null): string {
  const cipher = dtls.replace(/^.*WITH_/, '').replace(/_SHA\d+$/, '').replaceAll('_', ' ');
  return srtp ? `DTLS ${cipher}, SRTP ${srtp.replaceAll('_', ' ')}` : `DTLS ${cipher}`;
}
