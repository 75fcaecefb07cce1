import { CONFLICT_CODES } from './codes-conflicts.ts';
import { DEBEZIUM_CODES } from './codes-debezium.ts';
import { DRIFT_CODES } from './codes-drift.ts';
import { RUNNING_CODES } from './codes-running.ts';
import { WATCHING_CODES } from './codes-watching.ts';
import { SETUP_CODES } from './codes-setup.ts';

/** Every code of Tandem. They are stable: a code never changes its meaning. */
export const CODES = {
  ...SETUP_CODES,
  ...RUNNING_CODES,
  ...WATCHING_CODES,
  ...CONFLICT_CODES,
  ...DRIFT_CODES,
  ...DEBEZIUM_CODES,
};

export type Code = keyof typeof CODES;
