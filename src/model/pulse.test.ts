import { expect, test } from 'vitest';
import { keepPulse } from './pulse.ts';

/** Lets a pulse beat so often over a connection that behaves as told, and tells what it did. */
async function beatOver(
  beats: number,
  connection: { readonly outstanding: number; readonly answering?: boolean; readonly working?: boolean | 'silent' },
): Promise<{ readonly sent: number; readonly asked: number; readonly dropped: boolean }> {
  const over = new AbortController();
  const did = { sent: 0, asked: 0, dropped: false };
  let left = beats;
  let answers = 0;
  const sleep = async (ms: number): Promise<void> => {
    if (ms === 4_000 && left-- === 0) over.abort();
    // Only who gets no answer comes to the end of his patience.
    if (ms !== 4_000 && connection.working !== 'silent') await new Promise(() => undefined);
  };
  const pulsed = {
    outstanding: connection.outstanding,
    get answers() {
      return connection.answering === true ? answers++ : answers;
    },
    beat: async () => void did.sent++,
    isWorking: () => {
      did.asked += 1;
      if (connection.working === 'silent') return new Promise<boolean>(() => undefined);
      return Promise.resolve(connection.working ?? false);
    },
    drop: () => void (did.dropped = true),
  };
  await keepPulse(pulsed, { sleep }, over.signal);
  return did;
}

test('a connection that nobody uses is kept alive', async () => {
  expect(await beatOver(5, { outstanding: 0 })).toEqual({ sent: 5, asked: 0, dropped: false });
});

test('one whose answers come is left alone, however busy it is', async () => {
  expect(await beatOver(9, { outstanding: 3, answering: true })).toEqual({ sent: 0, asked: 0, dropped: false });
});

test('one statement that takes long is waited for while the server works on it', async () => {
  expect(await beatOver(20, { outstanding: 1, working: true })).toMatchObject({ sent: 0, dropped: false });
});

test('one that the server knows nothing of any more is given up, but not at first sight', async () => {
  expect(await beatOver(3, { outstanding: 1 })).toMatchObject({ asked: 1, dropped: false });
  expect(await beatOver(20, { outstanding: 1 })).toMatchObject({ asked: 2, dropped: true });
});

test('one to a server that cannot be asked is given up', async () => {
  expect(await beatOver(20, { outstanding: 1, working: 'silent' })).toMatchObject({ dropped: true });
});
