import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const metrics = new Set([...read('src/server/metrics.ts').matchAll(/'(tandem_\w+)'/g)].map(([, name]) => name ?? ''));

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly labels: { readonly severity: string };
      readonly annotations: { readonly summary: string; readonly description: string };
    }[];
  }[];
}

test('every metric is documented', () => {
  const page = read('docs/monitoring.md');
  expect([...metrics].filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test('every alert asks for metrics that exist, and says what to do', () => {
  const rules = (parse(read('monitoring/alerts.yaml')) as Rules).groups.flatMap((group) => group.rules);
  expect(rules.length).toBeGreaterThan(5);
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  for (const { expr, labels, annotations } of rules) {
    expect([...expr.matchAll(/tandem_\w+/g)].filter(([name]) => !metrics.has(name))).toEqual([]);
    expect(['warning', 'critical']).toContain(labels.severity);
    expect(annotations.summary.length * annotations.description.length).toBeGreaterThan(0);
  }
});

test('every limit is documented', () => {
  const page = read('docs/limits.md');
  const declared = /export interface Limits \{([^]*?)\n\}/.exec(read('src/mapping/declaration.ts'))?.[1] ?? '';
  const names = [...declared.matchAll(/readonly (\w+)\?:/g)].map(([, name]) => name ?? '');
  expect(names.length).toBeGreaterThan(8);
  expect(names.filter((name) => !page.includes(`\`${name}\``) && !/^to(?:Right|Left)$/.test(name))).toEqual([]);
});
