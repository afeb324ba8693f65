-- AlterTable
ALTER TABLE "Deployment" ADD COLUMN "batch" TEXT;

-- CreateIndex
CREATE INDEX "Deployment_batch_id_idx" ON "Deployment"("batch", "id");
