// Two real browsers call each other directly, and the page says of it what happened.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { missing } from '../lib/browsers.mjs';
import { call } from '../lib/call_page.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { Scenario } from '../lib/scenario.mjs';

after(() => atEnd.run());

for (const [first, second] of [['chromium', 'chromium'], ['firefox', 'firefox'], ['chromium', 'firefox'], ['firefox', 'chromium']]) {
  test(`${second} calls ${first}: see, hear and write`, { skip: missing(first, second) }, async (t) => {
    const s = await Scenario.start(t);
    const a = await s.open(first, '/r/quiet-blue-heron', { name: 'Ann' });
    const b = await s.open(second, '/r/quiet-blue-heron', { name: 'Bo' });
    await call(a, b);
    for (const page of [a, b]) {
      const [connection] = await page.framesFlow();
      assert.notEqual(connection.local.type, 'relay');
      assert.ok(connection.audioPackets > 0, 'sound arrives');
      await page.picturesMove();
      await page.event('relay', { used: false, why: 'direct-path' });
      await page.openTab('steps');
      for (const step of [2, 3, 5]) await page.until(`stone ${step} done`, async () => (await page.stone(step))?.state === 'done');
      await page.until('stone 6 not needed', async () => (await page.stone(6))?.state === 'not-needed');
      assert.deepEqual(await page.failures(), [], 'a healthy call shows no failure');
    }
    // The newcomer calls: its label and its offer, and only one offer was made in all.
    const roles = [await a.event('connection-made'), await b.event('connection-made')].map((e) => e.role);
    assert.deepEqual(roles, ['callee', 'caller']);

    await a.say('Hello Bo <b>&amp;</b>');
    await b.heard('Hello Bo <b>&amp;</b>');
    await b.say('안녕하세요 Ann 👋');
    await a.heard('안녕하세요 Ann 👋');

    await b.act('leave');
    await a.event('peer-left', { reason: 'left' });
    assert.deepEqual(await a.failures(), [], 'leaving is no failure');
    await s.assertClean();
  });
}
