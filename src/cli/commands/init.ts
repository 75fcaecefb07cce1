import { openEndpoint, ownTables } from '../../engine/prepare.ts';
import { compile } from '../../mapping/compile.ts';
import type { EndpointDeclaration, EngineName } from '../../mapping/declaration.ts';
import { type Proposal, propose, type ProposalSide } from '../../mapping/propose.ts';
import { schemaFile } from '../../mapping/schema-file.ts';
import { typescriptConfig } from '../../mapping/write-config.ts';
import { yamlConfig } from '../../mapping/write-yaml.ts';
import { asTandemError, TandemError } from '../../model/error.ts';
import type { Side } from '../../model/policy.ts';
import type { Context } from '../../model/context.ts';
import type { Endpoint, EndpointOptions } from '../../model/endpoint.ts';
import { confirm, mayAsk } from '../confirm.ts';
import { type Addresses, findAddresses, urlVariables } from '../init/addresses.ts';
import { refuseExisting, writeInitFiles } from '../init/files.ts';
import { chooseNames, type Names } from '../init/names.ts';
import { printProposal } from '../init/proposal.ts';
import { openContext } from '../open-sync.ts';
import { countProblems, problemOf } from '../problems.ts';
import type { Session } from '../session.ts';
import { schemaFileName } from './pull.ts';

interface InitOptions {
  readonly left?: string;
  readonly right?: string;
  readonly name?: string;
  readonly yaml?: boolean;
  readonly force?: boolean;
}

/** Looks at two databases and writes a first configuration for them: a guess, to be read by a person. */
export async function init(session: Session, options: InitOptions): Promise<number> {
  const { terminal, io } = session;
  const force = options.force === true;
  const names = options.yaml === true ? ['tandem.yaml'] : [schemaFileName, 'tandem.config.ts'];
  refuseExisting(io.cwd, names, force);
  const addresses = await findAddresses(session, options);
  const chosen = chooseNames(addresses.urls, options.name);
  using context = openContext(session, 'warn');
  const left = await lookAt('left', addresses, chosen, context);
  const right = await lookAt('right', addresses, chosen, context);
  const proposal = propose(chosen.sync, left, right);
  refuseEmpty(proposal, chosen);
  printProposal(terminal, proposal);
  if (mayAsk(session)) await confirm(session, `Write ${names.join(' and ')}?`);
  const texts = options.yaml === true ? yamlTexts(proposal) : typescriptTexts(proposal, chosen, left, right);
  const files = await writeInitFiles({ cwd: io.cwd, texts, secrets: addresses.unsaved, force });
  const open = compile(proposal.declaration, { left: left.tables, right: right.tables }).findings;
  sayWhatIsLeft(session, files, countProblems(open.map((finding) => problemOf(finding))));
  terminal.document('tandem.init/1', {
    ...describe(proposal),
    files,
    next: ['tandem check', 'tandem apply', 'tandem run'],
  });
  return 0;
}

async function lookAt(side: Side, { urls }: Addresses, names: Names, context: Context): Promise<ProposalSide> {
  const { url, engines } = urls[side];
  const label = names.labels[side];
  const { endpoint, engine } = await openAny(engines, url, { sync: names.sync, side, label }, context);
  await using open = endpoint;
  const tables = await open.inspect(await ownTables(open, { engine, url }));
  const declared: EndpointDeclaration = { engine, url: `\${env:${urlVariables[side]}}` };
  return { endpoint: label === side ? declared : { ...declared, label }, tables };
}

interface Opened {
  readonly endpoint: Endpoint;
  readonly engine: EngineName;
}

/** The first engine whose folder takes the server for its own. */
async function openAny(
  [engine, ...others]: readonly EngineName[],
  url: string,
  names: Pick<EndpointOptions, 'sync' | 'side' | 'label'>,
  context: Context,
): Promise<Opened> {
  if (engine === undefined) throw new TandemError('TD5014', `the server of ${names.label} is not supported`);
  try {
    return { endpoint: await openEndpoint(names, { engine, url }, context), engine };
  } catch (thrown) {
    if (asTandemError(thrown).code !== 'TD5014' || others.length === 0) throw thrown;
    return openAny(others, url, names, context);
  }
}

function refuseEmpty({ declaration, unmatched }: Proposal, { labels }: Names): void {
  if (Object.keys(declaration.links).length > 0) return;
  const found = (['left', 'right'] as const).map((side) => `${unmatched[side].length} tables in ${labels[side]}`);
  throw new TandemError('TD9003', 'no table of one database resembles a table of the other', {
    expected: 'at least one pair of tables with similar names and columns',
    found: found.join(', '),
    fix: 'create the tables first, or write the configuration by hand',
  });
}

function typescriptTexts(proposal: Proposal, { labels }: Names, left: ProposalSide, right: ProposalSide): Texts {
  const tables = { left: left.tables, right: right.tables };
  const side = (of: ProposalSide, label: string) => ({ engine: of.endpoint.engine, label, tables: of.tables });
  return {
    [schemaFileName]: schemaFile({ left: side(left, labels.left), right: side(right, labels.right) }),
    'tandem.config.ts': typescriptConfig(proposal.declaration, { names: labels, tables }),
  };
}

type Texts = Readonly<Record<string, string>>;

function yamlTexts({ declaration }: Proposal): Texts {
  return { 'tandem.yaml': yamlConfig(declaration) };
}

function sayWhatIsLeft({ terminal }: Session, files: readonly string[], open: string): void {
  terminal.say(`\nWritten: ${files.join(', ')}`);
  terminal.say(`It is a guess: read it${open === '' ? '' : ` (${open} to look at)`}, then run tandem check.`);
}

function describe({ declaration, confidence, unmatched }: Proposal): object {
  const links = Object.entries(declaration.links).map(([id, link]) => ({
    id,
    left: link.left,
    right: link.right,
    confidence: confidence[id],
  }));
  return { sync: declaration.name, links, unmatched };
}
