// Prints one line for a test run, from the JSON report: "N passed, N failed", then ", N skipped" if there are any.
// Arguments: the report, then the commands that failed. Exits with 1 if anything failed.

import { existsSync, readFileSync } from 'node:fs';

const [report, ...brokenCommands] = process.argv.slice(2);
const files = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).testResults : [];
const tests = files.flatMap((file) => file.assertionResults);
const count = (status) => tests.filter((test) => test.status === status).length;

// A file that could not even be loaded has no tests to count.
const brokenFiles = files.filter((file) => file.status === 'failed' && !file.assertionResults.some(isFailed));
const failedTests = tests.filter(isFailed).length + brokenFiles.length;
// A failing test already tells why `npm test` failed; without one, the command itself is the failure.
const commands = brokenCommands.filter((command) => command !== 'npm test' || failedTests === 0);
const nothingRan = tests.length === 0 && brokenFiles.length === 0 && commands.length === 0;

for (const file of brokenFiles) console.log(`FAILED to load: ${file.name}\n${file.message}`);
for (const command of commands) console.log(`FAILED: ${command}`);
if (nothingRan) console.log('FAILED: no test ran');

const failed = failedTests + commands.length + (nothingRan ? 1 : 0);
const skipped = tests.length - count('passed') - count('failed');
console.log(`${count('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;

function isFailed(test) {
  return test.status === 'failed';
}
