import type { GroupPolicy, Policy } from '../model/policy.ts';
import type { CodecSpec, ColumnDeclaration, Constant, Declaration, LinkDeclaration } from './declaration.ts';

/**
 * A declaration as tandem.yaml. Functions have no form in YAML: a filter is left out and a custom policy becomes the
 * default one, and a comment says so; a codec of the user's own is named by its file.
 */
export function yamlConfig(declaration: Declaration): string {
  const { name, left, right, home, strict, defaults, links, limits, server } = declaration;
  const lines = [
    '# yaml-language-server: $schema=./node_modules/tandem-sync/schemas/tandem.schema.json',
    'version: 1',
    `name: ${scalar(name)}`,
    `left: ${flow(left)}`,
    `right: ${flow(right)}`,
    ...(home === 'left' ? [] : [`home: ${home}`]),
    ...(strict === undefined ? [] : [`strict: ${strict}`]),
    ...(Object.keys(defaults).length === 0 ? [] : [`defaults: ${flow(withPolicy(defaults))}`]),
    ...(limits === undefined ? [] : [`limits: ${flow(limits)}`]),
    ...(server === undefined ? [] : [`server: ${flow(server)}`]),
    'links:',
  ];
  for (const [id, link] of Object.entries(links)) lines.push(`  ${scalar(id)}:`, ...linkLines(link));
  return `${lines.join('\n')}\n`;
}

function linkLines(link: LinkDeclaration): readonly string[] {
  const { left, right, columns, where, ...rest } = link;
  const filters = Object.entries(where ?? {});
  const plain = Object.fromEntries(filters.filter(([, filter]) => typeof filter !== 'function'));
  return [
    `left: ${scalar(left)}`,
    `right: ${scalar(right)}`,
    ...Object.entries(withPolicy(rest)).map(([name, value]) => `${name}: ${flow(value)}`),
    ...(Object.keys(plain).length === 0 ? [] : [`where: ${flow(plain)}`]),
    ...(filters.some(([, filter]) => typeof filter === 'function')
      ? ['# where: a function, to be named as ./file.ts#name']
      : []),
    'columns:',
    ...Object.entries(columns).map(([name, column]) => `  ${scalar(name)}: ${columnText(column)}`),
  ].map((line) => `    ${line}`);
}

function withPolicy(rules: { readonly conflict?: Policy }): object {
  return rules.conflict === undefined ? rules : { ...rules, conflict: policyWords(rules.conflict) };
}

function policyWords(policy: Policy | GroupPolicy): unknown {
  switch (policy.kind) {
    case 'custom':
      return 'newest';
    case 'newest':
      return policy.column === undefined ? 'newest' : { newest: policy.column };
    case 'side':
      return { side: policy.side };
    case 'perColumn':
      return { perColumn: policyWords(policy.overlap) };
    case 'delta':
    case 'park':
      return policy.kind;
    case 'columns': {
      const columns = policy.columns.map((group) => ({ columns: group.columns, policy: policyWords(group.policy) }));
      return { default: policyWords(policy.default), columns };
    }
  }
}

function columnText(column: ColumnDeclaration): string {
  if (typeof column === 'string' || 'skip' in column) return flow(column);
  const { to, codec, direction } = column;
  return flow({
    to,
    ...(codec === undefined ? {} : { codec: codecWords(codec.spec) }),
    ...(direction === undefined ? {} : { direction }),
  });
}

function codecWords(spec: CodecSpec): unknown {
  if (typeof spec === 'string') return spec;
  if ('own' in spec) return spec.own.includes('#') ? spec.own : `./codecs.ts#${spec.own}`;
  if ('others' in spec && spec.others !== undefined) return { ...spec, others: codecWords(spec.others) };
  return 'flip' in spec ? { flip: codecWords(spec.flip) } : spec;
}

/** YAML's flow style, which is JSON with fewer quotes. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return scalar(value as Constant);
  const entries = Object.entries(value).map(([name, inner]) => `${scalar(name)}: ${flow(inner)}`);
  return `{ ${entries.join(', ')} }`;
}

const PLAIN = /^[A-Za-z_./][\w./#-]*$/;
const MEANS_SOMETHING_ELSE = /^(?:true|false|null|yes|no|on|off|y|n|~)$/i;

function scalar(value: Constant): string {
  if (typeof value !== 'string') return String(value);
  if (PLAIN.test(value) && !MEANS_SOMETHING_ELSE.test(value)) return value;
  return /['\n\r\t]|[^\x20-\x7e]/.test(value) ? JSON.stringify(value) : `'${value}'`;
}
