import type { z } from 'zod';
import { closest } from '../mapping/closest.ts';
import type { Finding } from '../model/finding.ts';
import { type Tree, treeSchema } from './schema.ts';

type Issue = z.core.$ZodIssue;

export interface Validated {
  readonly tree: Tree | null;
  readonly findings: readonly Finding[];
}

/** Holds whatever a file contains against the expected shape; every place that does not fit is a finding of its own. */
export function validateTree(given: unknown, withFunctions: boolean): Validated {
  const result = treeSchema(withFunctions).safeParse(given, { error: listOptions });
  if (result.success) return { tree: result.data, findings: [] };
  return { tree: null, findings: withoutEchoes(result.error.issues.flatMap((issue) => findingsOf(issue, [], given))) };
}

/** An option that is missing because it is misspelt right there needs no finding of its own. */
function withoutEchoes(findings: readonly Finding[]): readonly Finding[] {
  const meant = new Set(
    findings.flatMap(({ path = [], suggestion }) =>
      suggestion === undefined ? [] : [[...path.slice(0, -1), suggestion].join('.')],
    ),
  );
  return findings.filter(({ message, path = [] }) => !message.endsWith(MISSING) || !meant.has(path.join('.')));
}

const MISSING = 'is missing';

const LIST = 'one of ';

/** An unknown key's message is the list of the known ones: the schema that knows them is at hand only here. */
function listOptions(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== 'unrecognized_keys') return undefined;
  const shape = (issue.inst?._zod.def as { readonly shape?: object } | undefined)?.shape;
  return `${LIST}${Object.keys(shape ?? {}).join(', ')}`;
}

function findingsOf(issue: Issue, base: readonly (string | number)[], root: unknown): readonly Finding[] {
  const path = [...base, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownOption(key, path, issue.message));
    case 'invalid_union':
      return findingsOfUnion(issue, path, root);
    case 'invalid_value':
      return [wrongValue(path, `${LIST}${issue.values.map(String).join(', ')}`, root, issue.values.map(String))];
    case 'invalid_type':
      return [wrongValue(path, article(issue.expected), root)];
    default:
      return [wrongValue(path, issue.message, root)];
  }
}

function article(type: string): string {
  const names: Readonly<Record<string, string>> = {
    record: 'a mapping',
    object: 'a mapping',
    array: 'a list',
    int: 'a whole number',
  };
  return names[type] ?? `a ${type}`;
}

function unknownOption(key: string, path: readonly (string | number)[], list: string): Finding {
  const suggestion = closest(key, list.slice(LIST.length).split(', '));
  return {
    code: 'TD1002',
    severity: 'error',
    message: `there is no option '${key}'`,
    path: [...path, key],
    expected: list,
    found: key,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

function wrongValue(
  path: readonly (string | number)[],
  expected: string,
  root: unknown,
  words: readonly string[] = [],
): Finding {
  const value = path.reduce<unknown>(
    (at, step) => (at as Record<string | number, unknown> | null | undefined)?.[step],
    root,
  );
  const name = path.join('.') || 'the configuration';
  if (value === undefined) {
    return { code: 'TD1002', severity: 'error', message: `'${name}' ${MISSING}`, path, expected };
  }
  const found = typeof value === 'string' ? value : describe(value);
  const suggestion = typeof value === 'string' ? closest(value, words) : undefined;
  return {
    code: 'TD1002',
    severity: 'error',
    message: `'${name}' does not fit`,
    path,
    expected,
    found,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`;
}

/** Of the alternatives of a union, the one that the value comes closest to is the one that its author meant. */
function findingsOfUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: readonly (string | number)[],
  root: unknown,
): readonly Finding[] {
  const branches = issue.errors.toSorted((a, b) => distance(a) - distance(b));
  const [nearest] = branches;
  if (nearest === undefined) return [wrongValue(path, issue.message, root)];
  if (distance(nearest) < FAR) return nearest.flatMap((inner) => findingsOf(inner, path, root));
  const alternatives = [...new Set(branches.flatMap(alternativesOf))];
  const words = alternatives.flatMap((alternative) =>
    [...alternative.matchAll(/'([^'#]+)'/g)].map((match) => match[1] ?? ''),
  );
  return [wrongValue(path, alternatives.join(', or '), root, words)];
}

function alternativesOf(branch: readonly Issue[]): readonly string[] {
  return branch.flatMap((issue) => {
    if (issue.code === 'invalid_union') return issue.errors.flatMap(alternativesOf);
    if (issue.code === 'invalid_value') return [issue.values.map((value) => `'${String(value)}'`).join(', ')];
    return [issue.code === 'invalid_type' ? article(issue.expected) : issue.message];
  });
}

const FAR = 100;

/** How far a value is from one alternative: another type altogether is far, a wrong or missing option is near. */
function distance(branch: readonly Issue[]): number {
  let sum = 0;
  for (const issue of branch) {
    if (issue.code === 'unrecognized_keys') sum += 2 * issue.keys.length;
    else if (issue.code === 'invalid_union' && issue.path.length === 0) sum += Math.min(...issue.errors.map(distance));
    else if (issue.path.length > 0) sum += 3;
    else sum += FAR;
  }
  return sum;
}
