// More than two, and rooms that say no.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { missing } from '../lib/browsers.mjs';
import { call } from '../lib/call_page.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { hs256, inSeconds } from '../lib/jwt.mjs';
import { Scenario } from '../lib/scenario.mjs';
import { usual } from '../lib/wait.mjs';

after(() => atEnd.run());

test('three in a room see each other; one leaves, two go on', { skip: missing('chromium', 'firefox') }, async (t) => {
  const s = await Scenario.start(t);
  const pages = [];
  for (const [kind, name] of [['chromium', 'Ann'], ['firefox', 'Bo'], ['chromium', 'Cy']]) {
    const page = await s.open(kind, '/r/three-of-us', { name });
    await page.join();
    await page.inCall();
    pages.push(page);
  }
  for (const page of pages) {
    await page.framesFlow(2, { frames: 5, timeout: 2 * usual });
    await page.picturesMove(undefined, 2);
    assert.deepEqual(await page.failures(), []);
  }
  await pages[1].act('leave');
  for (const page of [pages[0], pages[2]]) {
    await page.event('peer-left', { reason: 'left' });
    await page.framesFlow(1, { frames: 5 });
  }
  await s.assertClean();
});

for (const kind of ['chromium', 'firefox']) {
  const skip = missing(kind);

  test(`a full room is told as such (${kind})`, { skip }, async (t) => {
    const s = await Scenario.start(t, { args: ['--room-size', '2'] });
    const pages = [];
    for (const name of ['Ann', 'Bo', 'Cy']) pages.push(await s.open(kind, '/r/small-room', { name }));
    await call(pages[0], pages[1], { devices: false });
    await pages[2].join({ devices: false });
    await pages[2].event('failure', { cause: 'room-full' });
    await pages[2].visible('[data-failure="room-full"]');
    assert.deepEqual(await pages[0].failures(), []);
  });

  test(`a locked room is told as such, and opens again (${kind})`, { skip }, async (t) => {
    const s = await Scenario.start(t);
    const a = await s.open(kind, '/r/locked-room', { name: 'Ann' });
    await a.join({ devices: false });
    await a.inCall();
    await a.act('invite');
    await a.act('lock');
    await a.event('lock', { locked: true });
    const b = await s.open(kind, '/r/locked-room', { name: 'Bo' });
    await b.join({ devices: false });
    await b.visible('[data-failure="room-locked"]');
    await a.act('lock');
    await a.event('lock', { locked: false });
    const c = await s.open(kind, '/r/locked-room', { name: 'Cy' });
    await c.join({ devices: false });
    await c.inCall();
    await c.event('welcome', { locked: false });
  });

  test(`a token is asked for, refused when wrong, and lets in when right (${kind})`, { skip }, async (t) => {
    const secret = 'a-key-of-thirty-two-bytes-or-more';
    const s = await Scenario.start(t, { args: ['--token-key', `HS256:${secret}`] });
    const claims = { aud: 'parley', room: 'members-only', exp: inSeconds(600) };
    const refused = {
      'without a token': '',
      'with a forged one': `#token=${hs256('another-key-of-thirty-two-bytes-xx', claims)}`,
      'with an expired one': `#token=${hs256(secret, { ...claims, exp: inSeconds(-600) })}`,
      'with one for another room': `#token=${hs256(secret, { ...claims, room: 'elsewhere' })}`,
    };
    for (const [how, hash] of Object.entries(refused)) {
      const page = await s.open(kind, `/r/members-only${hash}`, { name: 'Eve' });
      await page.join({ devices: false });
      await page.visible('[data-failure="room-refused"]').catch((error) => { throw new Error(`${how}: ${error.message}`); });
    }
    const good = await s.open(kind, `/r/members-only#token=${hs256(secret, { ...claims, name: 'Ann' })}`, { name: 'Whoever' });
    await good.join({ devices: false });
    await good.inCall();
    await good.event('welcome');
    assert.deepEqual(await good.failures(), []);
  });
}
