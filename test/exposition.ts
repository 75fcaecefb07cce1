/** One sample of Prometheus' text format, 0.0.4. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Exposition {
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly Sample[];
  /** The value of the one sample of that name with at least these labels; undefined where there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
  /** The sum over all samples of that name with these labels. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
}

const sampleLine = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (Na[Nn]|[+-]?(?:Inf|[\d.]+(?:e[+-]?\d+)?))$/;
const label = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/gy;

/** Parses strictly, and throws for whatever a scraper would refuse: lines, missing types, buckets that fall. */
export function parseExposition(text: string): Exposition {
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    const [, typed, type] = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line) ?? [];
    if (typed !== undefined && type !== undefined) {
      if (types.has(typed)) throw new Error(`${typed} has two types`);
      types.set(typed, type);
      continue;
    }
    const [, name, labels = '', value] = sampleLine.exec(line) ?? [];
    if (name === undefined) throw new Error(`no sample: ${line}`);
    const family = types.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, '');
    if (!types.has(family)) throw new Error(`${name} has no type`);
    if (types.get(name) === 'counter' && !name.endsWith('_total') && name.startsWith('tandem_')) {
      throw new Error(`${name} is a counter and does not end in _total`);
    }
    const key = `${name}{${labels}}`;
    if (seen.has(key)) throw new Error(`${key} comes twice`);
    seen.add(key);
    samples.push({ name, labels: parseLabels(labels, line), value: numberOf(value ?? '') });
  }
  checkBuckets(samples);
  const matching = (name: string, labels: Readonly<Record<string, string>>) =>
    samples.filter(
      (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    );
  return {
    types,
    samples,
    value: (name, labels = {}) => matching(name, labels)[0]?.value,
    sum: (name, labels = {}) => matching(name, labels).reduce((sum, { value }) => sum + value, 0),
  };
}

function numberOf(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let end = 0;
  for (const [whole, name = '', value = ''] of text.matchAll(label)) {
    labels[name] = value.replaceAll(/\\(["\\n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    end += whole.length;
  }
  if (end !== text.length) throw new Error(`labels that cannot be read: ${line}`);
  return labels;
}

/** The buckets of one series only grow, up to +Inf, which is the count. */
function checkBuckets(samples: readonly Sample[]): void {
  const last = new Map<string, number>();
  for (const { name, labels, value } of samples) {
    const { le, ...rest } = labels;
    if (name.endsWith('_bucket') && le !== undefined) {
      const key = `${name.slice(0, -'_bucket'.length)}${JSON.stringify(rest)}`;
      if (value < (last.get(key) ?? 0)) throw new Error(`${name} falls at le=${le}`);
      last.set(key, value);
    } else if (name.endsWith('_count')) {
      const key = `${name.slice(0, -'_count'.length)}${JSON.stringify(rest)}`;
      if (last.has(key) && last.get(key) !== value) throw new Error(`${name} is not its last bucket`);
    }
  }
}
