import { describe, expect, it } from 'vitest';
import { recordIo, type RecordedIoOptions } from '../../test/recorded-io.ts';
import { CODES } from '../model/codes.ts';
import { runCli } from './run-cli.ts';

async function run(line: string, options: RecordedIoOptions = {}) {
  const io = recordIo(options);
  const exit = await runCli(
    line.split(' ').filter((word) => word !== ''),
    io,
  );
  return { exit, out: io.out(), talk: io.talk() };
}

describe('tandem', () => {
  it('lists every command and flag in its help, on stdout', async () => {
    const { exit, out, talk } = await run('--help');
    expect(exit).toBe(0);
    expect(talk).toBe('');
    for (const name of [
      'init',
      'pull',
      'check',
      'plan',
      'apply',
      'run',
      'status',
      'pause',
      'resume',
      'teardown',
      'explain',
    ]) {
      expect(out).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    }
    expect(out).toContain('--no-input');
  });

  it('shows the common flags in the help of a command too', async () => {
    const { exit, out } = await run('apply --help');
    expect(exit).toBe(0);
    expect(out).toContain('--env-file');
  });

  it('prints its version', async () => {
    const { exit, out } = await run('--version');
    expect(exit).toBe(0);
    expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('suggests the command that was meant', async () => {
    const { exit, out, talk } = await run('stauts');
    expect(exit).toBe(64);
    expect(out).toBe('');
    expect(talk).toContain('error[TD9003]');
    expect(talk).toContain('Did you mean status?');
    expect(talk).toContain('exit code 64');
  });

  it('refuses an unknown flag and a wrong choice', async () => {
    expect((await run('plan --sq')).exit).toBe(64);
    const { exit, talk } = await run('pause --direction sideways');
    expect(exit).toBe(64);
    expect(talk).toContain('toRight');
  });

  it('reports usage as one JSON document where JSON was asked for', async () => {
    const { exit, out, talk } = await run('stauts --json');
    expect(exit).toBe(64);
    expect(talk).toBe('');
    const document = JSON.parse(out) as { schema: string; exit: number; errors: { code: string }[]; next: string[] };
    expect(document.schema).toBe('tandem.error/1');
    expect(document.exit).toBe(64);
    expect(document.errors.map((error) => error.code)).toEqual(['TD9003']);
    expect(document.next).toEqual(['tandem explain TD9003']);
  });
});

describe('tandem explain', () => {
  it('takes a code in any case, without TD, and by its name', async () => {
    for (const wanted of ['TD6001', 'td6001', '6001', 'SLOT_LOST', 'slot_lost']) {
      const { exit, out } = await run(`explain ${wanted}`);
      expect(exit).toBe(0);
      expect(out).toContain('TD6001 SLOT_LOST');
      expect(out).toContain(CODES.TD6001.help);
      expect(out).toContain('skips nothing');
    }
  });

  it('lists all codes', async () => {
    const { out } = await run('explain');
    for (const code of Object.keys(CODES)) expect(out).toContain(code);
  });

  it('answers in JSON', async () => {
    const { out } = await run('explain TD4002 --json');
    expect(JSON.parse(out)).toMatchObject({
      schema: 'tandem.explain/1',
      code: 'TD4002',
      name: 'LOGIN_REFUSED',
      exit: 4,
    });
  });

  it('says what a code looks like when there is no such code', async () => {
    const { exit, talk } = await run('explain TD0000');
    expect(exit).toBe(64);
    expect(talk).toContain('a code such as TD6001');
  });
});

describe('colours', () => {
  const colored = (text: string) => text.includes('\u001B[');

  it('are for terminals', async () => {
    expect(colored((await run('explain TD6001')).out)).toBe(false);
    expect(colored((await run('explain TD6001', { isTTY: true })).out)).toBe(true);
  });

  it.each<[string, Record<string, string>]>([
    ['--no-color', {}],
    ['', { NO_COLOR: '1' }],
    ['', { TERM: 'dumb' }],
    ['', { FORCE_COLOR: '0' }],
    ['--no-color', { FORCE_COLOR: '1' }],
  ])('stay away with %j and %j', async (flag, env) => {
    expect(colored((await run(`explain TD6001 ${flag}`, { isTTY: true, env })).out)).toBe(false);
  });

  it('can be forced', async () => {
    expect(colored((await run('explain TD6001', { env: { FORCE_COLOR: '1' } })).out)).toBe(true);
  });
});
