import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = path.resolve(__dirname, "..");
/** No I/O of their own: client components may import these. */
const PURE =
  /^lib\/(errors|[a-z]+\/types|images\/version|health\/address|deploy\/(plan|plan-restore|layers|summary)|engine\/interface)$/;

/** What a file may import of ours, by where it lies; the first row that fits counts. `docs/architecture.md` says why. */
const MAY: readonly [where: RegExp, may: RegExp][] = [
  // The killer and the checker of test:faults must not believe what they are to prove.
  [/^e2e\/faults\/(?!(engine|points|injected)\.ts$|.*\.test\.ts$)/, /^e2e\//],
  [/\.(test|spec)\.tsx?$|fake-systemd\.ts$|^e2e\//, /./],
  [/^lib\/(errors)\.ts$/, /^$/],
  [/^lib\/(env|[a-z]+\/types)\.ts$/, PURE],
  [/^lib\/engine\/interface\.ts$/, PURE],
  [/^lib\/db/, /^lib\/(db|generated|errors|env)/],
  [/^lib\/systemd\//, /^lib\/(systemd\/|errors$|env$)/],
  [/^lib\/images\//, /^lib\/(images\/|systemd\/|errors$|env$)/],
  [/^lib\/history\//, /^lib\/(history\/|db$|errors$|env$|[a-z]+\/types$|deploy\/layers$)/],
  [/^lib\/auth\//, /^lib\/(auth\/|db$|errors$|env$)/],
  [/^lib\/health\//, /^lib\/(health\/|errors$|env$)/],
  [/^lib\/services\//, /^lib\/(services\/|systemd\/|images\/|errors$|[a-z]+\/types$)/],
  [/^lib\/rehearsal\//, /^lib\/(rehearsal|services|systemd|images)\/|^lib\/errors$/],
  [/^lib\/drift\//, /^lib\/(drift\/|services\/|systemd\/|images\/|errors$|[a-z]+\/types$)/],
  [/^lib\/deploy\/(plan(-restore)?|layers)\.ts$/, PURE],
  [/^lib\/deploy\//, /^lib\/(deploy|rehearsal|drift|services|systemd|images|history|health)\/|^lib\/errors$/],
  [/^lib\/engine\/client\.ts$/, /^lib\/(engine\/interface$|systemd\/|errors$|[a-z]+\/types$)/],
  [
    /^lib\/engine\//,
    /^lib\/(engine|deploy|rehearsal|drift|services|systemd|images|history|health)\/|^lib\/(db|env|errors)$|^package\.json$/,
  ],
  [/^lib\/action\.ts$/, /^lib\/(auth\/|errors$)/],
  [
    /^lib\/live/,
    /^lib\/(live|services|systemd|images|history|auth)|^lib\/engine\/(client|interface)$|^lib\/deploy\/summary$|^lib\/(db|env|errors|[a-z]+\/types)$/,
  ],
  [
    /^components\//,
    /^components\/|^lib\/(errors|[a-z]+\/types|images\/version|health\/address|deploy\/(plan|layers))$/,
  ],
  [
    /^(app\/|proxy\.ts|instrumentation)/,
    /^(app|components)\/|^lib\/(?!deploy\/(run|recover|go-back|attach)|engine\/(service|start|main|door|inspector|rehearser)|rehearsal)/,
  ],
];

describe("who may import whom", () => {
  const files = ["app", "components", "lib", "e2e", "proxy.ts", "instrumentation.ts"].flatMap(sourcesBelow);

  it.each(files)("%s", (file) => {
    const may = MAY.find(([where]) => where.test(file))?.[1];
    const wrong = importsOf(file).filter((target) => !may?.test(target));
    expect(wrong).toEqual([]);
  });

  it("lib knows neither React nor Next, but for cookies, headers and redirects of the session", () => {
    const allowed = /^lib\/(auth\/session|action)\.ts$/;
    const wrong = files.filter(
      (file) => file.startsWith("lib/") && !allowed.test(file) && /from "(react|next)[/"]/.test(read(file)),
    );
    expect(wrong).toEqual([]);
  });

  it("only the bus client imports the D-Bus package, only db.ts Prisma's client", () => {
    const importers = (pattern: RegExp) =>
      files.filter((file) => pattern.test(read(file))).filter((file) => !file.endsWith(".test.ts"));
    expect(importers(/from "dbus-next/).filter((file) => !file.startsWith("lib/systemd/"))).toEqual([]);
    expect(
      importers(/from "(@prisma|@\/lib\/generated|\.\.?\/generated)/).filter((file) => file !== "lib/db.ts"),
    ).toEqual([]);
  });
});

function sourcesBelow(start: string): string[] {
  if (start.endsWith(".ts")) return [start];
  return readdirSync(path.join(ROOT, start), { recursive: true, encoding: "utf8" })
    .map((name) => `${start}/${name}`)
    .filter((name) => /\.tsx?$/.test(name) && !name.startsWith("lib/generated/") && !name.endsWith(".d.ts"));
}

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}

/** Our own modules that a file imports, as paths from the root without suffix. */
function importsOf(file: string): string[] {
  return [...read(file).matchAll(/(?:from|import)\s*\(?\s*"((?:@\/|\.\.?\/)[^"]+)"/g)]
    .map(([, target = ""]) =>
      target.startsWith("@/") ? target.slice(2) : path.join(path.dirname(file), target),
    )
    .filter((target) => !target.endsWith(".css"));
}
