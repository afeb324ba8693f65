import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Database, OwnedDatabase } from "@/lib/db";
import type { Deployment } from "@/lib/deploy/types";
import { aDeployment, createScratch, type Scratch } from "@/lib/history/fixtures";
import { type DeploymentFilter, getDeployment, lastPerService, listDeployments } from "@/lib/history/queries";
import { createRecorder } from "@/lib/history/recorder";

let scratch: Scratch;
let db: OwnedDatabase;
beforeAll(async () => {
  scratch = createScratch();
  db = scratch.owner();
  const recorder = createRecorder(db, (error) => {
    throw error;
  });
  await Promise.all(RECORD.map((deployment) => recorder.save(deployment)));
});
afterAll(() => scratch.remove());

const version = (label: string) => ({
  label,
  path: `/srv/x/x_${label}.raw`,
  size: 1,
  mtimeMs: 1,
  sha256: null,
});
const RECORD: Deployment[] = [
  aDeployment(1),
  aDeployment(2, { service: "wiki", kind: "attach", from: null, by: "bob" }),
  aDeployment(3, { outcome: "reverted", message: { code: "unit-failed", params: {} }, reason: "100% sure" }),
  aDeployment(4, { service: "wiki", kind: "detach", to: null, by: "bob" }),
  aDeployment(5, { kind: "rollback", from: version("1.1.0"), to: version("1.0.0_beta") }),
  aDeployment(6, { phase: "settling", outcome: null, finishedAt: null }),
];
const numbers = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => Number(id));

describe("a list", () => {
  it.each<[string, Omit<DeploymentFilter, "limit">, number[]]>([
    ["of everything, newest first", {}, [6, 5, 4, 3, 2, 1]],
    ["of a service", { service: "wiki" }, [4, 2]],
    ["of a kind", { kind: "upgrade" }, [6, 3, 1]],
    ["of an outcome", { outcome: "succeeded" }, [5, 4, 2, 1]],
    ["of a person", { by: "bob" }, [4, 2]],
    ["of several at once", { kind: "upgrade", outcome: "succeeded" }, [1]],
    ["of a service and an outcome", { service: "startpage", outcome: "succeeded" }, [5, 1]],
    ["by part of a version, capitals or not", { text: "BETA" }, [5]],
    ["by part of a reason", { text: "sure" }, [3]],
    ["by part of a person", { text: "bo" }, [4, 2]],
    ["by a sign that means anything to LIKE", { text: "0%" }, [3]],
    ["by another such sign", { text: "0_b" }, [5]],
    ["by text within a service", { service: "startpage", text: "1.1.0" }, [6, 5, 3, 1]],
    ["by empty text", { text: "", by: "bob" }, [4, 2]],
    ["by what nothing has", { text: "no such thing" }, []],
    ["older than an id", { before: aDeployment(3).id }, [2, 1]],
  ])("%s", (_name, filter, expected) => {
    const page = listDeployments(db, { ...filter, limit: 50 });
    expect([numbers(page.rows), page.next]).toEqual([expected, null]);
  });

  it.each([1, 2, 3, 6, 7])("in pages of %i shows each deployment once", (limit) => {
    const seen: number[] = [];
    let before: string | undefined;
    for (let pages = 0; pages < 10; pages++) {
      const page = listDeployments(db, { before, limit });
      seen.push(...numbers(page.rows));
      if (page.next === null) break;
      before = page.next;
    }
    expect(seen).toEqual([6, 5, 4, 3, 2, 1]);
  });

  it("keeps its limit within bounds", () => {
    expect(listDeployments(db, { limit: -1 }).rows).toHaveLength(1);
    expect(listDeployments(db, { limit: 1e9 }).rows).toHaveLength(6);
  });

  it("gives summaries", () => {
    const {
      from,
      to,
      steps: _steps,
      log: _log,
      profile: _profile,
      location: _location,
      trialMs: _trialMs,
      batch: _batch,
      ...same
    } = aDeployment(1);
    expect(listDeployments(db, { limit: 50 }).rows.at(-1)).toEqual({
      ...same,
      from: from?.label,
      to: to?.label,
    });
  });
});

it("the last deployment of each service", () => {
  expect([...lastPerService(db)].map(([service, { id }]) => [service, Number(id)]).sort()).toEqual([
    ["startpage", 6],
    ["wiki", 4],
  ]);
});

it("what is not on record is null", () => expect(getDeployment(db, "x")).toBeNull());

describe("no list reads more rows than it shows", () => {
  const plans = (filter: DeploymentFilter) => {
    const seen: string[] = [];
    const spy: Database = {
      ...db,
      read: (work) =>
        db.read((connection) =>
          work({
            ...connection,
            all: (sql, ...values) => {
              seen.push(
                ...connection
                  .all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...values)
                  .map(({ detail }) => detail),
              );
              return connection.all(sql, ...values);
            },
          }),
        ),
    };
    listDeployments(spy, filter);
    return seen.join("\n");
  };
  it.each<[string, Omit<DeploymentFilter, "limit">]>([
    ["everything", {}],
    ["service", { service: "wiki" }],
    ["kind", { kind: "upgrade" }],
    ["outcome", { outcome: "reverted" }],
    ["person", { by: "ada" }],
    ["text", { text: "x" }],
    ["all of them", { kind: "upgrade", outcome: "reverted", by: "ada", text: "x", before: "7" }],
  ])("%s", (_name, filter) => {
    const plan = plans({ ...filter, limit: 50 });
    expect(plan).toMatch(/(SEARCH|SCAN) Deployment USING COVERING INDEX/);
    expect(plan).not.toMatch(/SCAN Deployment(?! USING COVERING)/);
  });
});
