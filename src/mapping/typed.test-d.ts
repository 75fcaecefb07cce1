import { codec, enumMap, epoch, flip, nullAs, stripNul, titleCase, trim } from './codecs.ts';
import { infinityAs, zeroDateAs } from './date-codecs.ts';
import { emptyAsNull, rounded, swappedUuid, truthy } from './shape-codecs.ts';
import { c, mysqlTable, pgTable } from './tables.ts';
import { defineConfig, link, mysql, postgres, skip, via } from './typed.ts';
import { timeZone } from './zone-codec.ts';

/**
 * What the compiler must accept and refuse. `tsc` itself is the test: an expected error that does not come is an error.
 * The wording is checked in typed.test.ts.
 */
const users = pgTable(
  'public.users',
  {
    id: c('int', 'int4', { auto: true }),
    email: c('text', 'varchar(100)'),
    full_name: c('text', 'varchar(100)', { null: true }),
    status: c('text', 'varchar(20)', { def: true, in: ['active', 'in_review'] }),
    score: c('int', 'int4', { def: true }),
    created_at: c('timestamp', 'timestamp', { def: true }),
  },
  ['id'],
);

const members = mysqlTable(
  'app.members',
  {
    id: c('bigint', 'bigint', { auto: true }),
    mail: c('text', 'varchar(100)'),
    display: c('text', 'varchar(100)', { null: true }),
    nick: c('text', 'varchar(100)', { def: true }),
    state: c('text', "enum('Active','In Review')", { def: true, in: ['Active', 'In Review'] }),
    points: c('decimal', 'decimal(10,0)', { def: true }),
    registered: c('bigint', 'bigint', { def: true }),
    joined_at: c('timestamptz', 'timestamp', { def: true }),
  },
  ['id'],
);

const sound = { id: 'id', email: 'mail' } as const;

export const accepted = [
  link(users, members, { columns: sound }),
  link(members, users, { columns: { id: 'id', mail: 'email', state: via('status', flip(titleCase())) } }),
  link(users, members, { columns: { ...sound, full_name: 'display', status: via('state', titleCase()) } }),
  link(users, members, { columns: { ...sound, full_name: via('nick', nullAs('')), score: 'points' } }),
  link(users, members, { columns: { ...sound, created_at: via('registered', epoch('ms')), full_name: skip() } }),
  link(users, members, { columns: { ...sound, created_at: 'joined_at', full_name: via('display', trim()) } }),
  link(users, members, {
    columns: { ...sound, status: via('state', enumMap({ active: 'Active', in_review: 'In Review' })) },
  }),
  link(users, members, {
    columns: {
      id: 'id',
      email: via('mail', codec<string, string>('lower', { toRight: (a) => a.toLowerCase(), toLeft: (b) => b })),
      score: { to: 'points', direction: 'toRight' },
    },
  }),
  link(users, members, { columns: { id: 'id', email: skip({ onInsert: 'nobody' }) }, rightOnly: { mail: 'nobody' } }),
  link(users, members, { columns: sound, naturalKeys: [['email']], where: { left: { status: 'active' } } }),
  link(users, members, { columns: sound, where: { right: (row) => row.display !== null && row.state === 'Active' } }),
];

export const refused = [
  // @ts-expect-error a right column that does not exist
  link(users, members, { columns: { id: 'id', email: 'mial' } }),
  // @ts-expect-error a left column that does not exist
  link(users, members, { columns: { ...sound, nothing: 'nick' } }),
  // @ts-expect-error other values
  link(users, members, { columns: { ...sound, status: 'state' } }),
  // @ts-expect-error another kind
  link(users, members, { columns: { ...sound, created_at: 'points' } }),
  // @ts-expect-error a left column that needs a value is left out
  link(users, members, { columns: { id: 'id' }, rightOnly: { mail: 'x' } }),
  // @ts-expect-error a right column that needs a value is left out
  link(users, members, { columns: { id: 'id', email: 'nick' } }),
  // @ts-expect-error NULL on the left only
  link(users, members, { columns: { ...sound, full_name: 'nick' } }),
  link(users, members, {
    columns: {
      ...sound,
      // @ts-expect-error a value of the map that the right column does not allow
      status: via('state', enumMap({ active: 'Activ', in_review: 'In Review' })),
    },
  }),
  // @ts-expect-error a value of the left column that the map leaves out
  link(users, members, { columns: { ...sound, status: via('state', enumMap({ active: 'Active' })) } }),
  link(users, members, {
    columns: {
      id: 'id',
      // @ts-expect-error a codec that answers numbers for a text column
      email: via('mail', codec<string, number>('length', { toRight: (a) => a.length, toLeft: String })),
    },
  }),
  // @ts-expect-error the spelling is the other way round
  link(users, members, { columns: { ...sound, status: via('state', flip(titleCase())) } }),
  // @ts-expect-error a constant of another type
  link(users, members, { columns: { id: 'id', email: 'nick' }, rightOnly: { mail: 5 } }),
  // @ts-expect-error a natural key that is no column
  link(users, members, { columns: sound, naturalKeys: [['mail']] }),
  // @ts-expect-error a filter on a value that the column does not allow
  link(users, members, { columns: sound, where: { left: { status: 'gone' } } }),
];

export const whole = defineConfig({
  left: postgres({ url: '' }),
  right: mysql({ url: '' }),
  links: { users: link(users, members, { columns: sound }) },
});

export const exchanged = defineConfig({
  left: mysql({ url: '' }),
  right: postgres({ url: '' }),
  // @ts-expect-error the link's left table is of the other engine
  links: { users: link(users, members, { columns: sound }) },
});

const events = pgTable(
  'public.events',
  {
    id: c('uuid', 'uuid'),
    day: c('date', 'date', { null: true }),
    at: c('timestamptz', 'timestamptz'),
    open: c('bool', 'boolean'),
    title: c('text', 'text'),
  },
  ['id'],
);

const dates = mysqlTable(
  'app.dates',
  {
    id: c('bytes', 'binary(16)'),
    day: c('date', 'date'),
    at: c('timestamp', 'datetime(6)'),
    open: c('bool', 'tinyint(1)'),
    title: c('text', 'longtext'),
  },
  ['id'],
);

const apart = {
  id: via('id', swappedUuid()),
  day: via('day', flip(zeroDateAs(null))),
  at: via('at', flip(timeZone('Europe/Berlin', { clockChanges: 'park' }))),
  open: via('open', truthy()),
  title: via('title', stripNul()),
} as const;

export const placed = [
  link(events, dates, { columns: apart }),
  link(events, dates, { columns: { ...apart, at: via('at', infinityAs({ infinity: '9999-12-31' })) } }),
  link(dates, events, {
    columns: {
      id: via('id', flip(swappedUuid())),
      day: via('day', zeroDateAs(null)),
      at: via('at', zeroDateAs('0001-01-01', { others: timeZone('UTC') })),
      open: via('open', flip(truthy())),
      title: 'title',
    },
  }),
];

export const coarser = [
  link(users, members, { columns: { ...sound, score: via('points', rounded()) } }),
  link(members, users, { columns: { id: 'id', mail: 'email', display: via('full_name', emptyAsNull()) } }),
  link(users, members, { columns: { ...sound, full_name: via('nick', flip(emptyAsNull())) } }),
  // @ts-expect-error the right column may not be NULL
  link(users, members, { columns: { ...sound, full_name: via('nick', emptyAsNull()) } }),
  // @ts-expect-error a text has no digits
  link(users, members, { columns: { ...sound, full_name: via('display', rounded()) } }),
];

export const misplaced = [
  link(dates, events, {
    columns: {
      id: via('id', flip(swappedUuid())),
      // @ts-expect-error no codec for the other values of these columns
      at: via('at', zeroDateAs('0001-01-01', { others: truthy() })),
      open: via('open', flip(truthy())),
      title: 'title',
    },
  }),
  // @ts-expect-error the sides are exchanged
  link(events, dates, { columns: { ...apart, id: via('id', flip(swappedUuid())) } }),
  // @ts-expect-error a truth is no date
  link(events, dates, { columns: { ...apart, open: via('open', zeroDateAs(null)) } }),
  // @ts-expect-error the right column may not be NULL
  link(events, dates, { columns: { ...apart, day: via('day', infinityAs({ infinity: null })) } }),
  // @ts-expect-error the right column may not be NULL
  link(events, dates, { columns: { ...apart, at: via('at', zeroDateAs(null)) } }),
  // @ts-expect-error the time without a zone is on the right
  link(events, dates, { columns: { ...apart, at: via('at', timeZone('UTC')) } }),
  // @ts-expect-error a date has no time of a zone
  link(events, dates, { columns: { ...apart, day: via('day', timeZone('UTC')) } }),
  // @ts-expect-error a text is no truth
  link(events, dates, { columns: { ...apart, title: via('title', truthy()) } }),
  // @ts-expect-error bytes hold no text
  link(events, dates, { columns: { ...apart, id: via('id', stripNul()) } }),
  link(events, dates, {
    columns: {
      ...apart,
      // @ts-expect-error nothing that becomes of changed clocks
      at: via('at', flip(timeZone('Europe/Berlin', { clockChanges: 'guess' }))),
    },
  }),
];
