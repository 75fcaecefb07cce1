#!/usr/bin/env node
import type { Io } from './io.ts';
import { runCli } from './run-cli.ts';

const signals = ['SIGINT', 'SIGTERM'] as const;

const io: Io = {
  stdout: { write: (text) => void process.stdout.write(text), isTTY: process.stdout.isTTY },
  stderr: { write: (text) => void process.stderr.write(text), isTTY: process.stderr.isTTY },
  stdin: { isTTY: process.stdin.isTTY },
  env: process.env,
  cwd: process.cwd(),
  onSignal(listener) {
    for (const signal of signals) process.on(signal, listener);
    return () => {
      for (const signal of signals) process.off(signal, listener);
    };
  },
  exitNow: (code) => process.exit(code),
};

// A reader that closes the pipe early, such as `head`, has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await runCli(process.argv.slice(2), io);
