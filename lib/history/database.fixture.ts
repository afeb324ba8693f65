import { writeSync } from "node:fs";
import { openDatabase } from "@/lib/db";
import { aDeployment } from "@/lib/history/fixtures";
import { listDeployments } from "@/lib/history/queries";
import { createRecorder } from "@/lib/history/recorder";

/*
 * For tests only: a process of its own that owns the database, or that reads
 * it as somebody else. It prints one line of JSON for each thing it did.
 *
 *   database.fixture.ts owner FILE MIGRATIONS     saves deployments until it is killed
 *   database.fixture.ts reader FILE UID GID       prints what it sees, again for each line of input
 */
const [role, file = "", third = "", fourth = ""] = process.argv.slice(2);
const print = (line: unknown) => writeSync(1, `${JSON.stringify(line)}\n`);

if (role === "owner") void own();
if (role === "reader") read();

async function own(): Promise<void> {
  const recorder = createRecorder(openDatabase({ file, mode: "owner", migrations: third }), (error) =>
    print(String(error)),
  );
  for (let n = 1; ; n++) {
    await recorder.save(aDeployment(n));
    print(n);
  }
}

function read(): void {
  if (process.getuid?.() === 0) {
    process.setgroups?.([Number(fourth)]);
    process.setgid?.(Number(fourth));
    process.setuid?.(Number(third));
  }
  const db = openDatabase({ file, mode: "reader" });
  const look = () => {
    const problem = db.problem();
    return problem ? problem.params.problem : Number(listDeployments(db, { limit: 1 }).rows[0]?.id ?? 0);
  };
  print(look());
  process.stdin.on("data", () => print(look()));
}
