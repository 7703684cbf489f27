-- A store with moves that a configuration ended: one address was replaced, one page taken out.
INSERT INTO watches (id, name, url, service, schedule, created_at, configured_at, next_check_at, consecutive_failures) VALUES
    (1, 'acme-privacy', 'https://acme.test/legal/privacy', 'Acme', 'every 1h', '2026-11-01T06:00:00.000Z', '2026-11-01T06:00:00.000Z', '2026-11-22T06:00:00.000Z', 0);
INSERT INTO checks (id, watch_id, recorded_at, outcome, why) VALUES
    (1, 1, '2026-11-01T06:00:00.000Z', 'unreadable', 'not_found: status 404');
INSERT INTO moves (id, watch_id, check_id, found_at, configured, url, way, alike, state) VALUES
    (1, 1, 1, '2026-11-02T06:00:00.000Z', 'https://acme.test/privacy', 'https://acme.test/legal/privacy', 'link', 0.99, 'followed'),
    (2, 1, 1, '2026-11-02T06:00:00.000Z', 'https://acme.test/cookies', 'https://acme.test/legal/cookies', 'link', 0.5, 'proposed');
INSERT INTO move_ends (id, watch_id, ended_at, configured, url) VALUES
    (1, 1, '2026-11-03T06:00:00.000Z', 'https://acme.test/privacy', 'https://acme.test/legal/privacy'),
    (2, 1, '2026-11-04T06:00:00.000Z', 'https://acme.test/cookies', NULL);
