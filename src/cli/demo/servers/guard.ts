import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Guarded } from './watchdog.ts';

let pipe: Socket | undefined;

/**
 * Puts something under the watchdog: a process of its own that notices when this one has died, even by SIGKILL, and
 * then kills the servers and removes their folders.
 */
export function guard(what: Guarded): void {
  pipe ??= startWatchdog();
  pipe.write(`${JSON.stringify({ add: what })}\n`);
}

/** Tells the watchdog that something is already gone. */
export function release(what: Guarded): void {
  pipe?.write(`${JSON.stringify({ remove: what })}\n`);
}

function startWatchdog(): Socket {
  // Run from the sources, the watchdog needs the same translation of TypeScript that runs them.
  const unbuilt = import.meta.url.endsWith('.ts');
  const script = fileURLToPath(new URL(unbuilt ? './watchdog.ts' : './watchdog.js', import.meta.url));
  const loader = unbuilt ? ['--import', translatorUrl()] : [];
  const child = spawn(process.execPath, [...loader, script], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  child.unref();
  const socket = child.stdin as Socket;
  socket.unref();
  // Losing the watchdog must not take the servers' owner down with it.
  socket.on('error', () => undefined);
  return socket;
}

// Node resolves `--import` from the working folder, where our dependencies may be out of sight.
function translatorUrl(): string {
  const jiti = createRequire(import.meta.url).resolve('jiti/package.json');
  return new URL('lib/jiti-register.mjs', pathToFileURL(jiti)).href;
}
