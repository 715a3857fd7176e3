-- The demonstration has 10,000 users: those that an outside identity provider knows get numbers beyond.
SELECT setval('app_user_id_seq', GREATEST((SELECT last_value FROM "app_user_id_seq") + 1, 10001), false);
