// One file of 4 GB with bounded memory on both sides. Not for every day: `make test-big`.
//
// The receiver keeps it on the browser's private disk (as the page does by itself where no dialogue
// can be asked), the sender reads it in pieces: no process of either browser may grow by what the
// file is long.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { missing } from '../lib/browsers.mjs';
import { call } from '../lib/call_page.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { makeFile } from '../lib/files.mjs';
import { Scenario } from '../lib/scenario.mjs';
import { patience, until } from '../lib/wait.mjs';

after(() => atEnd.run());

const GB = 1024 ** 3;
const size = Number(process.env.PARLEY_BIG_BYTES ?? 4 * GB + 12_345);
const most = 1.5 * GB; // of all processes of both browsers, above what they had before
const patienceMs = 45 * 60_000 * patience;

/** Resident bytes, shared pages counted once in each process, of a process and all below it. */
function residentBelow(root) {
  const children = new Map();
  const resident = new Map();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
      const anonymous = /RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${entry}/status`, 'utf8'));
      resident.set(Number(entry), Number(anonymous?.[1] ?? 0) * 1024);
    } catch {
      // ended meanwhile
    }
  }
  const sum = (pid) => (resident.get(pid) ?? 0) + (children.get(pid) ?? []).reduce((all, child) => all + sum(child), 0);
  return sum(root);
}

function room() {
  const { bavail, bsize } = statfsSync(tmpdir());
  return bavail * bsize > 3 * size ? false : `SKIPPED: ${tmpdir()} has not ${Math.ceil((3 * size) / GB)} GB free`;
}

for (const [from, to] of [['chromium', 'chromium']]) {
  const skip = missing(from, to) || room();
  if (skip) console.log(skip);
  test(`4 GB from ${from} to ${to} with bounded memory`, { skip, timeout: 2 * patienceMs }, async (t) => {
    const s = await Scenario.start(t);
    const file = makeFile(s.cleanup.tempDir('big'), 'four gigabytes.bin', size);
    const a = await s.open(from, '/r/big-file', { name: 'Ann', onDisk: true, browser: { key: 'sender' } });
    const b = await s.open(to, '/r/big-file', { name: 'Bo', onDisk: true, browser: { key: 'receiver' } });
    await call(a, b, { devices: false });
    for (const page of [a, b]) await page.event('channel', { label: 'chat', state: 'open' });
    const roots = [...new Set([a, b].map((page) => page.browser.process().pid))];
    const resident = () => roots.reduce((all, pid) => all + residentBelow(pid), 0);
    const before = resident();
    let peak = 0;
    await a.sendFiles(file.path);
    await b.openChat();
    await b.click('[data-file] [data-action="accept"]');
    const done = await until('the file to arrive', async () => {
      peak = Math.max(peak, resident() - before);
      if (peak > most) return { tooMuch: true };
      const files = await b.events('file');
      if (files.some((e) => e.stage === 'failed')) return files.find((e) => e.stage === 'failed');
      return files.find((e) => e.stage === 'done');
    }, { timeout: patienceMs, every: 500 });
    const began = (await b.event('file', { stage: 'started' })).t;
    t.diagnostic(`grew by at most ${Math.round(peak / 2 ** 20)} MiB; ${(size / 1000 / ((done.t ?? began + 1) - began)).toFixed(1)} MB/s`);
    assert.ok(!done.tooMuch, `the browsers grew by ${Math.round(peak / 2 ** 20)} MiB`);
    assert.equal(done.stage, 'done', done.why);
    assert.equal(done.sha256, file.sha256);
    const sent = await a.event('file', { direction: 'send', stage: 'done' });
    assert.equal(sent.sha256, file.sha256);
  });
}
