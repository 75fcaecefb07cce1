import type { Scenario } from './scenario.ts';
import { scenario as userFromLegacy } from './01-user-from-legacy/scenario.ts';
import { scenario as userFromRevamp } from './02-user-from-revamp/scenario.ts';
import { scenario as postWithAuthor } from './03-post-with-author/scenario.ts';
import { scenario as updates } from './04-updates/scenario.ts';
import { scenario as noEcho } from './05-no-echo/scenario.ts';
import { scenario as turns } from './06-turns/scenario.ts';
import { scenario as duplicates } from './07-duplicates/scenario.ts';
import { scenario as conflict } from './08-conflict/scenario.ts';
import { scenario as names } from './09-names/scenario.ts';
import { scenario as unknownValue } from './10-unknown-value/scenario.ts';
import { scenario as parkedParent } from './11-parked-parent/scenario.ts';
import { scenario as transient } from './12-transient/scenario.ts';
import { scenario as createsOnBothSides } from './13-creates-on-both-sides/scenario.ts';
import { scenario as deletes } from './14-deletes/scenario.ts';
import { scenario as signals } from './15-signals/scenario.ts';

/** By their folders. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  '01-user-from-legacy': userFromLegacy,
  '02-user-from-revamp': userFromRevamp,
  '03-post-with-author': postWithAuthor,
  '04-updates': updates,
  '05-no-echo': noEcho,
  '06-turns': turns,
  '07-duplicates': duplicates,
  '08-conflict': conflict,
  '09-names': names,
  '10-unknown-value': unknownValue,
  '11-parked-parent': parkedParent,
  '12-transient': transient,
  '13-creates-on-both-sides': createsOnBothSides,
  '14-deletes': deletes,
  '15-signals': signals,
};
