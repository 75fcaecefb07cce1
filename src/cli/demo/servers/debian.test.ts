import { describe, expect, it } from 'vitest';
import { parseLines, parseStanzas } from './debian.ts';

describe('the package sources of the machine', () => {
  it('are read from stanzas, with keys that span lines', () => {
    const text = [
      'Types: deb',
      '# a remark in the middle',
      'URIs: http://mirror.example/debian',
      'Suites: bookworm bookworm-updates',
      'Components: main',
      'Signed-By:',
      ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
      ' .',
      ' mQINBF==',
      '',
      'Types: deb-src',
      'URIs: http://mirror.example/debian',
      'Suites: bookworm',
      '',
      '',
      '# nothing but a remark',
    ].join('\n');
    expect(parseStanzas(text)).toEqual([
      {
        Types: 'deb',
        URIs: 'http://mirror.example/debian',
        Suites: 'bookworm bookworm-updates',
        Components: 'main',
        'Signed-By': '\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF==',
      },
      { Types: 'deb-src', URIs: 'http://mirror.example/debian', Suites: 'bookworm' },
    ]);
  });

  it('are read from single lines, with options and without', () => {
    const text = [
      '# deb http://old.example/debian bookworm main',
      'deb http://mirror.example/debian bookworm main contrib # remark',
      'deb-src http://mirror.example/debian bookworm main',
      'deb [ arch=amd64 signed-by=/usr/share/keyrings/k.gpg ] https://other.example/apt bookworm-security main',
    ].join('\n');
    expect(parseLines(text)).toEqual([
      { Types: 'deb', URIs: 'http://mirror.example/debian', Suites: 'bookworm', Components: 'main contrib' },
      {
        Types: 'deb',
        URIs: 'https://other.example/apt',
        Suites: 'bookworm-security',
        Components: 'main',
        Architectures: 'amd64',
        'Signed-By': '/usr/share/keyrings/k.gpg',
      },
    ]);
  });
});
