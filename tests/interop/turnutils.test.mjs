// coturn's own clients against our STUN and TURN server.
//
// uclient with -y relays from one allocation to another of the same server, which is always allowed;
// with a peer on loopback the server must be told (--allow-peer), and must refuse when it is not.
// PARLEY_INTEROP_TARGET=coturn runs the same tests against coturn, to tell a fault of ours from one
// of the tests. Every run that fails quotes the client's whole output.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { theAuthority } from '../e2e/lib/ca.mjs';
import { atEnd, Cleanup } from '../e2e/lib/cleanup.mjs';
import { startCoturn } from '../e2e/lib/coturn.mjs';
import { freePort } from '../e2e/lib/ports.mjs';
import { Child } from '../e2e/lib/process.mjs';
import { Server } from '../e2e/lib/server.mjs';
import { usual, within } from '../e2e/lib/wait.mjs';

const tools = ['turnutils_uclient', 'turnutils_stunclient', 'turnutils_peer'];
const absent = tools.filter((tool) => !existsSync(`/usr/bin/${tool}`));
const skip = absent.length > 0 && `SKIPPED: ${absent.join(', ')} not installed (package coturn)`;
if (skip) console.error(skip);

const againstCoturn = process.env.PARLEY_INTEROP_TARGET === 'coturn';
const name = 'ann';
const password = 'secret';

/** @returns {Promise<{port: number, tlsPort: number, password: string}>} */
async function startTarget(cleanup, args = []) {
  if (againstCoturn) {
    const coturn = await startCoturn(cleanup);
    return { port: coturn.port, tlsPort: coturn.tlsPort };
  }
  const { cert, key } = theAuthority();
  const server = await Server.start(cleanup, {
    args: ['--turn-user', `${name}:${password}`, '--tls-cert', cert, '--tls-key', key, ...args] });
  const portOf = (scheme) => Number(new RegExp(`^${scheme}:.*?:(\\d+)`).exec(
    server.ready.turn.find((url) => url.startsWith(`${scheme}:`)) ?? '')?.[1]);
  return { port: portOf('turn'), tlsPort: portOf('turns'), server };
}

/** Runs a client to its end. */
async function runTool(cleanup, command, args) {
  const child = new Child(`/usr/bin/${command}`, args);
  cleanup.add(() => child.stop('SIGKILL'));
  const { code } = await within(`${command} ${args.join(' ')}`, child.exited, 2 * usual).catch((error) => {
    throw new Error(`${error.message}\n${child.stdout}${child.stderr}`);
  });
  await child.closed;
  return { code, text: child.stdout + child.stderr };
}

/**
 * All messages came back; `share` of them at least. Relay to relay over TLS uclient reads one record
 * for each wake-up and leaves the rest in its own TLS buffer until more comes, which after the last
 * message never does (against coturn too): one a session usually, more on a busy machine.
 */
function assertArrived(text, share = 1) {
  const [, sent, received] = [...text.matchAll(/tot_send_msgs=(\d+), tot_recv_msgs=(\d+)/g)].at(-1) ?? [];
  assert.ok(Number(sent) > 0, text);
  assert.ok(Number(received) >= Number(sent) * share && Number(received) <= Number(sent), text);
}

let target;
before(async () => { if (!skip) target = await startTarget(atEnd); });
after(() => atEnd.run());

const credentials = ['-u', name, '-w', password];
const ways = {
  UDP: ({ port } = target) => ['-p', `${port}`],
  TCP: ({ port } = target) => ['-t', '-p', `${port}`],
  TLS: ({ tlsPort } = target) => ['-t', '-S', '-p', `${tlsPort}`],
};

const shapes = {
  'channel data': [],
  'send indications': ['-s'],
  'send indications of odd length': ['-s', '-l', '101'],
  'channel data of odd length': ['-l', '103'],
  'several clients, large messages': ['-m', '4', '-l', '1100', '-n', '20'],
  'extra permissions and bindings': ['-G'],
  'padded channel data': ['-D'],
};

// The client spends most of its time waiting for its own clock, so four run at once.
describe("coturn's clients", { concurrency: 4 }, () => {
  for (const [way, address] of Object.entries(ways)) {
    for (const [shape, options] of Object.entries(shapes)) {
      test(`relay to relay over ${way}: ${shape}`, { skip }, async (t) => {
        const cleanup = new Cleanup();
        t.after(() => cleanup.run());
        const { code, text } = await runTool(cleanup, 'turnutils_uclient',
          ['-y', '-c', '-n', '5', ...credentials, ...options, ...address(), '127.0.0.1']);
        assert.equal(code, 0, text);
        assertArrived(text, way === 'TLS' ? 0.5 : 1);
      });
    }
  }

  // With several threads the kernel gives the client's second address to any of them, and a reserved
  // port is known to the thread that made it.
  test('uclient with RTP and RTCP ports side by side (EVEN-PORT, reservation token), one thread', { skip }, async (t) => {
    const cleanup = new Cleanup();
    t.after(() => cleanup.run());
    const single = await startTarget(cleanup, ['--threads', '1']);
    const { code, text } = await runTool(cleanup, 'turnutils_uclient',
      ['-y', '-n', '5', ...credentials, ...ways.UDP(single), '127.0.0.1']);
    assert.equal(code, 0, text);
    assertArrived(text);
  });

  async function startPeer(cleanup) {
    const port = await freePort();
    const peer = new Child('/usr/bin/turnutils_peer', ['-L', '127.0.0.1', '-p', `${port}`, '-v']);
    cleanup.add(() => peer.stop('SIGKILL'));
    return port;
  }

  for (const way of Object.keys(ways)) {
    test(`uclient to an echoing peer over ${way}, allowed by --allow-peer`, { skip }, async (t) => {
      const cleanup = new Cleanup();
      t.after(() => cleanup.run());
      const allowing = await startTarget(cleanup, ['--allow-peer', '127.0.0.1/32']);
      const peer = await startPeer(cleanup);
      const { code, text } = await runTool(cleanup, 'turnutils_uclient',
        ['-c', '-n', '5', ...credentials, '-e', '127.0.0.1', '-r', `${peer}`, ...ways[way](allowing), '127.0.0.1']);
      assert.equal(code, 0, text);
      assertArrived(text);
    });
  }

  test('a peer on loopback is refused by default', { skip: skip || (againstCoturn && 'coturn is told to allow it') }, async (t) => {
    const cleanup = new Cleanup();
    t.after(() => cleanup.run());
    const peer = await startPeer(cleanup);
    const { code, text } = await runTool(cleanup, 'turnutils_uclient',
      ['-c', '-n', '5', ...credentials, '-e', '127.0.0.1', '-r', `${peer}`, ...ways.UDP(), '127.0.0.1']);
    // To our own address a permission may be had (another allocation may live there), but nothing passes.
    const arrived = [...text.matchAll(/tot_recv_msgs=(\d+)/g)].at(-1)?.[1] ?? '0';
    assert.ok(/403/.test(text) || Number(arrived) === 0, `${code}\n${text}`);
  });

  test('a wrong password is refused', { skip }, async (t) => {
    const cleanup = new Cleanup();
    t.after(() => cleanup.run());
    const { code, text } = await runTool(cleanup, 'turnutils_uclient',
      ['-y', '-c', '-n', '1', '-u', name, '-w', 'not it', ...ways.UDP(), '127.0.0.1']);
    assert.notEqual(code, 0, text);
    assert.match(text, /401|Unauthorized|Wrong|cannot complete/i);
  });

  test('stunclient learns its address', { skip }, async (t) => {
    const cleanup = new Cleanup();
    t.after(() => cleanup.run());
    const { text } = await runTool(cleanup, 'turnutils_stunclient', ['-p', `${target.port}`, '127.0.0.1']);
    assert.match(text, /UDP reflexive addr: 127\.0\.0\.1:\d+/);
  });
});
