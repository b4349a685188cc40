// Small charts over the last two minutes: one scale a chart, the newest second at the right edge.

import { h, type VNode } from './h.ts';
import { bitrate } from '../i18n/index.ts';
import type { PeerState } from './reduce/state.ts';
import type { View } from './view.ts';

const kWindowMs = 120_000;
const kWidth = 328;
const kHeight = 56;
/** Two samples further apart than this are not joined: nothing is known in between. */
const kGapMs = 3500;

type Sample = PeerState['samples'][number];
interface Series {
  readonly name: string;
  readonly cls: string;
  readonly value: (sample: Sample) => number | null;
}
interface Chart {
  readonly id: string;
  readonly title: string;
  readonly series: readonly Series[];
  readonly show: (value: number) => string;
  readonly least: number; // the scale reaches at least this
}

export function charts(view: View, peer: PeerState): VNode {
  const { t } = view;
  const end = peer.samples[peer.samples.length - 1]?.t ?? 0;
  const samples = peer.samples.filter((s) => s.t > end - kWindowMs);
  if (samples.length === 0) return h('p', { class: 'hint' }, t('num.none'));
  const loss = (n: number): string => `${(n * 100).toFixed(n > 0 && n < 0.1 ? 1 : 0)} %`;
  const both = (inn: Series['value'], out: Series['value']): Series[] => [
    { name: t('num.in'), cls: 'in', value: inn },
    { name: t('num.out'), cls: 'out', value: out },
  ];
  const list: Chart[] = [
    { id: 'rtt', title: t('num.rtt'), least: 40, show: (n) => `${Math.round(n)} ms`, series: [{ name: '', cls: 'in', value: (s) => s.rttMs }] },
    { id: 'loss', title: t('num.loss'), least: 0.02, show: loss, series: both((s) => s.lossIn, (s) => s.lossOut) },
    { id: 'bitrate', title: t('num.bitrate'), least: 100_000, show: bitrate, series: both((s) => s.receiveBps, (s) => s.sendBps) },
    { id: 'picture', title: t('num.picture'), least: 180, show: (n) => `${Math.round(n)}p`, series: both((s) => s.video?.height ?? null, (s) => s.sentVideo?.height ?? null) },
    { id: 'frames', title: t('num.frames'), least: 10, show: (n) => t('num.fps', { n: Math.round(n) }), series: both((s) => s.video?.fps ?? null, (s) => s.sentVideo?.fps ?? null) },
  ];
  return h('div', { class: 'charts' }, list.map((chart) => chartFigure(view, peer, chart, samples, end)));
}

function chartFigure(view: View, peer: PeerState, chart: Chart, samples: Sample[], end: number): VNode | null {
  const { t } = view;
  const start = Math.max(end - kWindowMs, Math.min(samples[0]?.t ?? end, end - 20_000));
  const values = chart.series.flatMap((series) => samples.map(series.value)).filter((v): v is number => v !== null);
  if (values.length === 0) return null;
  const top = Math.max(chart.least, ...values) * 1.08;
  const last = samples[samples.length - 1];
  const first = chart.series[0];
  const nowText = chart.series.map((series) => {
    const value = last ? series.value(last) : null;
    return value === null ? null : { name: series.name, cls: series.cls, text: chart.show(value) };
  });
  const x = (at: number): number => ((at - start) / Math.max(1, end - start)) * kWidth;
  const y = (value: number): number => kHeight - (value / top) * (kHeight - 4);
  const range = {
    what: chart.title, now: last && first ? chart.show(first.value(last) ?? 0) : '–',
    min: chart.show(Math.min(...values)), max: chart.show(Math.max(...values)), s: Math.round((end - start) / 1000),
  };
  return h('figure', { key: chart.id, class: 'chart', 'data-chart': chart.id },
    h('figcaption', null,
      h('b', null, chart.title),
      h('span', { class: 'chart-now' }, nowText.map((now) => now && h('span', { class: `series-${now.cls}` }, now.name && h('small', null, now.name), now.text)))),
    h('svg', { viewBox: `0 0 ${kWidth} ${kHeight + 1}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': t('num.chart', range) },
      h('path', { class: 'grid', d: `M0 ${kHeight + 0.5}H${kWidth}M0 ${(kHeight / 2).toFixed(1)}H${kWidth}` }),
      peer.pathChanges.filter((c) => c.at > start && c.at > (peer.pathChanges[0]?.at ?? 0)).map((c) =>
        h('path', { class: `change change-${c.kind}`, d: `M${x(c.at).toFixed(1)} 0V${kHeight}` }, h('title', null, t('num.became', { kind: t(`ribbon.${c.kind}`) })))),
      [...chart.series].reverse().map((series) => h('path', { class: `plot plot-${series.cls}`, d: plot(samples, series.value, x, y) }))),
    h('span', { class: 'chart-scale', 'aria-hidden': 'true' }, h('span', null, t('num.last', { s: range.s })), h('span', null, `≤ ${chart.show(Math.max(...values))}`)));
}

function plot(samples: Sample[], value: Series['value'], x: (t: number) => number, y: (v: number) => number): string {
  let d = '';
  let before: number | null = null;
  for (const sample of samples) {
    const v = value(sample);
    if (v === null) {
      before = null;
      continue;
    }
    const joined = before !== null && sample.t - before < kGapMs;
    d += `${joined ? 'L' : 'M'}${x(sample.t).toFixed(1)} ${y(v).toFixed(1)}`;
    before = sample.t;
  }
  return d;
}
