// The picture of the path: you, router, internet, router, them; a relay bends the line.
//
// Weight is bitrate, dashes are TCP, dots are what can't be seen from here. A router stands only
// where it was seen; where nobody can tell it is dotted. Pairs that lost stay as faint threads.

import { h, type VNode } from './h.ts';
import { bitrate } from '../i18n/index.ts';
import { losingPairs, pathOf, type LosingPair, type PathView, type Router } from './reduce/path.ts';
import type { PeerState, State } from './reduce/state.ts';
import { displayName, type View } from './view.ts';

const kWidth = 344;
const kY = 84; // of the line
const kRelayY = 166;
const kX = { you: 30, yourRouter: 101, internet: 172, theirRouter: 243, them: 314 };
/** Threads drawn; the list below the picture names the others too. */
const kMaxThreads = 7;
/** A path chosen this recently draws itself in; an older one simply is there. */
const kNewMs = 3000;

/** 1.5 at silence, about 3 for sound alone, 6 for 2.5 Mbit/s, 9 at most. */
export function weight(bps: number): number {
  if (bps <= 0) return 1.5;
  return Math.min(9, 1.5 + 1.35 * Math.log2(1 + bps / 40_000) * 0.55);
}

export function pathPicture(view: View, state: State, peer: PeerState): VNode {
  const path = pathOf(state, peer);
  const { t } = view;
  if (!path) return h('p', { class: 'hint', 'data-path': 'none' }, t('path.noneYet'));
  const name = displayName(view, peer);
  const broken = peer.link === 'reconnecting' || peer.link === 'failed';
  const bps = peer.sample ? peer.sample.sendBps + peer.sample.receiveBps : 0;
  const height = path.kind === 'relay' && !broken ? 206 : 138;
  return h(
    'figure', { class: 'path', 'data-path': broken ? 'broken' : path.kind },
    h('svg', { class: 'path-svg', viewBox: `0 0 ${kWidth} ${height}`, role: 'img', 'aria-label': summary(view, path, name) },
      threads(peer),
      line(path, weight(bps), broken, `${peer.selected?.id ?? ''}`, !broken && view.now - (peer.selectedAt ?? 0) < kNewMs),
      h('g', { class: 'nodes' },
        end(kX.you, t('you'), path.yourAddress),
        router(kX.yourRouter, path.yourRouter, path.yourPublic, t('path.router')),
        path.internet && !broken && cloud(kX.internet, t('path.internet')),
        router(kX.theirRouter, path.theirRouter, path.theirPublic, t('path.router')),
        end(kX.them, name, path.theirAddress),
        path.kind === 'relay' && !broken && relay(path, t('path.relay'), t('path.unseen')))),
    h('figcaption', null,
      h('p', { class: 'path-sum' }, summary(view, path, name)),
      broken
        ? h('p', { class: 'path-broken' }, t('path.lost', { s: Math.max(0, Math.round((view.now - peer.linkSince) / 1000)) }))
        : peer.sample && h('p', { class: 'path-rate' }, t('path.rate', {
          up: bitrate(peer.sample.sendBps), down: bitrate(peer.sample.receiveBps),
        })),
      h('p', { class: 'hint' }, t('path.legend', {
        dash: carriesTcp(path) ? t('path.legendDash') : '',
        dot: hasUnseen(path) ? t('path.legendDot') : '',
      }))),
  );
}

const carriesTcp = (p: PathView): boolean => p.yourTransport !== 'udp' || (p.theirTransport !== null && p.theirTransport !== 'udp');
const hasUnseen = (p: PathView): boolean =>
  p.theirTransport === null || p.yourRouter === 'unknown' || p.theirRouter === 'unknown';

export function summary(view: View, path: PathView, name: string): string {
  const { t } = view;
  const transport = path.yourTransport.toUpperCase();
  if (path.near === 'machine') return t('path.nearMachine');
  if (path.near === 'network') return t('path.nearNetwork');
  if (path.kind === 'direct') return t('path.directSum', { name, transport });
  // Firefox does not tell which server gave a relayed candidate.
  if (path.relayName === null) return path.whose === 'theirs' ? t('path.relayTheirs', { name }) : t('path.relayYours', { transport });
  return t('path.relaySum', { server: path.relayName, transport });
}

function line(path: PathView, w: number, broken: boolean, id: string, fresh: boolean): VNode {
  const cls = `way way-${path.kind}${broken ? ' is-broken' : ''}${fresh ? ' is-new' : ''}`;
  const dash = (transport: PathView['theirTransport']): string =>
    transport === null ? ' is-unseen' : transport === 'udp' ? '' : ' is-tcp';
  const width = { 'stroke-width': w.toFixed(2) };
  const mid = kX.internet;
  if (broken) {
    // The thread has snapped: both ends hang.
    return h('g', { class: cls },
      h('path', { d: `M${kX.you} ${kY}H${mid - 40}C${mid - 26} ${kY} ${mid - 24} ${kY + 4} ${mid - 22} ${kY + 20}`, 'stroke-width': 2.5 }),
      h('path', { d: `M${kX.them} ${kY}H${mid + 40}C${mid + 26} ${kY} ${mid + 24} ${kY + 4} ${mid + 22} ${kY + 20}`, 'stroke-width': 2.5 }));
  }
  if (path.kind === 'direct') {
    return h('g', { class: cls, key: id }, h('path', { class: `leg${dash(path.yourTransport)}`, d: `M${kX.you} ${kY}H${kX.them}`, ...width }));
  }
  // Both legs turn down inside the cloud and meet in the relay.
  const down = kRelayY - 13;
  const left = `M${kX.you} ${kY}H${mid - 24}C${mid - 10} ${kY} ${mid - 8} ${kY + 6} ${mid - 8} ${kY + 22}V${down}`;
  const right = `M${mid + 8} ${down}V${kY + 22}C${mid + 8} ${kY + 6} ${mid + 10} ${kY} ${mid + 24} ${kY}H${kX.them}`;
  return h('g', { class: cls, key: id },
    h('path', { class: `leg${dash(path.yourTransport)}`, d: left, ...width }),
    h('path', { class: `leg${dash(path.theirTransport)}`, d: right, ...width }));
}

/** Every pair that was not chosen: an arc above the line, ending where it ended. */
function threads(peer: PeerState): VNode {
  const pairs = losingPairs(peer).slice(0, kMaxThreads);
  return h('g', { class: 'threads' }, pairs.map((pair, i) => {
    const lift = kY - 36 - i * 11;
    const d = `M${kX.you} ${kY}C${kX.you + 40} ${lift - 14} ${kX.them - 40} ${lift - 14} ${kX.them} ${kY}`;
    return h('path', { key: pair.id, d, class: `thread is-${threadState(pair)}`, 'data-thread': pair.id });
  }));
}

function threadState(pair: LosingPair): string {
  if (pair.reason.key.startsWith('pair.answered')) return 'answered';
  return pair.reason.key === 'pair.notTried' || pair.reason.key === 'pair.waiting' ? 'untried' : 'silent';
}

/** Long addresses (IPv6) keep both ends. */
function short(address: string, limit = 15): string {
  return address.length <= limit ? address : `${address.slice(0, limit - 5)}…${address.slice(-4)}`;
}

function end(x: number, name: string, address: string): VNode {
  const left = x < kWidth / 2;
  const tx = left ? 4 : kWidth - 4;
  const anchor = left ? 'start' : 'end';
  return h('g', { class: 'node node-end' },
    h('circle', { cx: x, cy: kY, r: 15 }),
    h('path', { class: 'node-mark', d: `M${x - 6.5} ${kY + 7}a6.5 6.5 0 0 1 13 0M${x - 3.6} ${kY - 4}a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0 -7.2 0` }),
    h('text', { x: tx, y: kY + 33, 'text-anchor': anchor, class: 'node-name' }, short(name, 12)),
    address && h('text', { x: tx, y: kY + 47, 'text-anchor': anchor, class: 'node-addr' }, short(address), h('title', null, address)));
}

function router(x: number, kind: Router, address: string | null, label: string): VNode | null {
  if (kind === 'none') return null;
  return h('g', { class: `node node-router is-${kind}`, 'data-router': kind },
    h('rect', { x: x - 15, y: kY - 9, width: 30, height: 18, rx: 5 }),
    h('path', { class: 'node-mark', d: `M${x - 8} ${kY}h.01M${x - 2} ${kY}h.01M${x + 8} ${kY - 9}v-7` }),
    h('text', { x, y: kY + 33, 'text-anchor': 'middle', class: 'node-label' }, label),
    address && kind === 'seen' && h('text', { x, y: kY - 22, 'text-anchor': 'middle', class: 'node-addr halo' }, short(address, 15), h('title', null, address)));
}

function cloud(x: number, label: string): VNode {
  return h('g', { class: 'node node-cloud' },
    h('path', { d: `M${x - 17} ${kY + 12}a9 9 0 0 1 -2 -17.5a12 12 0 0 1 22 -5a9.5 9.5 0 0 1 15 8.5a7.5 7.5 0 0 1 -2 14Z` }),
    h('text', { x, y: kY - 22, 'text-anchor': 'middle', class: 'node-label halo' }, label));
}

function relay(path: PathView, label: string, unseen: string): VNode {
  const x = kX.internet;
  const seen = path.relayName !== null;
  return h('g', { class: `node node-relay${seen ? '' : ' is-unknown'}`, 'data-relay': path.relayName ?? '' },
    h('path', { d: `M${x} ${kRelayY - 22}l20 18 -20 18 -20 -18Z` }),
    h('path', { class: 'node-mark', d: `M${x - 8} ${kRelayY - 4}h16m-4 -4l4 4l-4 4` }),
    h('text', { x, y: kRelayY + 32, 'text-anchor': 'middle', class: 'node-name' }, path.relayName === null ? `${label} (${unseen})` : short(path.relayName, 34)));
}

/** The list under the picture: the pair in use and every other one with its reason. */
export function pairList(view: View, peer: PeerState): VNode {
  const { t, ui, act } = view;
  const losing = losingPairs(peer);
  const shown = ui.showAllPairs ? losing : losing.slice(0, 5);
  const ends = (pair: { local: LosingPair['local']; remote: LosingPair['remote'] }): string => {
    const one = (end: LosingPair['local']): string => t(`end.${end.type}`);
    return `${one(pair.local)} ↔ ${one(pair.remote)}`;
  };
  return h('div', { class: 'pairs' },
    peer.selected && [
      h('h3', { class: 'label' }, t('path.inUse')),
      h('p', { class: 'pair is-used' }, h('b', null, ends(peer.selected)), h('span', { class: 'mono' }, addresses(view, peer.selected))),
    ],
    losing.length > 0 && [
      h('h3', { class: 'label' }, t('path.others', { n: losing.length })),
      h('ul', null, shown.map((pair) => h('li', { key: pair.id, class: `pair is-${threadState(pair)}`, 'data-pair': pair.id, 'data-reason': pair.reason.key },
        h('span', null, ends(pair)),
        h('span', { class: 'mono' }, addresses(view, pair)),
        h('span', { class: 'hint' }, t(pair.reason.key, pair.reason.params))))),
      losing.length > shown.length && h('button', { class: 'btn-quiet', onclick: () => act.set({ showAllPairs: true }) }, t('path.more', { n: losing.length - shown.length })),
    ]);
}

function addresses(view: View, pair: { local: LosingPair['local']; remote: LosingPair['remote'] }): string {
  const one = (end: LosingPair['local']): string => {
    if (!end.address || end.address.endsWith('.local')) return view.t('path.hidden');
    return `${end.address.includes(':') ? `[${end.address}]` : end.address}:${end.port}`;
  };
  return `${one(pair.local)} ↔ ${one(pair.remote)}`;
}
