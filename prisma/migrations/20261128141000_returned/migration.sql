-- AlterEnum. By itself: a new value cannot be used in the transaction that adds it.
ALTER TYPE "BookingStatus" ADD VALUE 'RETURNED';
