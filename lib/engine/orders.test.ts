import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openDatabase } from "@/lib/db";
import { createOrderBook, type OrderBook } from "@/lib/engine/orders";
import { AppError } from "@/lib/errors";
import type { Health } from "@/lib/health/types";
import { aDeployment, createScratch, MIGRATIONS, type Scratch } from "@/lib/history/fixtures";
import { createRecorder } from "@/lib/history/recorder";

let scratch: Scratch;
beforeAll(() => {
  scratch = createScratch();
});
afterAll(() => scratch.remove());

const HEALTH: Health = {
  settleMs: 9000,
  probes: [{ kind: "tcp", host: "127.0.0.1", port: 80, intervalMs: 1000, passes: 2, deadlineMs: 9000 }],
};
const fell = {
  outcome: "reverted",
  message: { code: "probe-failed", params: {} },
  finishedAt: 1_700_000_000_000,
} as const;

/** What one life of the engine wrote, and what the next one knows. */
function twoLives() {
  const db = scratch.owner();
  const open = (noted: string[] = []) =>
    createOrderBook({ db, settleMs: 5000, noted: (service) => noted.push(service) });
  return { db, first: open(), next: open };
}
const labels = (book: OrderBook) => book.marksOf("startpage").map(({ label }) => label);

describe("what is laid down for services", () => {
  it("is known to the next life of the engine, and told", () => {
    const { next } = twoLives();
    const noted: string[] = [];
    const book = next(noted);
    book.setHealth("startpage", HEALTH, "ann");
    book.mark("startpage", "1.1.0", "eats data", "ann");
    book.freeze("startpage", "holidays", null, "ann");
    expect(noted).toEqual(["startpage", "startpage", "startpage"]);
    for (const known of [book, next()]) {
      expect(known.healthOf("startpage")).toMatchObject(HEALTH);
      expect(known.marksOf("startpage")).toMatchObject([{ label: "1.1.0", by: "ann", reason: "eats data" }]);
      expect(known.freezeOf("startpage")).toMatchObject({ reason: "holidays", until: null });
      expect(known.healthOf("other")).toEqual({ settleMs: 5000, probes: [] });
    }
    book.liftMark("startpage", "1.1.0", "mended", "bob");
    book.unfreeze("startpage", "back", "bob");
    for (const known of [book, next()]) {
      expect(labels(known)).toEqual([]);
      expect(known.freezeOf("startpage")).toBeNull();
    }
  });

  it("ends a freeze at its time", () => {
    const { first } = twoLives();
    first.freeze("startpage", "until tonight", Date.now() + 1000, "ann");
    expect(first.freezeOf("startpage")).not.toBeNull();
    vi.useFakeTimers({ now: Date.now() + 1001 });
    expect(first.freezeOf("startpage")).toBeNull();
    vi.useRealTimers();
  });

  it("marks the version that was taken back, and a success lifts the mark; in memory and on record alike", async () => {
    const { db, first, next } = twoLives();
    const recorder = createRecorder(db, (error) => {
      throw error;
    });
    const deploy = async (n: number, change = {}) => {
      first.learn(aDeployment(n, change));
      await recorder.save(aDeployment(n, change));
      await recorder.save(aDeployment(n, change)); // a digest comes later: nothing is counted twice
    };
    await deploy(1, fell);
    expect([labels(first), labels(next())]).toEqual([["1.1.0"], ["1.1.0"]]);
    await deploy(2, fell);
    expect(labels(next())).toEqual(["1.1.0"]);
    first.liftMark("startpage", "1.1.0", "mended", "bob");
    await recorder.save(aDeployment(2, fell));
    expect(labels(next())).toEqual([]);
    await deploy(3, fell);
    await deploy(4);
    expect([labels(first), labels(next())]).toEqual([[], []]);
  });

  it("without a database the defaults hold, and nothing that would be lost is promised", () => {
    const quiet = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const db = openDatabase({ file: "/proc/no.db", mode: "owner", migrations: MIGRATIONS });
    const book = createOrderBook({ db, settleMs: 5000, noted: () => undefined });
    expect(book.healthOf("startpage")).toEqual({ settleMs: 5000, probes: [] });
    expect(() => book.freeze("startpage", "holidays", null, "ann")).toThrow(AppError);
    expect(book.freezeOf("startpage")).toBeNull();
    book.learn(aDeployment(1, fell));
    expect(labels(book)).toEqual(["1.1.0"]);
    quiet.mockRestore();
  });
});
