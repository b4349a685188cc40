// coturn as a stand-in relay: when the harness itself is in doubt, the same browsers are pointed at
// it (npm run selfcheck), so that what fails against Parley and not there is Parley's.
import { existsSync } from 'node:fs';
import { theAuthority } from './ca.mjs';
import { freePorts } from './ports.mjs';
import { Child } from './process.mjs';

export const coturnThere = existsSync('/usr/bin/turnserver');

/** @param {string[]} args more of turnserver's options
 *  @returns {Promise<{port: number, tlsPort: number, urls: Record<'udp'|'tcp'|'tls', string>, username: string, credential: string}>} */
export async function startCoturn(cleanup, args = []) {
  const [port, tlsPort, cliPort] = await freePorts(3);
  const { cert, key } = theAuthority();
  const dir = cleanup.tempDir('coturn');
  const child = new Child('/usr/bin/turnserver', ['-n', '--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1',
    `--listening-port=${port}`, `--tls-listening-port=${tlsPort}`, `--cli-port=${cliPort}`, '--no-cli',
    '--cert', cert, '--pkey', key, '--lt-cred-mech', '--user=ann:secret', '--realm=parley.test',
    '--allow-loopback-peers', '--cli-password=unused', `--pidfile=${dir}/pid`, `--userdb=${dir}/db`,
    '--log-file=stdout', '--simple-log', '--no-dtls', ...args], { cwd: dir });
  cleanup.add(() => child.stop());
  await child.output('its listener line', (c) => /TLS.*listener opened|Total General servers|IPv4. TLS.TCP listener opened/.test(c.stdout));
  return { port, tlsPort, child, username: 'ann', credential: 'secret',
    // By address: localhost is also ::1, where this coturn does not listen, and a browser waits up to
    // 12 s for an answer over UDP from there before it calls gathering complete.
    urls: { udp: `turn:127.0.0.1:${port}?transport=udp`, tcp: `turn:127.0.0.1:${port}?transport=tcp`,
      tls: `turns:localhost:${tlsPort}?transport=tcp` } };
}
