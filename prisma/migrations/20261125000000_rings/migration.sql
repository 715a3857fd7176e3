-- AlterTable
ALTER TABLE "event" ADD COLUMN     "rings" JSONB;
