-- DropIndex
DROP INDEX "booking_to_release";
