import { Command, InvalidArgumentError, Option } from 'commander';
import type { Io } from './io.ts';
import { addParked } from './parked/program.ts';
import type { GlobalOptions } from './options.ts';
import type { Session } from './session.ts';
import { readVersion } from './version.ts';

type Body = (session: Session, command: Command) => Promise<number> | number;
type Add = (usage: string, description: string, body: Body) => Command;

/** Runs one command's body with the flags that every command takes. */
export type Dispatch = (options: GlobalOptions, body: (session: Session) => Promise<number> | number) => Promise<void>;

/** The command tree. Bodies are imported when they run, so that `--help` loads nothing that it does not print. */
export function buildProgram(io: Io, dispatch: Dispatch): Command {
  const program = new Command('tandem')
    .description('Keeps two live databases in step, in both directions, while both are being written.')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      // Usage errors are reported like every other error, in text or in JSON.
      outputError: () => {},
    })
    .configureHelp({ showGlobalOptions: true });
  addGlobalOptions(program);
  const adder =
    (parent: Command): Add =>
    (usage, description, body) =>
      parent
        .command(usage, { isDefault: usage === 'ls' })
        .description(description)
        .action(async (...received: unknown[]) => {
          const command = received.at(-1) as Command;
          await dispatch(command.optsWithGlobals(), (session) => body(session, command));
        });
  const add = adder(program);
  program.commandsGroup('Set up:');
  addSetup(add);
  program.commandsGroup('Operate:');
  addOperation(add);
  addConflicts(adder(program.command('conflicts').description('list, explain and change what was decided')));
  addParked(adder(program.command('parked').description('rows that one side is owed: look into them, mend them')));
  program.commandsGroup('Learn:');
  addLearning(add);
  return program;
}

function addGlobalOptions(program: Command): void {
  program
    .option('-c, --config <file>', 'configuration file (default: tandem.config.ts, tandem.yaml)')
    .option('--env-file <file>', 'read environment variables from this file (default: .env)')
    .option('--json', 'print one JSON document')
    .option('-q, --quiet', 'print nothing but data, warnings and errors')
    .option('-v, --verbose', 'print more, with stacks of errors')
    .option('--no-color', 'print without colors')
    .option('--no-input', 'never ask')
    .option('-y, --yes', 'answer every confirmation with yes');
}

function addSetup(add: Add): void {
  add('init', 'look at two databases and write a configuration', async (session, command) =>
    (await import('./commands/init.ts')).init(session, command.opts()),
  )
    .option('--left <url>', 'postgres://, mysql:// or mariadb:// (or set LEFT_DATABASE_URL)')
    .option('--right <url>', 'the other one (or set RIGHT_DATABASE_URL)')
    .option('--name <name>', 'name of the sync')
    .option('--yaml', 'write tandem.yaml instead of tandem.config.ts')
    .option('--force', 'replace files that exist');
  add('pull', 'write the tables of both databases into tandem.schema.ts', async (session, command) =>
    (await import('./commands/pull.ts')).pull(session, command.opts()),
  ).option('--check', 'write nothing; exit 2 where the file no longer matches');
  add('check', 'list everything that is wrong or risky, each with what mends it', async (session, command) =>
    (await import('./commands/check.ts')).check(session, command.opts()),
  )
    .option('--all-rows', 'send every row through its codecs, not only the first 10,000 of each table')
    .option('--values', 'show some of the values that would not come back');
  add('plan', 'show what apply would create', async (session, command) =>
    (await import('./commands/plan.ts')).plan(session, command.opts()),
  ).option('--sql', 'print the SQL alone');
  add('apply', 'create state tables, publication, slot and first positions', async (session) =>
    (await import('./commands/apply.ts')).apply(session),
  );
  add('teardown', 'remove from both databases what apply created; user tables stay', async (session, command) =>
    (await import('./commands/teardown.ts')).teardown(session, command.opts()),
  ).option('--confirm <name>', 'name of the sync, in place of typing it');
}

function addOperation(add: Add): void {
  add('run', 'keep both sides in step until it is stopped', async (session, command) =>
    (await import('./commands/run.ts')).run(session, command.opts()),
  )
    .addOption(directionOption('run this direction alone'))
    .option('--standby', 'wait until no other engine runs this sync, then take over')
    .option('--listen <address>', 'host:port of the HTTP server, or off (default: 127.0.0.1:7070)');
  add('status', 'show positions and what is behind, from the databases alone', async (session, command) =>
    (await import('./commands/status.ts')).status(session, command.opts()),
  ).option('--watch', 'show it anew every two seconds');
  add('pause', 'stop applying changes; nothing is lost', async (session, command) =>
    (await import('./commands/pause.ts')).pause(session, command.opts()),
  ).addOption(directionOption('pause this direction alone'));
  add('resume', 'go on applying changes', async (session, command) =>
    (await import('./commands/pause.ts')).resume(session, command.opts()),
  ).addOption(directionOption('resume this direction alone'));
}

function addConflicts(add: Add): void {
  add('ls', 'list conflicts, the newest first', async (session, command) =>
    (await import('./commands/conflicts.ts')).listed(session, command.opts()),
  )
    .option('--link <name>', 'of this link alone')
    .option('--type <type>', 'of this type alone, such as update_origin_differs')
    .option('--since <time>', 'decided since then: 30m, 12h, 7d, or a date')
    .option('--open', 'that wait for a person')
    .addOption(new Option('--limit <n>', 'so many at most').argParser(parseCount).default(50))
    .option('--values', 'show keys, too');
  add('show <id>', 'who wrote what and when, who won, and why', async (session, command) =>
    (await import('./commands/conflicts.ts')).shown(session, command.args[0] ?? '', command.opts()),
  ).option('--values', 'show the rows, too');
  add(
    'resolve <id>',
    'decide a conflict, or change a past decision; both sides get the result',
    async (session, command) =>
      (await import('./commands/resolve.ts')).resolve(session, command.args[0] ?? '', command.opts()),
  )
    .addOption(new Option('--take <side>', 'the row as this side had it').choices(['left', 'right']))
    .option('--set <column=value...>', 'these values in the row as it is; columns by their left names, null for NULL')
    .option('--delete', 'no row at all')
    .option('--force', 'also where the row has changed since')
    .option('--values', 'show the values that change, too');
}

function addLearning(add: Add): void {
  add('explain [code]', 'what an error code means, and what to do', async (session, command) =>
    (await import('./commands/explain.ts')).explain(session, command.args[0]),
  );
  add('demo', 'start two databases with sample data and keep them in step', async (session, command) =>
    (await import('./demo/command.ts')).demo(session, command.opts()),
  )
    .addOption(
      new Option('--right <engine>', 'engine of the right side').choices(['mysql', 'mariadb']).default('mysql'),
    )
    .addOption(new Option('--seconds <n>', 'end after so many seconds').argParser(parseSeconds))
    .option('--keep', 'leave the databases running after the report, until Ctrl-C');
}

function directionOption(description: string): Option {
  return new Option('--direction <direction>', description).choices(['toRight', 'toLeft']);
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('expected a whole number above zero');
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new InvalidArgumentError('expected a number of seconds');
}
