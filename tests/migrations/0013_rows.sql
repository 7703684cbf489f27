-- Two watches of a host whose looks are in vain, and who would be told of it.
INSERT INTO watches (id, name, url, service, schedule, created_at, configured_at, next_check_at, consecutive_failures, failing_since, notify, stale_after) VALUES
    (1, 'acme-privacy', 'https://acme.test/privacy', 'Acme', 'every 1h', '2026-11-01T06:00:00.000Z', '2026-11-01T06:00:00.000Z', '2026-11-22T06:00:00.000Z', 1, '2026-11-20T06:00:00.000Z', '["desk"]', 604800),
    (2, 'acme-terms', 'https://acme.test/terms', 'Acme', 'every 1h', '2026-11-01T06:00:00.000Z', '2026-11-01T06:00:00.000Z', '2026-11-22T06:00:00.000Z', 1, '2026-11-20T06:00:00.000Z', '[]', NULL);
INSERT INTO checks (id, watch_id, recorded_at, outcome, why) VALUES
    (1, 1, '2026-11-20T06:00:00.000Z', 'unreachable', 'acme.test does not resolve; check the address or the resolver'),
    (2, 2, '2026-11-20T06:00:00.000Z', 'unreachable', 'acme.test does not resolve; check the address or the resolver');
