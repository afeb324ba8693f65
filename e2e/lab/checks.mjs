// Format, lint, types, unit tests, browser tests and some fault tests: all of them run, one line of numbers comes last.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { say } from "./say.mjs";
import { PROJECT } from "./setup.mjs";

const NONE = { passed: 0, failed: 0, skipped: 0 };

/** `npm run check`: everything that needs no host. */
export function check() {
  return close([...staticChecks(), withReport(unitTests)]);
}

/** `npm test`: all of it. Arguments go to Playwright. */
export function test(args) {
  return close([
    ...staticChecks(),
    withReport(unitTests),
    withReport((report) => browserTests(report, args)),
    faultTests(),
  ]);
}

function staticChecks() {
  if (!existsSync(join(PROJECT, "next-env.d.ts"))) bin("next", ["typegen"]);
  return [
    oneCheck("Format and lint", "biome", ["ci", "--error-on-warnings", "."]),
    oneCheck("Types", "tsc", ["--noEmit"]),
  ];
}

function oneCheck(title, program, args) {
  say(title);
  return bin(program, args) === 0 ? { ...NONE, passed: 1 } : { ...NONE, failed: 1 };
}

function unitTests(report) {
  say("Unit tests");
  const code = bin("vitest", ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`]);
  const found = readReport(report);
  if (!found) return { ...NONE, failed: 1 };
  const failed = found.numFailedTests + (code !== 0 && found.numFailedTests === 0 ? 1 : 0);
  return { passed: found.numPassedTests, failed, skipped: found.numPendingTests + found.numTodoTests };
}

function browserTests(report, args) {
  say("Browser tests, on hosts in boxes");
  const code = bin(
    "playwright",
    ["test", "--config=e2e/playwright.config.ts", "--reporter=list,json", ...args],
    { PLAYWRIGHT_JSON_OUTPUT_NAME: report },
  );
  const stats = readReport(report)?.stats;
  if (!stats) return { ...NONE, failed: 1 };
  const failed = stats.unexpected + (code !== 0 && stats.unexpected === 0 ? 1 : 0);
  return { passed: stats.expected + stats.flaky, failed, skipped: stats.skipped };
}

/** Some of the cases of `npm run test:faults`, in a process of its own, as that prints a result for programs. */
function faultTests() {
  say("The quick part of test:faults");
  const argv = [join(PROJECT, "e2e/lab/run.mjs"), "faults", "--quick", "--json"];
  const { status, stdout } = spawnSync(process.execPath, argv, {
    cwd: PROJECT,
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  const found = parseOr(null, stdout);
  if (!found) return { ...NONE, failed: 1 };
  const { passed, total } = found.named;
  return {
    passed,
    failed: total - passed + (status !== 0 && passed === total ? 1 : 0),
    skipped: found.skipped,
  };
}

function withReport(run) {
  const directory = mkdtempSync(join(tmpdir(), "attache-report-"));
  try {
    return run(join(directory, "report.json"));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function parseOr(otherwise, text) {
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}

function readReport(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : null;
}

function bin(program, args, env = {}) {
  const path = join(PROJECT, "node_modules/.bin", program);
  return (
    spawnSync(path, args, { cwd: PROJECT, stdio: "inherit", env: { ...process.env, ...env } }).status ?? 1
  );
}

function close(results) {
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  const [passed, failed, skipped] = [sum("passed"), sum("failed"), sum("skipped")];
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 ? 0 : 1;
}
