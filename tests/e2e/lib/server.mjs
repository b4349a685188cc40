// Parley's own binary as a child of the test, on free ports and with a state directory of its own, so
// that two runs side by side never meet.
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from './ports.mjs';
import { Child } from './process.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const binary = process.env.PARLEY_BIN ?? path.join(root, 'build/release/parley');

/** For node:test's `skip`. The suite's runner refuses to start without it, so this is for single files. */
export const binaryMissing = existsSync(binary) ? false : `SKIPPED: ${binary} is not built`;

/** An environment in which the binary finds nothing of the user's. */
export function cleanEnvironment(home) {
  const env = { PATH: process.env.PATH, HOME: home, XDG_STATE_HOME: path.join(home, 'state'),
    XDG_CONFIG_HOME: path.join(home, 'config'), LANG: 'C.UTF-8' };
  for (const [key, value] of Object.entries(process.env)) {
    if (/^(ASAN|TSAN|UBSAN|LSAN)_OPTIONS$/.test(key)) env[key] = value;
  }
  return env;
}

export class Server {
  /**
   * Starts `parley serve --json` and waits for its line.
   * @param {import('./cleanup.mjs').Cleanup} cleanup
   * @param {{args?: string[], env?: object, fixedPorts?: boolean}} options
   *        fixedPorts: choose the ports beforehand, so that `restart()` can take the same ones
   */
  static async start(cleanup, { args = [], env = {}, fixedPorts = false } = {}) {
    const server = new Server();
    server.home = cleanup.tempDir('home');
    mkdirSync(path.join(server.home, 'state'), { recursive: true });
    server.env = { ...cleanEnvironment(server.home), ...env };
    const ports = fixedPorts ? await freePorts(3) : [0, 0, 0];
    server.args = ['serve', '--json', '--http-port', `${ports[0]}`, '--turn-port', `${ports[1]}`,
      '--turns-port', `${ports[2]}`, ...args];
    cleanup.add(() => server.stop());
    await server.#launch();
    return server;
  }

  async #launch() {
    this.child = new Child(binary, this.args, { cwd: this.home, env: this.env });
    const line = await this.child.output('its ready line', (child) => /^\{.*\}$/m.exec(child.stdout)?.[0]);
    this.ready = JSON.parse(line);
    this.url = this.ready.http;
    this.httpPort = Number(new URL(this.url).port);
  }

  get log() {
    return this.child.stderr;
  }

  /** Stops it (SIGTERM by default) and waits. Returns {code, signal}. */
  async stop(signal = 'SIGTERM') {
    return this.child ? this.child.stop(signal) : undefined;
  }

  /** The same server again: same ports (start it with fixedPorts), same state directory. */
  async restart(signal = 'SIGTERM') {
    const ended = await this.stop(signal);
    await this.#launch();
    return ended;
  }

  async launchAgain() {
    await this.#launch();
  }
}
