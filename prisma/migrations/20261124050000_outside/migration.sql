-- AlterTable
ALTER TABLE "Deployment" ADD COLUMN "origin" TEXT NOT NULL DEFAULT 'attache';

-- CreateTable
CREATE TABLE "Deployed" (
    "service" TEXT NOT NULL PRIMARY KEY,
    "at" BIGINT NOT NULL,
    "drift" TEXT,
    "deployed" TEXT,
    "seen" TEXT
);
