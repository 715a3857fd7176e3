-- Keys that sign admissions to sites (Ed25519), as JWKs with the private half.
CREATE TABLE "gate_key" (
  "id" TEXT NOT NULL,
  "jwk" JSONB NOT NULL,
  "published_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "gate_key_pkey" PRIMARY KEY ("id")
);
