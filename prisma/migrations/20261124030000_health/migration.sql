-- CreateTable
CREATE TABLE "HealthCheck" (
    "service" TEXT NOT NULL PRIMARY KEY,
    "settleMs" INTEGER NOT NULL,
    "probes" TEXT NOT NULL,
    "by" TEXT NOT NULL,
    "at" BIGINT NOT NULL
);

-- CreateTable
CREATE TABLE "Mark" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "service" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "deploymentId" TEXT,
    "by" TEXT NOT NULL,
    "at" BIGINT NOT NULL,
    "reason" TEXT NOT NULL,
    "liftedAt" BIGINT,
    "liftedBy" TEXT,
    "liftReason" TEXT,
    "liftDeploymentId" TEXT
);

-- CreateTable
CREATE TABLE "Freeze" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "service" TEXT NOT NULL,
    "by" TEXT NOT NULL,
    "at" BIGINT NOT NULL,
    "reason" TEXT NOT NULL,
    "until" BIGINT,
    "liftedAt" BIGINT,
    "liftedBy" TEXT,
    "liftReason" TEXT
);

-- CreateIndex
CREATE INDEX "Mark_service_id_idx" ON "Mark"("service", "id");

-- CreateIndex
CREATE INDEX "Freeze_service_id_idx" ON "Freeze"("service", "id");

-- Versions whose last try on record did not stay up are marked by it. Next to max(), SQLite takes the other columns
-- from the same row (sqlite.org/lang_select.html#bareagg).
INSERT INTO "Mark" ("id", "service", "label", "deploymentId", "by", "at", "reason")
SELECT "id", "service", "toLabel", "id", "by", coalesce("finishedAt", "requestedAt"), ''
FROM (
    SELECT max("id") AS "id", "service", "toLabel", "verdict", "by", "finishedAt", "requestedAt"
    FROM "Deployment" WHERE "verdict" IS NOT NULL GROUP BY "service", "toLabel"
)
WHERE "verdict" = 'down';
