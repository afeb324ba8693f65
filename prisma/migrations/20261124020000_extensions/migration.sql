-- AlterTable
ALTER TABLE "Deployment" ADD COLUMN "fromExtensions" TEXT;
ALTER TABLE "Deployment" ADD COLUMN "toExtensions" TEXT;
