import { TandemError } from '../model/error.ts';
import { enumMap, epoch, flip, type NamedCodec, nullAs, stripNul, titleCase, trim, upperCase } from './codecs.ts';
import { infinityAs, zeroDateAs } from './date-codecs.ts';
import type { CodecSpec, Constant, DeclaredCodec, ZoneSpec } from './declaration.ts';
import { emptyAsNull, rounded, swappedUuid, truthy } from './shape-codecs.ts';
import { timeZone } from './zone-codec.ts';

/** The codec that a form in YAML stands for. A codec of the user's own is not among them: its file has to be loaded. */
export function codecOf(spec: CodecSpec): DeclaredCodec {
  if (spec === 'titleCase') return titleCase();
  if (spec === 'upperCase') return upperCase();
  if (spec === 'trim') return trim();
  if (spec === 'stripNul') return stripNul();
  if (spec === 'truthy') return truthy();
  if (spec === 'rounded') return rounded();
  if (spec === 'emptyAsNull') return emptyAsNull();
  if (spec === 'swappedUuid') return swappedUuid();
  if ('enumMap' in spec) return enumMap(spec.enumMap) as unknown as DeclaredCodec;
  if ('nullAs' in spec) return nullAs(spec.nullAs);
  if ('epoch' in spec) return epoch(spec.epoch);
  if ('zeroDateAs' in spec) return zeroDateAs(spec.zeroDateAs, othersOf(spec));
  if ('infinityAs' in spec) return infinityAs(spec.infinityAs, othersOf(spec));
  if ('timeZone' in spec) return zoneCodec(spec.timeZone);
  if ('flip' in spec) return flip(codecOf(spec.flip) as NamedCodec<string>);
  throw new TandemError('TD2110', `the codec ${spec.own} is not a built-in one`);
}

/** A codec as it is written in tandem.config.ts, e.g. `enumMap({ a: 'A' })`. */
export function codecSource(spec: CodecSpec): string {
  if (typeof spec === 'string') return `${spec}()`;
  if ('enumMap' in spec) {
    return `enumMap(${recordSource(spec.enumMap)})`;
  }
  if ('nullAs' in spec) return `nullAs(${constantSource(spec.nullAs)})`;
  if ('epoch' in spec) return `epoch('${spec.epoch}')`;
  if ('zeroDateAs' in spec) return `zeroDateAs(${constantSource(spec.zeroDateAs)}${othersSource(spec)})`;
  if ('infinityAs' in spec) return `infinityAs(${recordSource(spec.infinityAs)}${othersSource(spec)})`;
  if ('timeZone' in spec) return zoneSource(spec.timeZone);
  if ('flip' in spec) return `flip(${codecSource(spec.flip)})`;
  return spec.own.split('#').at(-1) ?? spec.own;
}

interface WithOthers {
  readonly others?: CodecSpec;
}

function othersOf({ others }: WithOthers): { readonly others: DeclaredCodec | null } {
  return { others: others === undefined ? null : codecOf(others) };
}

function othersSource({ others }: WithOthers): string {
  return others === undefined ? '' : `, { others: ${codecSource(others)} }`;
}

function zoneCodec(spec: string | ZoneSpec): DeclaredCodec {
  return typeof spec === 'string' ? timeZone(spec) : timeZone(spec.zone, { clockChanges: spec.clockChanges });
}

function zoneSource(spec: string | ZoneSpec): string {
  if (typeof spec === 'string') return `timeZone(${stringSource(spec)})`;
  return `timeZone(${stringSource(spec.zone)}, { clockChanges: '${spec.clockChanges}' })`;
}

function recordSource(record: object): string {
  const entries = Object.entries(record) as [string, Constant][];
  return `{ ${entries.map(([name, value]) => `${propertySource(name)}: ${constantSource(value)}`).join(', ')} }`;
}

/** The names that {@link codecSource} uses and that have to be imported. */
export function codecImports(spec: CodecSpec): readonly string[] {
  if (typeof spec === 'string') return [spec];
  if ('flip' in spec) return ['flip', ...codecImports(spec.flip)];
  if ('others' in spec && spec.others !== undefined) {
    const { others, ...own } = spec;
    return [...Object.keys(own), ...codecImports(others)];
  }
  return 'own' in spec ? [] : Object.keys(spec);
}

export function propertySource(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : stringSource(name);
}

export function stringSource(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

export function constantSource(value: Constant): string {
  if (typeof value === 'string') return stringSource(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Uint8Array) return `new Uint8Array([${value.join(', ')}])`;
  return String(value);
}
