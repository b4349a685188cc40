import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kFirstConnectMs, kLostAfterMs, kNoCandidatesMs, Recovery } from '../../src/call/recovery.ts';
import { VirtualTime } from './virtual_time.ts';

function start(): { time: VirtualTime; recovery: Recovery; said: string[] } {
  const time = new VirtualTime();
  const said: string[] = [];
  const recovery = new Recovery(time, {
    restart: (why, attempt) => said.push(`restart ${why} ${attempt}`),
    noPath: () => said.push('no path'),
    lost: (downMs, attempts) => said.push(`lost ${downMs} ${attempts}`),
    connected: (ms, recovered) => said.push(`connected ${ms}${recovered ? ' again' : ''}`),
  });
  return { time, recovery, said };
}

test('a connection that comes up is told once, with its time', async () => {
  const { time, recovery, said } = start();
  await time.run(180);
  recovery.state('connecting');
  recovery.state('connected');
  recovery.state('connected');
  await time.run(120_000);
  assert.deepEqual(said, ['connected 180']);
});

test('a short disconnection heals without a restart', async () => {
  const { time, recovery, said } = start();
  recovery.state('connected');
  recovery.state('disconnected');
  await time.run(1_500);
  recovery.state('connected');
  await time.run(60_000);
  assert.deepEqual(said, ['connected 0', 'connected 1500']);
});

test('a longer one is restarted, and told as lost when nothing helps', async () => {
  const { time, recovery, said } = start();
  recovery.state('connected');
  recovery.state('disconnected');
  await time.run(2_000);
  assert.deepEqual(said, ['connected 0', 'restart disconnected 1']);
  recovery.state('failed');
  await time.run(kLostAfterMs);
  assert.ok(said.includes('restart failed 2'));
  assert.equal(said.filter((line) => line.startsWith('lost')).length, 1);
  recovery.state('connected');
  assert.match(said.at(-1)!, /^connected \d+ again$/);
});

test('no path at the first failure, and attempts go on', async () => {
  const { time, recovery, said } = start();
  recovery.state('failed');
  await time.run(100);
  assert.deepEqual(said, ['no path', 'restart failed 1']);
  recovery.state('failed');
  await time.run(1_000);
  assert.deepEqual(said, ['no path', 'restart failed 1', 'restart failed 2']);
});

test('no path when nothing ever comes', async () => {
  const { time, said } = start();
  await time.run(kFirstConnectMs - 1);
  assert.deepEqual(said, []);
  await time.run(1);
  assert.deepEqual(said, ['no path']);
});

test('no path soon when there is no candidate at all', async () => {
  const { time, recovery, said } = start();
  recovery.noCandidates();
  await time.run(kNoCandidatesMs);
  assert.deepEqual(said, ['no path']);
});

test('a change of network restarts at once, without grace', async () => {
  const { time, recovery, said } = start();
  recovery.state('connected');
  recovery.state('disconnected');
  recovery.restartNow('network-change');
  assert.deepEqual(said, ['connected 0', 'restart network-change 1']);
  recovery.state('connected');
  await time.run(60_000);
  assert.equal(said.length, 3);
});

test('a stopped one says nothing more', async () => {
  const { time, recovery, said } = start();
  recovery.stop();
  recovery.state('failed');
  recovery.restartNow('asked');
  await time.run(120_000);
  assert.deepEqual(said, []);
  assert.equal(time.pending, 0);
});
