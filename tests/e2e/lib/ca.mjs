// A certificate authority that lives for one test run, and a server certificate for localhost and
// parley.test signed by it. Made by the openssl command, kept in a temporary directory.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { atEnd } from './cleanup.mjs';
import { run } from './process.mjs';

export const hostNames = ['localhost', 'parley.test'];

/** @returns {{ca: string, cert: string, key: string}} paths of PEM files in `dir` */
export function makeAuthority(dir) {
  const at = (name) => path.join(dir, name);
  const quiet = { stdio: ['ignore', 'pipe', 'pipe'] };
  run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-days', '2', '-subj', '/CN=Parley test CA', '-keyout', at('ca.key'), '-out', at('ca.pem'),
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'], quiet);
  run('openssl', ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-subj', '/CN=localhost', '-keyout', at('server.key'), '-out', at('server.csr')], quiet);
  writeFileSync(at('server.ext'), [
    `subjectAltName=${hostNames.map((name) => `DNS:${name}`).join(',')},IP:127.0.0.1`,
    'basicConstraints=CA:FALSE', 'keyUsage=digitalSignature', 'extendedKeyUsage=serverAuth', ''].join('\n'));
  run('openssl', ['x509', '-req', '-in', at('server.csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key'),
    '-CAcreateserial', '-days', '2', '-extfile', at('server.ext'), '-out', at('server.pem')], quiet);
  return { ca: at('ca.pem'), cert: at('server.pem'), key: at('server.key') };
}

let authority;

/** The process's certificate authority, made when first asked for. */
export function theAuthority() {
  authority ??= makeAuthority(atEnd.tempDir('ca'));
  return authority;
}
