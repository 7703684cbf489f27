-- A store of schema 9: a change that two archives were asked to capture, one of which has it, and a
-- page that an archive saw move.
INSERT INTO watches (id, name, url, service, schedule, created_at, configured_at, next_check_at, consecutive_failures) VALUES
    (1, 'acme-privacy', 'https://acme.test/privacy', 'Acme', 'every 1h', '2026-11-01T06:00:00.000Z', '2026-11-01T06:00:00.000Z', '2026-11-22T06:00:00.000Z', 0);
INSERT INTO checks (id, watch_id, recorded_at, outcome) VALUES
    (1, 1, '2026-11-20T06:00:00.000Z', 'unmodified');
INSERT INTO errands (id, watch_id, check_id, kind, archive, url, created_at, state, due_at, attempts, job, result) VALUES
    (1, 1, 1, 'save', 'wayback', 'https://acme.test/privacy', '2026-11-20T06:00:00.000Z', 'done', '2026-11-20T06:00:00.000Z', 2, NULL, 'captured at 20261120060100'),
    (2, 1, 1, 'look', 'wayback', 'https://acme.test/privacy', '2026-11-20T06:02:00.000Z', 'done', '2026-11-20T07:02:00.000Z', 1, '20261120060100', 'its index lists the capture'),
    (3, 1, 1, 'save', 'own', 'https://acme.test/privacy', '2026-11-20T06:00:00.000Z', 'given_up', '2026-11-20T06:00:00.000Z', 12, NULL, 'it refuses the connection');
INSERT INTO listings (id, archive, url) VALUES (1, 'https://web.archive.test', 'https://acme.test/privacy');
INSERT INTO traces (listing_id, since, kind, target, memento, alike) VALUES
    (1, '2024-05-01T00:00:00.000Z', 'moved', 'https://acme.test/legal/privacy', 'https://web.archive.test/web/20240501000000id_/https://acme.test/privacy', 0.98);
