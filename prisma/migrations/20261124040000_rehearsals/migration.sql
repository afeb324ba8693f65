-- CreateTable
CREATE TABLE "Rehearsal" (
    "path" TEXT NOT NULL PRIMARY KEY,
    "dev" BIGINT NOT NULL,
    "ino" BIGINT NOT NULL,
    "size" BIGINT NOT NULL,
    "mtimeMs" REAL NOT NULL,
    "key" TEXT NOT NULL,
    "at" BIGINT NOT NULL,
    "verdict" TEXT NOT NULL,
    "problem" TEXT
);

