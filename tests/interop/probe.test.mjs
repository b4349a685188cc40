// `parley probe`, and with it our TURN client over UDP, TCP and TLS, against coturn and against our
// own server. coturn with two addresses has RFC 5780, so that filtering is tested too.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { theAuthority } from '../e2e/lib/ca.mjs';
import { atEnd, Cleanup } from '../e2e/lib/cleanup.mjs';
import { coturnThere, startCoturn } from '../e2e/lib/coturn.mjs';
import { Child } from '../e2e/lib/process.mjs';
import { binary, binaryMissing, cleanEnvironment, Server } from '../e2e/lib/server.mjs';
import { usual, within } from '../e2e/lib/wait.mjs';

const skip = binaryMissing || (!coturnThere && 'SKIPPED: turnserver not installed (package coturn)');
if (skip) console.error(skip);

/** @returns {Promise<{code: number, report: object, text: string}>} */
async function probe(cleanup, ...args) {
  const child = new Child(binary, ['probe', '--json', '--timeout', '20', ...args],
    { env: cleanEnvironment(cleanup.tempDir('home')) });
  cleanup.add(() => child.stop('SIGKILL'));
  const { code } = await within(`probe ${args.join(' ')}`, child.exited, 2 * usual);
  await child.closed;
  return { code, text: child.stdout + child.stderr, report: JSON.parse(child.stdout || 'null') };
}

const trust = () => ['--tls-ca', theAuthority().ca];

function assertAllAnswer({ code, report, text }, kinds) {
  assert.equal(code, 0, text);
  assert.deepEqual(report.servers.map((s) => s.kind).sort(), [...kinds].sort(), text);
  for (const s of report.servers) {
    assert.ok(s.ok && s.milliseconds >= 0 && s.mapped.startsWith('127.0.0.1:'), text);
    if (s.kind !== 'STUN') assert.match(s.relayed, /^127\.0\.0\.1:\d+$/, text);
  }
}

let cleanup;
before(() => { cleanup = new Cleanup(); });
after(async () => { await cleanup.run(); await atEnd.run(); });

describe('parley probe', { skip }, () => {
  test('coturn answers over UDP, TCP and TLS', async () => {
    const { urls } = await startCoturn(cleanup);
    const seen = await probe(cleanup, ...Object.values(urls), '--turn-user', 'ann:secret', ...trust());
    assertAllAnswer(seen, ['TURN/UDP', 'TURN/TCP', 'TURN/TLS']);
  });

  test('coturn with two addresses tells mapping and filtering (RFC 5780)', async () => {
    const { port } = await startCoturn(cleanup, ['--listening-ip=127.0.0.2']);
    const seen = await probe(cleanup, `stun:127.0.0.1:${port}`);
    assertAllAnswer(seen, ['STUN']);
    const [nat] = seen.report.nat;
    assert.equal(nat.rfc5780, true, seen.text);
    assert.equal(nat.mapping, 'no NAT', seen.text);
    assert.equal(nat.filtering, 'endpoint-independent', seen.text);
  });

  test('a wrong password is told, and what to do', async () => {
    const { urls } = await startCoturn(cleanup);
    const { code, report, text } = await probe(cleanup, urls.udp, '--turn-user', 'ann:guess');
    assert.equal(code, 3, text);
    assert.match(report.servers[0].problem, /401.*password/, text);
  });

  test('our own server answers over all of them', async () => {
    const { cert, key } = theAuthority();
    const server = await Server.start(cleanup,
      { args: ['--turn-user', 'ann:secret', '--tls-cert', cert, '--tls-key', key] });
    const { stun, turn } = server.ready;
    const seen = await probe(cleanup, ...stun, ...turn, '--turn-user', 'ann:secret', ...trust());
    assertAllAnswer(seen, [...stun.map(() => 'STUN'), 'TURN/UDP', 'TURN/TCP', 'TURN/TLS']);

    const untrusted = await probe(cleanup, ...turn, '--turn-user', 'ann:secret');
    assert.equal(untrusted.code, 1, untrusted.text);
    assert.match(untrusted.report.servers.find((s) => s.kind === 'TURN/TLS').problem, /certificate/);
  });

  test("a server's own URL stands for the servers that it gives to its members", async () => {
    const { cert, key } = theAuthority();
    const server = await Server.start(cleanup, { args: ['--tls-cert', cert, '--tls-key', key] });
    const seen = await probe(cleanup, server.url, ...trust());
    assert.equal(seen.code, 0, seen.text);
    const kinds = new Set(seen.report.servers.map((s) => s.kind));
    assert.deepEqual([...kinds].sort(), ['STUN', 'Signalling', 'TURN/TCP', 'TURN/TLS', 'TURN/UDP'], seen.text);
    assert.ok(seen.report.servers.every((s) => s.ok), seen.text);

    await server.stop();
    const gone = await probe(cleanup, server.url, ...trust());
    assert.equal(gone.code, 3, gone.text);
    assert.match(gone.report.servers[0].problem, /refused/i, gone.text);
  });

  test('what is no URL, and what is no address, is said', async () => {
    const child = new Child(binary, ['probe', 'http//nonsense'], {});
    cleanup.add(() => child.stop('SIGKILL'));
    assert.equal((await within('probe', child.exited, usual)).code, 2);
    await child.closed;
    assert.match(child.stderr, /is not a server's URL/);
    const absent = await probe(cleanup, 'stun:name.invalid');
    assert.equal(absent.code, 3, absent.text);
    assert.match(absent.report.servers[0].problem, /not found/);
  });
});
