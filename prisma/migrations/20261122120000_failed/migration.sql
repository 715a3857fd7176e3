-- AlterEnum
ALTER TYPE "BookingStatus" ADD VALUE 'FAILED';
