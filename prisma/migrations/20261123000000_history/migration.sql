-- CreateTable
CREATE TABLE "Deployment" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "service" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "fromLabel" TEXT,
    "fromPath" TEXT,
    "fromSize" BIGINT,
    "fromMtimeMs" REAL,
    "fromSha256" TEXT,
    "toLabel" TEXT,
    "toPath" TEXT,
    "toSize" BIGINT,
    "toMtimeMs" REAL,
    "toSha256" TEXT,
    "profile" TEXT,
    "location" TEXT,
    "by" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "requestedAt" BIGINT NOT NULL,
    "startedAt" BIGINT,
    "finishedAt" BIGINT,
    "startsAt" BIGINT,
    "phase" TEXT NOT NULL,
    "outcome" TEXT,
    "message" TEXT,
    "verdict" TEXT,
    "log" TEXT NOT NULL
);

-- CreateTable
CREATE TABLE "Step" (
    "deploymentId" TEXT NOT NULL,
    "seq" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "direction" TEXT NOT NULL,
    "params" TEXT NOT NULL,
    "startedAt" BIGINT NOT NULL,
    "durationMs" BIGINT,
    "outcome" TEXT NOT NULL,
    "message" TEXT,

    PRIMARY KEY ("deploymentId", "seq"),
    CONSTRAINT "Step_deploymentId_fkey" FOREIGN KEY ("deploymentId") REFERENCES "Deployment" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "Inspection" (
    "path" TEXT NOT NULL PRIMARY KEY,
    "dev" BIGINT NOT NULL,
    "ino" BIGINT NOT NULL,
    "size" BIGINT NOT NULL,
    "mtimeMs" REAL NOT NULL,
    "at" BIGINT NOT NULL,
    "facts" TEXT,
    "problem" TEXT,
    "osRelease" TEXT NOT NULL,
    "unitTexts" TEXT NOT NULL
);

-- CreateIndex
CREATE INDEX "Deployment_service_id_verdict_fromLabel_toLabel_idx" ON "Deployment"("service", "id", "verdict", "fromLabel", "toLabel");

-- CreateIndex
CREATE INDEX "Deployment_kind_id_idx" ON "Deployment"("kind", "id");

-- CreateIndex
CREATE INDEX "Deployment_outcome_id_idx" ON "Deployment"("outcome", "id");

-- CreateIndex
CREATE INDEX "Deployment_by_id_idx" ON "Deployment"("by", "id");

-- CreateIndex
CREATE INDEX "Deployment_phase_idx" ON "Deployment"("phase");

-- CreateIndex
CREATE INDEX "Deployment_search_idx" ON "Deployment"("id", "service", "kind", "outcome", "by", "fromLabel", "toLabel", "reason");

-- CreateIndex
CREATE INDEX "Inspection_at_idx" ON "Inspection"("at");

