// The six stones beside the diagram: pebbles with a state, a reason, and their span of time.

import { h, type VNode } from './h.ts';
import { icon, type IconName } from './icons.ts';
import { kSteps, type PeerState, type State, type Stone, type Wire } from './reduce/state.ts';
import { stonesOf } from './reduce/stones.ts';
import type { View } from './view.ts';

const kPebble = 'M22 3.5C33.5 2.6 41.3 10.6 40.6 21.8 39.9 33.2 33 40.9 21.3 40.4 10.2 39.9 2.7 32.6 3.5 21.3 4.2 11.4 11.6 4.3 22 3.5Z';
const kBadge: Record<Stone['state'], IconName | null> = {
  waiting: null, working: 'dots', done: 'check', failed: 'cross', 'not-needed': 'dash',
};

/** One outline, turned: no two stones alike. */
function pebble(stone: Stone): VNode {
  const turn = `rotate(${stone.step * 61} 22 22)`;
  const badge = kBadge[stone.state];
  return h(
    'span', { class: 'pebble', 'aria-hidden': 'true' },
    h('svg', { viewBox: '0 0 44 44', class: 'pebble-shape' },
      h('path', { class: 'pebble-fill', d: kPebble, transform: turn }),
      stone.state === 'working' && h('path', { class: 'pebble-half', d: 'M3 23c6-2.5 10 2.5 19 1s13-3 19-.5C40.5 34 33 40.8 21.5 40.5 10.5 40 3.5 33 3 23Z' }),
      h('path', { class: 'pebble-line', d: kPebble, transform: turn }),
      h('text', { x: 22, y: 27.5, 'text-anchor': 'middle' }, String(stone.step))),
    badge && h('span', { class: 'pebble-badge' }, icon(badge, '')),
  );
}

/** Where the step lies on the common axis of time; overlapping steps overlap here too. */
function span(stone: Stone, from: number, to: number, now: number): VNode {
  if (stone.startedAt === null || to <= from) return h('span', { class: 'span' });
  const scale = (at: number): number => Math.min(100, Math.max(0, ((at - from) / (to - from)) * 100));
  const left = scale(stone.startedAt);
  const right = scale(stone.endedAt ?? now);
  return h('span', { class: 'span', 'aria-hidden': 'true' },
    h('i', { style: { left: `${Math.min(left, 98)}%`, width: `${Math.max(2, right - left)}%` } }));
}

export function stonesList(view: View, state: State, peer: PeerState | null, now: number): VNode {
  const stones = stonesOf(state, peer);
  // Step 1 was taken in the lobby, maybe minutes ago: the axis belongs to the connection.
  const begun = stones.slice(1).map((s) => s.startedAt).filter((t): t is number => t !== null);
  const from = begun.length > 0 ? Math.min(...begun) : (stones[0]?.startedAt ?? 0);
  const ends = stones.map((s) => s.endedAt ?? (s.startedAt === null ? 0 : now));
  const to = Math.max(from + 1, ...ends);
  return h(
    'ol', { class: 'stones', 'aria-label': view.t('call.steps') },
    stones.map((stone) => {
      const before = stone.step === 1 && stone.endedAt !== null && stone.endedAt < from;
      return stoneItem(view, stone, wiresOf(state, peer, stone), before ? h('span', { class: 'span' }) : span(stone, from, to, now));
    }),
  );
}

function wiresOf(state: State, peer: PeerState | null, stone: Stone): Wire[] {
  return (stone.step === 1 ? state.wire[1] : peer?.wire[stone.step]) ?? [];
}

function stoneItem(view: View, stone: Stone, wires: Wire[], bar: VNode): VNode {
  const { t, ui, act } = view;
  const open = ui.stone === stone.step;
  return h(
    'li', {
      key: `stone-${stone.step}`, class: `stone is-${stone.state}`, 'data-stone': stone.step,
      'data-state': stone.state, 'data-reason': stone.reason.key,
    },
    h('button', { class: 'stone-head', 'aria-expanded': String(open), onclick: () => act.openStone(stone.step) },
      pebble(stone),
      h('span', { class: 'stone-words' },
        h('span', { class: 'stone-title' },
          h('b', null, t(`step.${stone.step}`)),
          h('span', { class: 'stone-state' }, t(`state.${stone.state}`))),
        h('span', { class: 'stone-reason' }, t(stone.reason.key, stone.reason.params)),
        bar)),
    open && stoneDetail(view, stone, wires),
  );
}

function stoneDetail(view: View, stone: Stone, wires: Wire[]): VNode {
  const { t, ui, act } = view;
  return h(
    'div', { class: 'stone-detail' },
    h('p', null, t(`step.${stone.step}.plain`)),
    h('button', {
      class: 'btn-quiet', 'aria-expanded': String(ui.wire), 'data-action': 'show-wire',
      onclick: () => act.set({ wire: !ui.wire }),
    }, t(ui.wire ? 'wire.hide' : 'wire.show')),
    ui.wire && h('div', { class: 'wire', 'data-wire': stone.step },
      wires.length === 0 ? h('p', { class: 'hint' }, t('wire.none')) : [
        h('p', { class: 'hint' }, t('wire.masked')),
        wires.map((wire, i) => h('figure', { key: `w${i}` },
          h('figcaption', null, t(wire.title.key, wire.title.params)),
          h('pre', { tabindex: 0, dir: 'ltr' }, wire.lines))),
      ]),
  );
}

/** One polite message per stone, said once it has settled. Lives outside the panels, always there. */
export function stoneMessages(view: View, peer: PeerState | null): VNode {
  const stones = peer || view.state.address.startedAt !== null ? stonesOf(view.state, peer) : [];
  return h(
    'div', { class: 'sr', key: 'live' },
    kSteps.map((n) => {
      const stone = stones[n - 1];
      const settled = stone && stone.state !== 'waiting' && stone.state !== 'working';
      return h('p', { key: `live-${n}`, role: 'status', 'aria-live': 'polite', 'data-live': n },
        settled ? view.t('state.live', {
          n, step: view.t(`step.${n}`), state: view.t(`state.${stone.state}`),
          reason: view.t(stone.reason.key, stone.reason.params),
        }) : '');
    }),
  );
}
