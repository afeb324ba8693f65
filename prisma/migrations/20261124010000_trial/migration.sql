-- AlterTable
ALTER TABLE "Deployment" ADD COLUMN "trialMs" BIGINT;
