// Plain HTTP by hand: fetch() does not let a test choose Host.
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { within } from './wait.mjs';

/** @returns {Promise<{status: number, headers: object, body: string}>} */
export function get(url, { headers = {}, method = 'GET', body, ...options } = {}) {
  const client = url.startsWith('https:') ? https : http;
  return within(`${method} ${url}`, new Promise((resolve, reject) => {
    const request = client.request(url, { method, headers, agent: false, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => { text += chunk; });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
      response.on('error', reject);
    });
    request.on('error', reject);
    // An upgrade that the server accepts: 101 is the answer.
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode, headers: response.headers, body: '' });
    });
    request.end(body);
  }));
}

/** The status of a WebSocket upgrade with these headers: 101 when let in. */
export async function upgradeStatus(url, headers = {}) {
  const answer = await get(url, { headers: { connection: 'Upgrade', upgrade: 'websocket',
    'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers } });
  return answer.status;
}

/** Writes bytes as they are and returns all that comes back until the other side closes. */
export function raw(port, bytes, { timeout = 15_000 } = {}) {
  return within('the server to close a raw connection', new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => { text += chunk; });
    socket.on('close', () => resolve(text));
    socket.on('error', (error) => (error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(text) : reject(error)));
  }), timeout);
}
