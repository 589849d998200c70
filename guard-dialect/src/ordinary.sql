BEGIN
BEGIN;
COMMIT
COMMIT;
ROLLBACK
START TRANSACTION
SELECT 1
SELECT version()
SET TIME ZONE 'UTC'
SET client_encoding TO 'UTF8'
SET application_name = 'web'
SHOW transaction_isolation
SELECT abalance FROM pgbench_accounts WHERE aid = 12345;
SELECT * FROM users WHERE id = $1
SELECT * FROM users WHERE id = $1 LIMIT 1
SELECT * FROM users WHERE id = ? LIMIT 1
SELECT id, name, email FROM users WHERE email = 'someone@example.com'
SELECT u.id, u.name AS user_name, o.total FROM users u JOIN orders o ON o.user_id = u.id WHERE u.id = $1 ORDER BY o.created_at DESC LIMIT 20 OFFSET 40
SELECT "users"."id", "users"."name", "users"."email" FROM "users" WHERE "users"."id" = $1 LIMIT $2
SELECT "users"."id" AS "id", "users"."name" AS "name" FROM "public"."users" AS "users" WHERE ("users"."active" = $1 AND "users"."id" IN ($2, $3, $4)) ORDER BY "users"."id" ASC
SELECT `users`.`id`, `users`.`name`, `users`.`email` FROM `users` WHERE `users`.`id` = 1 LIMIT 1
SELECT `id`, `name` AS `name` FROM `users` AS `User` WHERE `User`.`id` = ?
SELECT count(*) FROM orders WHERE status = 'open' AND created_at > now() - interval '1 day'
SELECT COUNT(*) AS total, sum(amount) FROM payments GROUP BY customer_id HAVING COUNT(*) > 5
SELECT EXISTS (SELECT 1 FROM sessions WHERE token = $1)
SELECT id FROM jobs WHERE state = 'ready' ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1
SELECT a FROM t WHERE b IN (1, 2, 3) AND c IS NOT NULL AND d LIKE 'x%' OR e BETWEEN 1 AND 10
INSERT INTO users (name, email) VALUES ($1, $2)
INSERT INTO users (name, email, created_at) VALUES ('a', 'b', now()) RETURNING id
INSERT INTO "users" ("name", "email") VALUES ($1, $2) RETURNING "users"."id"
INSERT INTO `users` (`name`, `email`) VALUES (?, ?)
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 2, 3, -4, CURRENT_TIMESTAMP);
INSERT INTO counters (key, value) VALUES ($1, 1) ON CONFLICT (key) DO UPDATE SET value = counters.value + 1
UPDATE pgbench_accounts SET abalance = abalance + -2 WHERE aid = 12345;
UPDATE users SET name = $1, updated_at = now() WHERE id = $2
UPDATE "users" SET "name" = $1, "updated_at" = $2 WHERE "users"."id" = $3
UPDATE `users` SET `name` = ?, `updated_at` = ? WHERE `id` = ?
UPDATE accounts SET balance = balance - 10.5 WHERE id = 7 AND balance >= 10.5
DELETE FROM sessions WHERE id = $1
DELETE FROM sessions WHERE expires_at < now()
DELETE FROM "sessions" WHERE "sessions"."id" = $1
