-- Lists of orders by status, the newest first, where few have it.
CREATE INDEX "orders_by_status" ON "orders"("status", "created_at", "id");
