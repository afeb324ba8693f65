#!/usr/bin/env node
/**
 * Prisma's command line hands all work on schemas and migrations to a native
 * program that it downloads. This script takes that program's place (see
 * prisma.config.ts): it speaks the same JSON-RPC on stdin and stdout and lets
 * the WASM build of the same engine, an npm package of the same release, do the
 * work over better-sqlite3. Only development uses it; the engine of Attaché
 * applies migrations by itself.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import * as wasm from "@prisma/schema-engine-wasm/schema_engine_bg";
import Sqlite from "better-sqlite3";

const MEMORY = ":memory:";
const argv = process.argv.slice(2);
const file = databaseFile();

if (argv.includes("--version")) {
  process.stdout.write("schema-engine-cli wasm\n");
} else if (argv.includes("cli")) {
  process.exitCode = runCommand(argv[argv.indexOf("cli") + 1]);
} else {
  await serve();
}

/** The path behind `--datasource`, which is JSON, or JSON in base64. */
function databaseFile() {
  const given = after("--datasource")[0];
  if (given === undefined) return MEMORY;
  const json = given.trimStart().startsWith("{") ? given : Buffer.from(given, "base64").toString();
  const url = JSON.parse(json).url ?? "";
  const found = url.replace(/^file:/, "").replace(/\?.*$/, "");
  if (found === "" || found === MEMORY) return MEMORY;
  mkdirSync(path.dirname(path.resolve(found)), { recursive: true });
  return found;
}

function after(option) {
  return argv.flatMap((word, at) => (word === option && argv[at + 1] !== undefined ? [argv[at + 1]] : []));
}

/** One-shot commands, answered by the exit code. */
function runCommand(name) {
  switch (name) {
    case "can-connect-to-database":
      if (existsSync(file)) return 0;
      complain(`Database ${file} does not exist`, {
        error_code: "P1003",
        meta: { database_name: path.basename(file) },
      });
      return 1;
    case "create-database":
      new Sqlite(file).close();
      return 0;
    case "drop-database":
      for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(file + suffix, { force: true });
      return 0;
    default:
      complain(`Unknown command ${name}`);
      return 1;
  }
}

/** Prisma skips the first line of stderr and believes lines of this target only. */
function complain(message, more = {}) {
  const fields = { message, is_panic: false, ...more };
  const line = {
    timestamp: new Date().toISOString(),
    level: "ERROR",
    target: "schema_engine::logger",
    fields,
  };
  process.stderr.write(`\n${JSON.stringify(line)}\n`);
}

/** Answers requests, one at a time and in order, until stdin ends. */
async function serve() {
  await loadWasm();
  let printed = 0;
  const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const request = line.trim() === "" ? {} : JSON.parse(line);
    if (request.method === undefined) continue; // the reply to something we printed
    try {
      const result = (await answer(request.method, request.params)) ?? null;
      // The native program prints a diff by a request of its own, before it answers.
      if (request.method === "diff" && result?.stdout != null) {
        printed += 1;
        send({ id: printed, method: "print", params: { content: result.stdout.replace(/\n$/, "") } });
      }
      send({ id: request.id, result });
    } catch (error) {
      const data = {
        is_panic: false,
        message: error?.message ?? String(error),
        meta: error?.meta ?? null,
        error_code: error?.code ?? null,
      };
      send({ id: request.id, error: { code: 4466, message: "The schema engine failed.", data } });
    }
  }
}

async function loadWasm() {
  const here = path.dirname(
    fileURLToPath(import.meta.resolve("@prisma/schema-engine-wasm/schema_engine_bg")),
  );
  globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => complain(message, { is_panic: true }) };
  const bytes = readFileSync(path.join(here, "schema_engine_bg.wasm"));
  const { instance } = await WebAssembly.instantiate(bytes, { "./schema_engine_bg.js": wasm });
  wasm.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
}

async function answer(method, params) {
  switch (method) {
    case "reset":
      return dropEverything(); // the WASM engine reports success and drops nothing
    case "createDatabase":
      return { databaseName: path.basename(file) };
    case "getDatabaseVersion":
      return callEngine("version", params);
    case "devDiagnostic":
    case "diagnoseMigrationHistory":
    case "applyMigrations":
      createBookkeeping();
      return callEngine(method, params);
    default:
      return callEngine(method, params);
  }
}

/**
 * A new engine for each call, because one can use its shadow database only
 * once. Two calls need that database and do not open it: `devDiagnostic` does.
 * Connections are closed afterwards, or the next call finds the file locked.
 */
async function callEngine(method, params) {
  const models = after("--datamodels").map((name) => [name, readFileSync(name, "utf8")]);
  const factory = createFactory();
  const datamodels = models.length > 0 ? models : undefined;
  const engine = await wasm.SchemaEngine.new(
    { datamodels },
    () => {},
    bindMigrationAwareSqlAdapterFactory(factory),
  );
  try {
    if (method === "evaluateDataLoss" || method === "createMigration")
      await engine.devDiagnostic({ migrationsList: params.migrationsList, filters: params.filters });
    return await engine[method](params);
  } finally {
    engine.free();
    await factory.closeAll();
  }
}

/** The engine sends whole scripts where better-sqlite3 prepares a single statement: those without arguments run as scripts. */
function createFactory() {
  const factory = new PrismaBetterSqlite3({ url: file }, { shadowDatabaseUrl: MEMORY });
  const opened = [];
  const acceptScripts = (adapter) => {
    opened.push(adapter);
    const executeOne = adapter.executeRaw.bind(adapter);
    adapter.executeRaw = async (query) => {
      if (query.args?.length > 0) return executeOne(query);
      await adapter.executeScript(query.sql);
      return 0;
    };
    return adapter;
  };
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => acceptScripts(await factory.connect()),
    connectToShadowDb: async () => acceptScripts(await factory.connectToShadowDb()),
    async closeAll() {
      for (const adapter of opened) if (adapter.client.open) await adapter.dispose();
    },
  };
}

/** On a database without this table the engine fails (P1014) instead of finding that no migration was applied. */
function createBookkeeping() {
  if (file === MEMORY || !existsSync(file)) return;
  withDatabase((database) => {
    if (tables(database).length > 0) return;
    database.exec(`CREATE TABLE "_prisma_migrations" (
      "id" TEXT PRIMARY KEY NOT NULL,
      "checksum" TEXT NOT NULL,
      "finished_at" DATETIME,
      "migration_name" TEXT NOT NULL,
      "logs" TEXT,
      "rolled_back_at" DATETIME,
      "started_at" DATETIME NOT NULL DEFAULT current_timestamp,
      "applied_steps_count" INTEGER UNSIGNED NOT NULL DEFAULT 0
    )`);
  });
}

function dropEverything() {
  withDatabase((database) => {
    database.pragma("foreign_keys = OFF");
    for (const { type, name } of tables(database))
      database.exec(`DROP ${type} "${name.replaceAll('"', '""')}"`);
  });
  return null;
}

/** Views first: they refer to tables. */
function tables(database) {
  const sql =
    "SELECT type, name FROM sqlite_master WHERE type IN ('view', 'table') AND name NOT LIKE 'sqlite_%' ORDER BY type DESC";
  return database.prepare(sql).all();
}

function withDatabase(work) {
  const database = new Sqlite(file);
  try {
    work(database);
  } finally {
    database.close();
  }
}
