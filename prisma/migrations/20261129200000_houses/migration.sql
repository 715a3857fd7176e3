-- What seats cost and are called: categories of an event. Zones have names, plans of their rows, or are areas.
CREATE TABLE "category" (
    "event_id" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "price" INTEGER NOT NULL,
    "types" JSONB,
    "color" TEXT,

    CONSTRAINT "category_pkey" PRIMARY KEY ("event_id", "number"),
    CONSTRAINT "category_event_id_fkey" FOREIGN KEY ("event_id") REFERENCES "event" ("id") ON DELETE CASCADE
);

ALTER TABLE "zone"
    ADD COLUMN "name" TEXT,
    ADD COLUMN "category" INTEGER,
    ADD COLUMN "is_area" BOOLEAN NOT NULL DEFAULT FALSE,
    ADD COLUMN "capacity" INTEGER,
    ADD COLUMN "plan" JSONB;

ALTER TABLE "event" ADD COLUMN "accessible_until" TIMESTAMPTZ(3);

ALTER TABLE "booking" ADD COLUMN "details" JSONB;
