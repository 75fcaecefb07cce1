import { TandemError } from '../model/error.ts';
import { enumMap, epoch, flip, type NamedCodec, nullAs, titleCase, trim, upperCase } from './codecs.ts';
import type { CodecSpec, Constant, DeclaredCodec } from './declaration.ts';

/** The codec that a form in YAML stands for. A codec of the user's own is not among them: its file has to be loaded. */
export function codecOf(spec: CodecSpec): DeclaredCodec {
  if (spec === 'titleCase') return titleCase();
  if (spec === 'upperCase') return upperCase();
  if (spec === 'trim') return trim();
  if ('enumMap' in spec) return enumMap(spec.enumMap) as unknown as DeclaredCodec;
  if ('nullAs' in spec) return nullAs(spec.nullAs);
  if ('epoch' in spec) return epoch(spec.epoch);
  if ('flip' in spec) return flip(codecOf(spec.flip) as NamedCodec<string>);
  throw new TandemError('TD2110', `the codec ${spec.own} is not a built-in one`);
}

/** A codec as it is written in tandem.config.ts, e.g. `enumMap({ a: 'A' })`. */
export function codecSource(spec: CodecSpec): string {
  if (typeof spec === 'string') return `${spec}()`;
  if ('enumMap' in spec) {
    const entries = Object.entries(spec.enumMap).map(([from, to]) => `${propertySource(from)}: ${stringSource(to)}`);
    return `enumMap({ ${entries.join(', ')} })`;
  }
  if ('nullAs' in spec) return `nullAs(${constantSource(spec.nullAs)})`;
  if ('epoch' in spec) return `epoch('${spec.epoch}')`;
  if ('flip' in spec) return `flip(${codecSource(spec.flip)})`;
  return spec.own.split('#').at(-1) ?? spec.own;
}

/** The names that {@link codecSource} uses and that have to be imported. */
export function codecImports(spec: CodecSpec): readonly string[] {
  if (typeof spec === 'string') return [spec];
  if ('flip' in spec) return ['flip', ...codecImports(spec.flip)];
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
