// The stage: who is seen. One other: they fill it and you stand in the corner. Several: a grid.
// While nobody is connected yet, the stage is the diagram; the video takes its place.

import { h, type Child, type VNode } from './h.ts';
import { icon } from './icons.ts';
import { diagram } from './diagram.ts';
import { failureCard } from './failure_view.ts';
import { failureCards } from './reduce/failures.ts';
import { kSteps, type PeerState } from './reduce/state.ts';
import { stonesOf } from './reduce/stones.ts';
import { pathGlyph, ribbonWords } from './ribbon.ts';
import { stonesList } from './stones_view.ts';
import { linkBox, video } from './widgets.ts';
import { displayName, presentPeers, type View } from './view.ts';

export function stage(view: View): VNode {
  const { state } = view;
  const peers = presentPeers(state);
  const only = peers.length === 1 ? peers[0] : undefined;
  if (peers.length === 0) return waiting(view);
  if (only && !only.everConnected) return connecting(view, only);
  const sharing = peers.find((peer) => view.call.media.members.get(peer.id)?.screen);
  const count = peers.length + (peers.length > 1 ? 1 : 0);
  return h('main', {
    class: `stage on-stage ${sharing ? 'has-screen' : ''} ${only ? 'is-pair' : 'is-group'} n-${Math.min(count, 16)}`,
    'data-stage': only ? 'pair' : 'group', key: 'stage',
  },
    h('h1', { class: 'sr', key: 'h1' }, state.room),
    sharing && screenTile(view, sharing),
    h('div', { class: 'tiles', key: 'tiles' },
      peers.map((peer) => tile(view, peer)),
      selfTile(view, only ? 'tile is-self is-pip' : 'tile is-self')),
    notes(view));
}

function waiting(view: View): VNode {
  const { t, state } = view;
  return h('main', { class: 'stage on-stage is-waiting', 'data-stage': 'waiting', key: 'stage' },
    h('div', { class: 'tiles', key: 'tiles' }, selfTile(view, 'tile is-self')),
    h('section', { class: 'wait-card', key: 'wait' },
      h('h1', null, t('wait.title')),
      h('p', null, t('wait.sub')),
      linkBox(view, state.room ?? '')),
    notes(view));
}

function connecting(view: View, peer: PeerState): VNode {
  const { t, state } = view;
  const cards = failureCards(state).filter((card) => card.place === 'member' || card.place === 'note');
  const failed = peer.link === 'failed';
  return h('main', { class: 'stage is-paper', 'data-stage': failed ? 'failed' : 'connecting', key: 'stage' },
    cards.map((card) => failureCard(view, card)),
    h('header', { class: 'connect-head', key: 'head' },
      h('div', null,
        h('h1', null, t('call.connecting', { name: displayName(view, peer) })),
        !failed && h('p', { class: 'hint' }, t('call.connectingSub'))),
      !failed && view.call.media.camera && h('div', { class: 'connect-self' },
        video(view, view.call.media.camera, { key: 'self', muted: true, mirror: true, label: t('you') }))),
    h('div', { class: 'connect-grid', key: 'grid' },
      h('section', { class: 'connect-diagram', tabindex: 0, 'aria-label': t('diagram.title') }, diagram(view, state, peer)),
      h('section', { class: 'connect-stones' }, stonesList(view, state, peer, view.now))));
}

function avatar(name: string): VNode {
  return h('span', { class: 'avatar', 'aria-hidden': 'true' }, Array.from(name.trim())[0]?.toUpperCase() ?? '?');
}

function tile(view: View, peer: PeerState): VNode {
  const { t, call, act, state } = view;
  const name = displayName(view, peer);
  const media = call.media.members.get(peer.id);
  const hasVideo = peer.theirs.camera !== false && (media?.main.getVideoTracks().length ?? 0) > 0;
  const words = ribbonWords(view, state, peer);
  const muted = peer.theirs.microphone === false;
  return h('article', { key: `tile-${peer.id}`, class: `tile link-${peer.link}${hasVideo ? '' : ' no-video'}`, 'data-tile': peer.id, 'data-link': peer.link },
    media && video(view, media.main, {
      key: `v-${peer.id}`, muted: media.playMuted, label: name, watch: { peer: peer.id, source: 'camera' },
    }),
    !hasVideo && peer.link !== 'connecting' && peer.link !== 'new' && h('div', { class: 'tile-off', key: 'off' }, avatar(name), h('p', null, t('call.noVideo', { name }))),
    (peer.link === 'connecting' || peer.link === 'new') && smallStones(view, peer, name),
    peer.link === 'reconnecting' && h('div', { class: 'tile-over', key: 'over', 'data-reconnecting': true },
      pathGlyph('reconnecting'),
      // Said once; the seconds are for the eye.
      h('p', { class: 'sr', role: 'status' }, `${name}: ${t('ribbon.reconnecting')}`),
      h('p', { 'aria-hidden': 'true' }, t('call.reconnecting', { s: Math.max(0, Math.floor((view.now - peer.linkSince) / 1000)) }))),
    peer.link === 'failed' && h('div', { class: 'tile-fail', key: 'fail' },
      failureCards(state).filter((card) => card.peer === peer.id).map((card) => failureCard(view, card)),
      h('button', { class: 'btn-quiet', 'data-action': 'why', onclick: () => act.showPeer(peer.id, 'steps') }, t('fail.why'))),
    h('div', { class: 'tile-label', key: 'label' },
      h('button', { class: 'nameplate', onclick: () => act.showPeer(peer.id, 'path'), title: t('ribbon.how') },
        pathGlyph(words.kind), h('span', null, name), muted && icon('micOff', 'icon-s'), muted && h('span', { class: 'sr' }, t('call.muted')))),
    peer.playMuted && h('p', { class: 'tile-note', key: 'howl', 'data-note': 'same-machine' },
      t('call.sameMachine', { name }), ' ',
      h('button', { class: 'btn-quiet', onclick: () => call.setPlayback(peer.id, false) }, t('call.hear'))));
}

/** A member still connecting while others talk already: their six stones, small. */
function smallStones(view: View, peer: PeerState, name: string): VNode {
  return h('div', { class: 'tile-off', key: 'off' }, avatar(name),
    h('p', null, view.t('call.connecting', { name })),
    h('button', { class: 'dots', 'aria-label': view.t('call.steps'), onclick: () => view.act.showPeer(peer.id, 'steps') },
      stonesOf(view.state, peer).map((stone) => h('i', { class: `dot is-${stone.state}`, 'data-dot': stone.step }, String(kSteps[stone.step - 1])))));
}

function screenTile(view: View, peer: PeerState): VNode {
  const name = displayName(view, peer);
  const stream = view.call.media.members.get(peer.id)?.screen ?? null;
  return h('article', { class: 'tile tile-screen', key: `screen-${peer.id}`, 'data-screen-of': peer.id },
    video(view, stream, { key: `s-${peer.id}`, muted: false, label: view.t('call.screenOf', { name }), fit: 'contain', watch: { peer: peer.id, source: 'screen' } }),
    h('div', { class: 'tile-label' }, h('span', { class: 'nameplate' }, icon('screen', 'icon-s'), h('span', null, view.t('call.screenOf', { name })))));
}

function selfTile(view: View, cls: string): VNode {
  const { t, call, ui } = view;
  const camera = call.isMuted('camera') ? null : call.media.camera;
  const muted = call.isMuted('microphone');
  return h('article', { key: 'self-tile', class: `${cls}${camera ? '' : ' no-video'}`, 'data-tile': 'you' },
    camera ? video(view, camera, { key: 'self', muted: true, mirror: true, label: t('you') })
      : h('div', { class: 'tile-off' }, avatar(ui.name || t('you'))),
    h('div', { class: 'tile-label' }, h('span', { class: 'nameplate' }, h('span', null, t('you')), muted && icon('micOff', 'icon-s'), muted && h('span', { class: 'sr' }, t('call.muted')))));
}

/** What must be known, laid over the top of the stage. */
function notes(view: View): Child {
  const { state, t } = view;
  const cards = failureCards(state).filter((card) => card.place === 'note' || card.place === 'device');
  const lost = state.server.state === 'lost' && !state.failures.has('server-gone');
  return h('div', { class: 'notes', key: 'notes' },
    !state.online && h('p', { class: 'note', role: 'status', 'data-note': 'offline' }, t('call.offline')),
    lost && h('p', { class: 'note', role: 'status', 'data-note': 'server-lost' }, t('call.serverLost')),
    view.call.media.screen && h('p', { class: 'note', 'data-note': 'sharing' }, t('call.yourScreen')),
    cards.map((card) => failureCard(view, card)));
}
