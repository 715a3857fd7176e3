-- A shop's own customer: the name that the shop gives, and a number beyond those of users. Null: a user, or forgotten.
ALTER TABLE "app_user" ADD COLUMN "buyer" TEXT;
CREATE UNIQUE INDEX "app_user_buyer_key" ON "app_user"("buyer");
CREATE SEQUENCE "buyer_number" AS INTEGER MINVALUE 1000000000 START 1000000000;
