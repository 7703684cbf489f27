-- A store of schema 9: a watch whose headers were changed after its last look, and one that is
-- asked for as usual.
INSERT INTO watches (id, name, url, service, schedule, created_at, configured_at, next_check_at, consecutive_failures, asked_as, asked_so_since) VALUES
    (1, 'acme-privacy', 'https://acme.test/privacy', 'Acme', 'every 1h', '2026-11-01T06:00:00.000Z', '2026-11-01T06:00:00.000Z', '2026-11-22T06:00:00.000Z', 0, '03af', '2026-11-20T06:00:00.000Z'),
    (2, 'usual', 'https://acme.test/terms', 'Acme', 'every 1h', '2026-11-01T06:00:00.000Z', '2026-11-01T06:00:00.000Z', '2026-11-22T06:00:00.000Z', 0, '', NULL);
