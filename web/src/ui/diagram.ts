// The diagram: three columns, time flowing down. Underneath it is an ordered list of sentences;
// the arrows are drawn beside them and hidden from screen readers.

import { h, type VNode } from './h.ts';
import type { Lane, PeerState, Row, Section, State } from './reduce/state.ts';
import { displayName, type View } from './view.ts';

/** Beyond the stated error, clocks drift a little between two estimates. */
const kSlackMs = 20;

interface Names {
  you: string;
  server: string;
  peer: string;
}

export function diagram(view: View, state: State, peer: PeerState | null): VNode {
  const { t } = view;
  const names: Names = {
    you: t('you'), server: t('server'), peer: peer ? displayName(view, peer) : '…',
  };
  const rows = diagramRows(state, peer);
  const approx = rows.find(({ row }) => row.approx)?.row;
  return h(
    'div', { class: 'diagram', 'data-diagram': peer?.id ?? '' },
    h('div', { class: 'lanes', 'aria-hidden': 'true' },
      h('span', { class: 'lanes-unit' }, 'ms'),
      lane(names.you, peer?.role ? t(peer.role) : ''),
      lane(names.server, ''),
      lane(names.peer, peer?.role ? t(peer.role === 'caller' ? 'callee' : 'caller') : '')),
    rows.length === 0
      ? h('p', { class: 'hint' }, t('diagram.empty'))
      : h('ol', { class: 'rows', 'aria-label': t('diagram.title') }, drawn(view, rows, names)),
    approx && h('p', { class: 'hint diagram-note' }, t('diagram.approxNote', {
      name: names.peer, ms: Math.max(1, Math.round(peer?.clock?.errorMs ?? approx.error ?? 1)),
    })),
  );
}

function lane(name: string, role: string): VNode {
  return h('span', { class: 'lane' }, h('b', null, name), role && h('small', null, role));
}

export interface PlacedRow {
  readonly row: Row;
  readonly section: Section | null;
}

/**
 * The rows of the diagram with one member, by time. Each stands in the newest section that had begun
 * by then, also when it belongs to an earlier step: a STUN answer that comes late stands where it came.
 */
export function diagramRows(state: State, peer: PeerState | null): PlacedRow[] {
  const joins = !peer || peer.sections.some((section) => section.id === 'join');
  // How we joined has nothing to do with whoever came later.
  const own = joins ? state.rows : state.rows.filter((row) => row.step === 1);
  const sections = [...state.sections.filter((s) => joins || s.id !== 'join'), ...(peer?.sections ?? [])]
    .sort((a, b) => a.zero - b.zero);
  return [...own, ...(peer?.rows ?? [])].sort((a, b) => a.at - b.at).map((row) => {
    // What the other side saw is known to its error only; it may seem to lie just before the zero.
    const slack = row.approx ? (row.error ?? 0) + kSlackMs : 0;
    const begun = sections.filter((section) => section.zero <= row.at + slack);
    return { row, section: begun[begun.length - 1] ?? null };
  });
}

function drawn(view: View, rows: readonly PlacedRow[], names: Names): VNode[] {
  const list: VNode[] = [];
  let last: PlacedRow | null = null;
  for (const placed of rows) {
    const { row, section } = placed;
    const fresh = section?.id !== last?.section?.id;
    if (section && fresh) {
      list.push(h('li', { key: `s-${section.id}-${row.id}`, class: 'row-section' },
        h('span', null, view.t(section.title.key, section.title.params))));
    }
    list.push(rowItem(view, row, !fresh && last ? row.at - last.row.at : 0, section?.zero ?? 0, names));
    last = placed;
  }
  return list;
}

/** The space above a row grows with the time that passed, by steps: 5, 25, 100, 400 ms, 2 s. */
function gap(ms: number): number {
  return [5, 25, 100, 400, 2000].filter((limit) => ms >= limit).length;
}

function rowItem(view: View, row: Row, since: number, zero: number, names: Names): VNode {
  const { t } = view;
  const ms = Math.max(0, Math.round(row.at - zero));
  const label = t(row.label.key, row.label.params) + (row.count > 1 ? ` × ${row.count}` : '');
  const self = row.from === row.to;
  const where = self ? names[row.from]
    : t(row.both ? 'diagram.both' : 'diagram.fromTo', { from: names[row.from], to: names[row.to] });
  const sentence = [
    t(row.approx ? 'diagram.approx' : 'diagram.exact', { ms }),
    row.step === 0 ? '' : t('diagram.step', { n: row.step }),
    `${where}: ${label}`,
  ].filter(Boolean).join(', ');
  const heads = self ? '' : row.both ? ' head-l head-r' : leftward(row.from, row.to) ? ' head-l' : ' head-r';
  return h(
    'li', {
      key: `r-${row.id}`, class: `row gap-${gap(since)} tone-${row.tone}`, 'data-row': row.step,
      'data-from': row.from, 'data-to': row.to, 'data-approx': row.approx ? 'true' : null,
      'data-label': row.label.key, 'data-ms': ms,
    },
    h('span', { class: 'sr' }, sentence),
    h('span', { class: 'row-time', 'aria-hidden': 'true' }, `${row.approx ? '≈' : ''}${thousands(ms)}`),
    h('span', { class: `row-body ${spanClass(row)}`, 'aria-hidden': 'true' },
      h('span', { class: 'row-label' },
        row.step !== 0 && h('i', { class: 'row-step' }, String(row.step)), label),
      h('span', { class: `row-line${heads}` }, row.tone === 'relay' && !self && isWide(row) && h('i', { class: 'via' }))),
  );
}

const kOrder: Record<Lane, number> = { you: 0, server: 1, peer: 2 };
const leftward = (from: Lane, to: Lane): boolean => kOrder[from] > kOrder[to];
const isWide = (row: Row): boolean => Math.abs(kOrder[row.from] - kOrder[row.to]) === 2;

function spanClass(row: Row): string {
  if (row.from === row.to) return `at-${row.from}`;
  if (isWide(row)) return 'span-wide';
  return Math.min(kOrder[row.from], kOrder[row.to]) === 0 ? 'span-left' : 'span-right';
}

function thousands(ms: number): string {
  return ms < 10_000 ? String(ms) : `${(ms / 1000).toFixed(1)}s`;
}
