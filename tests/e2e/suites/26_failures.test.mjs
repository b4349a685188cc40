// When it fails, the page says what, with which evidence, and what to do; each cause by its own name.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { missing } from '../lib/browsers.mjs';
import { call } from '../lib/call_page.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { freePort } from '../lib/ports.mjs';
import { bendIceServers, dropCandidates } from '../lib/sabotage.mjs';
import { Scenario } from '../lib/scenario.mjs';
import { usual } from '../lib/wait.mjs';

after(() => atEnd.run());

/** A card has all three: what, evidence, remedy, in that order on the screen. */
async function readCard(page, cause) {
  await page.visible(`[data-failure="${cause}"] [data-what]`, 3 * usual);
  return page.evaluate((c) => {
    const card = document.querySelector(`[data-failure="${c}"]`);
    const part = (name) => card.querySelector(`[data-${name}]`)?.innerText ?? '';
    const order = [...card.querySelectorAll('[data-what],[data-evidence],[data-remedy]')].map((e) => Object.keys(e.dataset)[0]);
    return { what: part('what'), evidence: part('evidence'), remedy: part('remedy'), order };
  }, cause);
}

for (const kind of ['chromium', 'firefox']) {
  const skip = missing(kind);

  test(`the server is gone before joining (${kind})`, { skip }, async (t) => {
    const s = await Scenario.start(t);
    const a = await s.open(kind, '/r/nobody-home', { name: 'Ann' });
    await a.visible('[data-screen="lobby"]');
    await s.server.stop('SIGKILL');
    await a.join({ devices: false });
    const card = await readCard(a, 'server-gone');
    assert.match(card.what, /server cannot be reached/);
    assert.match(card.remedy, /parley serve/);
  });

  test(`the relay refuses the password (${kind})`, { skip }, async (t) => {
    const s = await Scenario.start(t);
    const bend = { before: bendIceServers, argument: { credential: 'spoiled' } };
    const a = await s.open(kind, '/r/no-credentials?ice=relay&relay=udp', { name: 'Ann', ...bend });
    const b = await s.open(kind, '/r/no-credentials?ice=relay&relay=udp', { name: 'Bo', ...bend });
    await call(a, b, { devices: false });
    for (const page of [a, b]) {
      await page.event('failure', { cause: 'relay-refused' }, { timeout: 3 * usual });
      const card = await readCard(page, 'relay-refused');
      assert.match(card.what, /No path to/);
      assert.match(card.evidence, /refused the password/);
      assert.match(card.remedy, /clock/);
      assert.deepEqual(card.order, ['what', 'evidence', 'remedy']);
    }
  });

  test(`the relay cannot be reached (${kind})`, { skip }, async (t) => {
    const s = await Scenario.start(t);
    const bend = { before: bendIceServers, argument: { schemes: ['turn'], port: await freePort() } };
    const a = await s.open(kind, '/r/no-relay?ice=relay&relay=tcp', { name: 'Ann', ...bend });
    const b = await s.open(kind, '/r/no-relay?ice=relay&relay=tcp', { name: 'Bo', ...bend });
    await call(a, b, { devices: false });
    const card = await readCard(a, 'relay-refused');
    assert.match(card.what, /No path to/);
    assert.match(card.evidence, /could not be reached/);
    assert.doesNotMatch(card.evidence, /password/);
  });

  test(`no pair answers (${kind})`, { skip }, async (t) => {
    const s = await Scenario.start(t);
    const a = await s.open(kind, '/r/no-pair', { name: 'Ann', before: dropCandidates });
    const b = await s.open(kind, '/r/no-pair', { name: 'Bo', before: dropCandidates });
    await call(a, b, { devices: false });
    for (const page of [a, b]) {
      const card = await readCard(page, 'no-pair-answered');
      assert.match(card.what, /No path to/);
      assert.doesNotMatch(card.evidence, /password/);
      await page.until('stone 5 failed', async () => (await page.stone(5))?.state === 'failed');
    }
  });
}
