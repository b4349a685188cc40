// The page's words against what happened: its own recorded events, and getStats read by the test.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { missing } from '../lib/browsers.mjs';
import { call } from '../lib/call_page.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { freePort } from '../lib/ports.mjs';
import { bendIceServers, refuseMedia } from '../lib/sabotage.mjs';
import { Scenario } from '../lib/scenario.mjs';
import { usual } from '../lib/wait.mjs';

after(() => atEnd.run());

const relayed = (connection) => connection.local.type === 'relay' || connection.remote.type === 'relay';

/** Everything that can be compared in a connected call. */
async function wordsAgree(page, { why }) {
  const [connection] = await page.until('a connection', async () => {
    const list = (await page.connections()).filter((c) => c.state === 'connected' && c.local);
    return list.length === 1 && list;
  });
  const byRelay = relayed(connection);

  // The ribbon: kind, and the round trip of the latest sample.
  await page.until('the ribbon to say the path', async () =>
    (await page.attribute('[data-ribbon]', 'data-ribbon')) === (byRelay ? 'relay' : 'direct'));
  await page.event('stats');
  await page.until('the ribbon to show the latest round trip', () => page.evaluate(() => {
    const last = window.parley.events.filter((e) => e.kind === 'stats' && e.rttMs !== null).at(-1);
    if (!last) return false;
    const words = document.querySelector('[data-ribbon]').innerText;
    return words.includes(`${last.rttMs < 1 ? '<1' : Math.round(last.rttMs)} ms`) && /encrypted/.test(words);
  }));

  // The six stones.
  await page.openTab('steps');
  const stones = {};
  for (const n of [1, 2, 3, 4, 5, 6]) stones[n] = await page.until(`stone ${n} to settle`, async () => {
    const stone = await page.stone(n);
    return stone && stone.state !== 'working' && stone.state !== 'waiting' && stone;
  });
  for (const n of [2, 3, 4, 5]) assert.equal(stones[n].state, 'done', `stone ${n}: ${stones[n].words}`);
  assert.equal(stones[6].state, byRelay ? 'done' : 'not-needed');
  assert.equal(stones[6].reason, `relay.${why}`);
  const relay = (await page.events('relay')).at(-1);
  assert.deepEqual([relay.used, relay.why], [byRelay, why]);
  assert.equal(stones[5].reason, byRelay ? 'talk.doneRelay' : 'talk.done');

  // Candidates: the numbers on the stone are those of the events, and of the descriptions themselves.
  const counts = await page.evaluate(() => {
    const of = (stage) => window.parley.events.filter((e) => e.kind === 'candidate' && e.by === 'you'
      && e.stage === stage && e.candidate.type !== 'end').length;
    const { pc } = window.__seen.connections.find((c) => c.pc.connectionState === 'connected');
    const lines = (sdp) => new Set(sdp.match(/^a=candidate:.*$/gm) ?? []).size;
    return { gathered: of('gathered'), received: of('received'), local: lines(pc.localDescription.sdp) };
  });
  assert.match(stones[4].words, new RegExp(`${counts.gathered} of yours, ${counts.received} of `));
  assert.equal(counts.gathered, counts.local, 'as many candidates as the local description has');

  // Caller and callee.
  const { role } = await page.event('connection-made');
  assert.equal(connection.offers > 0 && connection.answers === 0, role === 'caller');

  // The path picture and the numbers.
  await page.openTab('path');
  await page.until('the path picture', async () => (await page.attribute('[data-path]', 'data-path')) === (byRelay ? 'relay' : 'direct'));
  assert.deepEqual(await page.failures(), [], 'a healthy call shows no failure');
  return { connection, stones };
}

/** Codec and size in words, against getStats at the same moment. */
async function numbersAgree(page) {
  await page.openTab('numbers');
  await page.until('codec and size in words as in getStats', () => page.evaluate(async () => {
    const { pc } = window.__seen.connections.find((c) => c.pc.connectionState === 'connected');
    const all = [...(await pc.getStats()).values()];
    const video = all.find((s) => s.type === 'inbound-rtp' && s.kind === 'video');
    const codec = all.find((s) => s.id === video?.codecId)?.mimeType.split('/')[1];
    const words = document.querySelector('[data-panel="numbers"]').innerText;
    if (codec && words.includes(codec) && words.includes(`${video.frameWidth} × ${video.frameHeight}`)) return true;
    throw new Error(`${codec} ${video?.frameWidth}x${video?.frameHeight} not in: ${words.slice(0, 600)}`);
  }));
}

for (const kind of ['chromium', 'firefox']) {
  const skip = missing(kind);

  test(`direct (${kind})`, { skip }, async (t) => {
    const s = await Scenario.start(t);
    const a = await s.open(kind, '/r/words-direct', { name: 'Ann' });
    const b = await s.open(kind, '/r/words-direct', { name: 'Bo' });
    await call(a, b);
    for (const page of [a, b]) {
      await page.framesFlow();
      const { stones } = await wordsAgree(page, { why: 'direct-path' });
      assert.equal(stones[1].state, 'done');
      const probe = await page.event('probe-done');
      if (probe.mapped) assert.ok(stones[1].words.includes(`:${probe.mapped.port}`), stones[1].words);
      await numbersAgree(page);
    }
  });

  test(`relayed (${kind})`, { skip }, async (t) => {
    const s = await Scenario.start(t);
    const a = await s.open(kind, '/r/words-relayed?ice=relay&relay=tcp', { name: 'Ann' });
    const b = await s.open(kind, '/r/words-relayed?ice=relay&relay=udp', { name: 'Bo' });
    await call(a, b);
    for (const [page, way] of [[a, 'TCP'], [b, 'UDP']]) {
      await page.framesFlow();
      await wordsAgree(page, { why: 'forced' });
      await page.openTab('path');
      assert.match(await page.text('[data-panel="path"]'), new RegExp(`you reach it over ${way}`));
      await numbersAgree(page);
    }
  });

  test(`one side relays only, the other learns why (${kind})`, { skip }, async (t) => {
    const s = await Scenario.start(t);
    const a = await s.open(kind, '/r/words-half?ice=relay&relay=udp', { name: 'Ann' });
    const b = await s.open(kind, '/r/words-half', { name: 'Bo' });
    await call(a, b, { devices: false });
    await wordsAgree(a, { why: 'forced' });
    await wordsAgree(b, { why: 'forced-by-peer' });
  });

  test(`no STUN answer (${kind})`, { skip }, async (t) => {
    const s = await Scenario.start(t);
    const bend = { before: bendIceServers, argument: { schemes: ['stun'], port: await freePort() } };
    const a = await s.open(kind, '/r/words-no-stun', { name: 'Ann', ...bend });
    const b = await s.open(kind, '/r/words-no-stun', { name: 'Bo' });
    await a.visible('[data-screen="lobby"]');
    await a.visible('[data-stone="1"][data-verdict="none"]', 2 * usual);
    assert.match(await a.text('[data-address]'), /No UDP reply; calls may still work through the relay over TCP\./);
    assert.deepEqual(await a.failures(), ['no-stun-answer']);
    await call(a, b);
    await a.framesFlow();
    await a.openTab('steps');
    await a.until('stone 1 failed', async () => (await a.stone(1))?.state === 'failed');
    for (const n of [2, 3, 5]) assert.equal((await a.stone(n)).state, 'done');
    assert.deepEqual(await a.failures(), [], 'no harm was done, so no card');
  });

  test(`no camera: joining is possible and said so (${kind})`, { skip }, async (t) => {
    const s = await Scenario.start(t);
    const a = await s.open(kind, '/r/words-no-camera', { name: 'Ann', before: refuseMedia, argument: 'NotFoundError' });
    const b = await s.open(kind, '/r/words-no-camera', { name: 'Bo' });
    await a.visible('[data-join-with="joinNone"]');
    await a.act('devices-on');
    await a.visible('[data-failure="no-camera"]');
    await a.join({ devices: false });
    await a.inCall();
    await b.join();
    await b.inCall();
    await a.framesFlow(); // Ann sees Bo
    const { connection } = await wordsAgree(b, { why: 'direct-path' });
    assert.equal(connection.framesDecoded, 0);
    await b.until('the words', () => b.evaluate(() => /Ann has no video on/.test(document.body.innerText)));
  });

  for (const [name, cause] of [['NotAllowedError', 'permission-refused'], ['NotReadableError', 'device-busy']]) {
    test(`${cause} is told as such (${kind})`, { skip }, async (t) => {
      const s = await Scenario.start(t);
      const a = await s.open(kind, '/r/words-device', { name: 'Ann', before: refuseMedia, argument: name });
      await a.visible('[data-screen="lobby"]');
      if (await a.has('[data-action="devices-on"]')) await a.act('devices-on');
      await a.visible(`[data-failure="${cause}"]`);
      await a.join({ devices: false });
      await a.inCall();
    });
  }
}
