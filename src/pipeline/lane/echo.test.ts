import { expect, test } from 'vitest';
import { Echoes } from './echo.ts';

const someRow = 17;

test('changes are kept until the log has shown the last write of a predecessor', () => {
  const echoes = new Echoes(true);
  // Six writes, then two engines that took over.
  echoes.remembersUntil({ seq: 8, epoch: 2 });
  expect(echoes.keeps(someRow)).toBe(true);
  echoes.meet({ seq: 5, epoch: 0 });
  expect(echoes.keeps(someRow)).toBe(true);
  echoes.meet({ seq: 7, epoch: 1 });
  expect(echoes.keeps(someRow)).toBe(false);
});

test('a backlog is not kept where no predecessor has written anything', () => {
  const echoes = new Echoes(true);
  echoes.remembersUntil({ seq: 3, epoch: 3 });
  expect(echoes.keeps(someRow)).toBe(false);
});
