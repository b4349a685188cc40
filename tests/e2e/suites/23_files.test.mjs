// Files from browser to browser: chosen in the dialogue, accepted, downloaded, and compared by SHA-256.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { missing } from '../lib/browsers.mjs';
import { call } from '../lib/call_page.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { downloaded, makeFile, sha256Of } from '../lib/files.mjs';
import { Scenario } from '../lib/scenario.mjs';
import { usual } from '../lib/wait.mjs';

after(() => atEnd.run());

const MB = 1024 * 1024;
const card = (direction, stage) => `[data-file][data-direction="${direction}"]${stage ? `[data-stage="${stage}"]` : ''}`;

async function two(s, first, second, path = '/r/file-room') {
  const a = await s.open(first, path, { name: 'Ann' });
  const b = await s.open(second, path, { name: 'Bo' });
  await call(a, b, { devices: false });
  for (const page of [a, b]) await page.event('channel', { label: 'chat', state: 'open' });
  return [a, b];
}

async function receive(page, file) {
  await page.openChat();
  await page.visible(card('receive', 'done'), 4 * usual);
  await page.click(`${card('receive', 'done')} [data-action="download"]`);
  const at = await downloaded(page.downloads, file.size);
  assert.equal(await sha256Of(at), file.sha256, 'the bytes that arrived are those that were sent');
}

for (const [from, to] of [['chromium', 'firefox'], ['firefox', 'chromium']]) {
  test(`50 MB from ${from} to ${to}`, { skip: missing(from, to) }, async (t) => {
    const s = await Scenario.start(t);
    const file = makeFile(s.cleanup.tempDir('file'), 'holiday pictures.bin', 50 * MB + 17);
    const [a, b] = await two(s, from, to);
    await a.sendFiles(file.path);
    await b.openChat();
    await b.click(`${card('receive', 'offered')} [data-action="accept"]`);
    await receive(b, file);
    const sent = await a.event('file', { direction: 'send', stage: 'done' });
    assert.equal(sent.sha256, file.sha256);
    await a.visible(card('send', 'done'));
    await s.assertClean();
  });
}

for (const kind of ['chromium', 'firefox']) {
  test(`two at once, an empty one, one declined, one cancelled (${kind})`, { skip: missing(kind) }, async (t) => {
    const s = await Scenario.start(t);
    const dir = s.cleanup.tempDir('file');
    const [a, b] = await two(s, kind, kind);
    const empty = makeFile(dir, 'empty.txt', 0);
    const small = makeFile(dir, 'small.bin', 100_001);
    await a.sendFiles(empty.path, small.path);
    await b.openChat();
    for (let n = 0; n < 2; ++n) await b.click(`${card('receive', 'offered')} [data-action="accept"]`);
    await a.until('both confirmed', async () => (await a.events('file')).filter((e) => e.stage === 'done').length === 2);
    const hashes = (await b.events('file')).filter((e) => e.stage === 'done').map((e) => e.sha256).sort();
    assert.deepEqual(hashes, [empty.sha256, small.sha256].sort());

    const unwanted = makeFile(dir, 'unwanted.bin', MB);
    await a.sendFiles(unwanted.path);
    await b.click(`${card('receive', 'offered')} [data-action="decline"]`);
    await a.event('file', { name: 'unwanted.bin', stage: 'declined' });

    const stopped = makeFile(dir, 'stopped.bin', 200 * MB);
    await a.sendFiles(stopped.path);
    await b.click(`${card('receive', 'offered')} [data-action="accept"]`);
    await b.event('file', { name: 'stopped.bin', stage: 'progress' });
    await a.click(`${card('send')}:not([data-stage="done"]):not([data-stage="declined"]) [data-action="cancel"]`);
    await b.event('file', { name: 'stopped.bin', stage: 'cancelled' });
    assert.ok(!(await b.events('file')).some((e) => e.name === 'stopped.bin' && e.stage === 'done'));
    await s.assertClean();
  });
}

test('a file goes on after its relay died and came back', { skip: missing('chromium') }, async (t) => {
  const s = await Scenario.start(t, { fixedPorts: true });
  const file = makeFile(s.cleanup.tempDir('file'), 'long way.bin', 60 * MB);
  const [a, b] = await two(s, 'chromium', 'chromium', '/r/file-by-relay?ice=relay&relay=tcp');
  await a.sendFiles(file.path);
  await b.openChat();
  await b.click(`${card('receive', 'offered')} [data-action="accept"]`);
  await b.event('file', { stage: 'progress' });
  await s.server.restart('SIGKILL');
  await receive(b, file);
});
