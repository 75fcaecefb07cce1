// Prints one line for a test run, from the JSON report: "N passed, N failed", then ", N skipped" if there are any.
// Arguments: the report, then the commands that failed. Exits with 1 if anything failed.

import { existsSync, readFileSync } from 'node:fs';

const [report, ...brokenCommands] = process.argv.slice(2);
const outcome = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : { testResults: [], success: true };
const files = outcome.testResults;
const tests = files.flatMap((file) => file.assertionResults);
const count = (status) => tests.filter((test) => test.status === status).length;

// A file that could not even be loaded has no tests to count.
const brokenFiles = files.filter((file) => file.status === 'failed' && !file.assertionResults.some(isFailed));
const failedTests = tests.filter(isFailed).length + brokenFiles.length;
const failures = brokenCommands.map((command) => `FAILED: ${command}`);
if (tests.length === 0 && brokenFiles.length === 0 && failures.length === 0) failures.push('FAILED: no test ran');
if (!outcome.success && failedTests === 0) failures.push('FAILED: an error outside the tests, see above');

for (const file of brokenFiles) console.log(`FAILED to load: ${file.name}\n${file.message}`);
for (const failure of failures) console.log(failure);

const failed = failedTests + failures.length;
const skipped = tests.length - count('passed') - count('failed');
console.log(`${count('passed')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;

function isFailed(test) {
  return test.status === 'failed';
}
