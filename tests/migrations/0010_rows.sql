-- A store of schema 10: a page that kept us out twice; the archive was asked the first time, and
-- was too busy the second time.
INSERT INTO watches (id, name, url, service, schedule, created_at, configured_at, next_check_at, consecutive_failures, failing_since) VALUES
    (1, 'acme-privacy', 'https://acme.test/privacy', 'Acme', 'every 1h', '2026-11-01T06:00:00.000Z', '2026-11-01T06:00:00.000Z', '2026-11-22T06:00:00.000Z', 2, '2026-11-01T06:00:00.000Z');
INSERT INTO checks (id, watch_id, recorded_at, outcome, why) VALUES
    (1, 1, '2026-11-01T06:00:00.000Z', 'unreadable', 'bot_wall: status 403'),
    (2, 1, '2026-11-02T06:00:00.000Z', 'unreadable', 'bot_wall: status 403');
INSERT INTO attempts (check_id, position, rung, outcome, why, kind) VALUES
    (1, 1, 'plain', 'unreadable', 'bot_wall: status 403', NULL),
    (1, 2, 'archive', 'unreachable', 'the archive holds no capture', 'not_archived'),
    (2, 1, 'plain', 'unreadable', 'bot_wall: status 403', NULL),
    (2, 2, 'archive', 'unreachable', 'not asked: others ask it now', 'archive_busy');
