import { describe, expect, it } from 'vitest';
import { Notice } from './notice.ts';

/** A clock that stands still until it is told to go on. */
class Clock {
  #nowMs = 1_000;
  #timers: { readonly dueMs: number; readonly resolve: () => void }[] = [];
  set = 0;

  readonly nowMs = () => this.#nowMs;

  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    this.set++;
    return new Promise((resolve, reject) => {
      const timer = { dueMs: this.#nowMs + ms, resolve };
      this.#timers.push(timer);
      signal?.addEventListener('abort', () => {
        this.#timers = this.#timers.filter((each) => each !== timer);
        reject(new Error('cancelled'));
      });
    });
  };

  get pending(): number {
    return this.#timers.length;
  }

  goTo(nowMs: number): void {
    this.#nowMs = nowMs;
    const due = this.#timers.filter((timer) => timer.dueMs <= nowMs);
    this.#timers = this.#timers.filter((timer) => timer.dueMs > nowMs);
    for (const { resolve } of due) resolve();
  }
}

describe('a bell', () => {
  it('does not lose a ring that nobody waited for, and tells it once', async () => {
    const clock = new Clock();
    const notice = new Notice(clock);
    notice.ring();
    notice.ring();
    await notice.wait(50);
    expect(clock.set).toBe(0);
    const second = notice.wait(50);
    clock.goTo(1_050);
    await second;
  });

  it('sets one timer for any number of rings, and none is left when it is closed', async () => {
    const clock = new Clock();
    const notice = new Notice(clock);
    for (let at = 0; at < 1_000; at++) {
      const woken = notice.wait(10_000);
      notice.ring();
      await woken;
    }
    expect(clock.pending).toBe(1);
    notice.close();
    expect(clock.pending).toBe(0);
  });

  it('does not gather timers where short waits follow long ones again and again', async () => {
    const clock = new Clock();
    const notice = new Notice(clock);
    for (let at = 0; at < 100; at++) {
      const long = notice.wait(10_000);
      notice.ring();
      await long;
      const short = notice.wait(100);
      clock.goTo(clock.nowMs() + 100);
      await short;
      expect(clock.pending).toBeLessThan(3);
    }
  });

  it('wakes in time where a shorter wait follows a longer one', async () => {
    const clock = new Clock();
    const notice = new Notice(clock);
    const long = notice.wait(10_000);
    notice.ring();
    await long;
    const short = notice.wait(20);
    clock.goTo(1_020);
    await short;
    const last = notice.wait(10_000);
    clock.goTo(11_100);
    await last;
  });
});
