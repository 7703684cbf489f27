-- Rows as policywatch of schema 7 writes them: a made-up policy that has not been seen for
-- long, which was told, and the first period of statements.

INSERT INTO watches (id, name, url, service, schedule, created_at, configured_at, retired_at, next_check_at, last_success_at, consecutive_failures, failing_since) VALUES
    (1, 'acme-privacy', 'https://acme.test/privacy', 'Acme', 'every 1d', '2026-11-01T06:00:00.000Z', '2026-11-01T06:00:00.000Z', NULL, '2026-11-10T06:00:00.000Z', NULL, 9, '2026-11-01T06:00:01.000Z');

INSERT INTO checks (id, watch_id, recorded_at, outcome, why, note, page, whole_id) VALUES
    (1, 1, '2026-11-01T06:00:01.000Z', 'unreachable', 'acme.test:443 refuses the connection', NULL, NULL, NULL),
    (2, 1, '2026-11-08T06:00:01.000Z', 'unreachable', 'acme.test:443 refuses the connection', NULL, NULL, NULL);

INSERT INTO silences (check_id, watch_id, since, ended_by) VALUES (2, 1, '2026-11-01T06:00:01.000Z', NULL);

INSERT INTO deliveries (number, id, check_id, watch_id, channel, created_at, state, attempts, due_at, last_error, delivered_at, body) VALUES
    (1, 'msg_3f1c0b6d2a894e57bb60d9a1c7e5f204', NULL, 1, 'press', '2026-11-08T06:00:01.000Z', 'pending', 0, '2026-11-08T06:00:01.000Z', NULL, NULL, '{"type":"policy.unseen"}');

INSERT INTO statements (to_at, from_at) VALUES ('2026-11-01T06:00:00.000Z', '2026-11-01T06:00:00.000Z');
