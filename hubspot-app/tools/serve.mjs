// Serves the built preview on this machine; `--sandbox URL` passes its calls on to a sandbox, which signs them.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'preview');
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json' };

/** A server of the preview; `sandbox` is where /extension-fetch leads. */
export function server(sandbox) {
  return createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    if (path === '/extension-fetch' && sandbox) return pass(sandbox, request, response);
    const file = join(ROOT, normalize(path === '/' ? '/index.html' : path));
    if (!file.startsWith(ROOT) || !existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': `${TYPES[extname(file)] ?? 'application/octet-stream'}; charset=utf-8` });
    createReadStream(file).pipe(response);
  });
}

async function pass(sandbox, request, response) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const answer = await fetch(`${sandbox}/sandbox/v1/extension-fetch`, { method: 'POST', body: Buffer.concat(parts) });
  response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(await answer.text());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf('--sandbox');
  const port = Number(process.env.PORT ?? 8200);
  server(at > 0 ? process.argv[at + 1] : '').listen(port, '127.0.0.1', () => {
    console.log(`http://localhost:${port}/?face=ready-en  (every name in fixtures/ is a face; Ctrl-C stops)`);
  });
}
