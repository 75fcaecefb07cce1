import { describe, expect, it, vi } from 'vitest';
import { Renewable } from './renewable.ts';

interface Opened {
  readonly number: number;
  usable: boolean;
}

/** What was opened so far; each one opens as the test says so. */
function useOpened() {
  const opened: Opened[] = [];
  const discarded: number[] = [];
  let failures = 0;
  const renewable = new Renewable<Opened>(
    async () => {
      await Promise.resolve();
      if (failures-- > 0) throw new Error('refused');
      const connection = { number: opened.length + 1, usable: true };
      opened.push(connection);
      return connection;
    },
    (connection) => connection.usable,
    ({ number }) => discarded.push(number),
  );
  const fail = (times: number) => {
    failures = times;
  };
  return { renewable, opened, discarded, fail };
}

describe('a renewable connection', () => {
  it('is opened once, however many ask at the same time', async () => {
    const { renewable, opened, discarded } = useOpened();
    const got = await Promise.all([renewable.get(), renewable.get(), renewable.get()]);
    expect(got.map(({ number }) => number)).toEqual([1, 1, 1]);
    for (const each of opened) each.usable = false;
    const anew = await Promise.all([renewable.get(), renewable.get()]);
    expect(anew.map(({ number }) => number)).toEqual([2, 2]);
    expect(opened).toHaveLength(2);
    expect(discarded).toEqual([1]);
  });

  it('is tried again after it could not be opened', async () => {
    const { renewable, fail } = useOpened();
    fail(1);
    await expect(renewable.get()).rejects.toThrow('refused');
    expect((await renewable.get()).number).toBe(1);
  });

  it('is tried again also where opening throws at once', async () => {
    let fails = true;
    const open = () => {
      if (fails) throw new Error('refused');
      return Promise.resolve({ number: 1, usable: true });
    };
    const renewable = new Renewable<Opened>(open, ({ usable }) => usable, vi.fn());
    await expect(renewable.get()).rejects.toThrow('refused');
    fails = false;
    expect((await renewable.get()).number).toBe(1);
  });

  it('is given back to who closes, also if it was just being opened', async () => {
    const { renewable } = useOpened();
    expect(await useOpened().renewable.close()).toBeNull();
    const asking = renewable.get();
    expect(await renewable.close()).toBe(await asking);
    await expect(renewable.get()).rejects.toMatchObject({ code: 'TD9002' });
  });
});
